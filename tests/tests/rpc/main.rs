//! gRPC, gRPC-Web in both formats and Connect, byte by byte, over the versions
//! of HTTP they have.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod caller;
mod compression;
mod cors;
mod get;
mod health;
mod metadata;
mod patterns;
mod proto;
mod refusals;
mod told;
