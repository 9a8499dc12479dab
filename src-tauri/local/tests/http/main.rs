//! REST, Auth and the local workspace over real HTTP.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::too_many_lines,
    missing_docs
)]

mod auth;
mod codes;
mod policies;
mod providers;
mod rest;
mod rest_errors;
mod server;
mod storage;
mod support;
mod workspace;
