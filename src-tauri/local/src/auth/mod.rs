//! Auth: keys, tokens, users and their sessions.

mod admin;
mod call;
mod change;
mod error;
mod factor;
mod flow;
pub mod keys;
mod mfa;
mod oauth;
mod password;
mod pending;
mod qr;
mod routes;
pub(crate) mod session;
mod sign_in;
pub mod token;
pub mod totp;
pub(crate) mod user;

pub use error::AuthError;
pub(crate) use routes::routes;
pub use session::Session;
pub use token::{Claims, Role, TokenError};
