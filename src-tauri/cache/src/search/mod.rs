//! Full-text search over everything cached.

pub(crate) mod filter;
mod find;
mod matcher;
pub(crate) mod query;
pub(crate) mod size;
mod snippet;
pub(crate) mod suggest;
pub(crate) mod tokens;

#[cfg(test)]
pub(crate) use find::Reach;
