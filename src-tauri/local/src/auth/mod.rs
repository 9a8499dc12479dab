//! Auth: keys, tokens, users and their sessions.

mod admin;
mod call;
mod error;
pub mod keys;
mod oauth;
mod password;
mod pending;
mod routes;
pub(crate) mod session;
mod sign_in;
pub mod token;
pub(crate) mod user;

pub use error::AuthError;
pub(crate) use routes::routes;
pub use session::Session;
pub use token::{Claims, Role, TokenError};
