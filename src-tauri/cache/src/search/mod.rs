//! Full-text search over everything cached.

pub(crate) mod query;
pub(crate) mod size;
pub(crate) mod tokens;

mod find;
