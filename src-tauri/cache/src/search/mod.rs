//! Full-text search over everything cached.

pub(crate) mod facets;
pub(crate) mod filter;
mod find;
pub(crate) mod indexed;
mod matcher;
pub(crate) mod place;
pub(crate) mod query;
pub(crate) mod size;
mod snippet;
pub(crate) mod suggest;
pub(crate) mod tokens;

#[cfg(test)]
pub(crate) use find::Reach;
