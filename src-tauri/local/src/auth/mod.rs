//! Auth: keys, tokens, users and their sessions.

pub mod keys;
pub mod token;

pub use token::{Claims, Role, TokenError};
