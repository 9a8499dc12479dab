//! Full-text search over everything cached.

mod find;
mod matcher;
pub(crate) mod query;
pub(crate) mod size;
mod snippet;
pub(crate) mod tokens;
