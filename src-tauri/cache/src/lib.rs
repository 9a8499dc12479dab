//! The encrypted offline cache.
