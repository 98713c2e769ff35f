//! What tonic and connectrpc generate from the contracts. Neither is given a
//! `protoc`: protox reads the files.

use std::path::PathBuf;

use anyhow::{Context, Result};
use prost::Message as _;

const FOLDER: &str = "proto";
const USERS: &str = "users.proto";
const LOAD: &str = "load.proto";

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let files = protox::compile([USERS, LOAD], [FOLDER])?;
    let out = std::env::var_os("OUT_DIR").context("cargo sets OUT_DIR")?;
    let descriptors = PathBuf::from(out).join("descriptors.bin");
    std::fs::write(&descriptors, files.encode_to_vec())?;
    tonic_prost_build::configure()
        .build_client(false)
        .compile_fds(files)?;
    connectrpc_build::Config::new()
        .descriptor_set(descriptors)
        .files(&[USERS])
        .generate_json(false)
        .gate_client_feature(true)
        .include_file("connectrpc.rs")
        .compile()
}
