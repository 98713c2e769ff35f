//! Compiled components: made anew, or mapped from where they are kept by the
//! digest of their bytes and the engine's compatibility hash.
//!
//! Loading compiled code is `unsafe` in wasmtime since the bytes become machine
//! code: this module alone does it, from memory that the compiler has just
//! filled, or from a folder that is the user's own (mode 0700): from an open
//! descriptor whose checksum was verified, which is what is mapped.

#![expect(unsafe_code, reason = "loading compiled code; see the module's doc")]

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::{ptr, slice};

use rustix::io::Errno;
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};
use wasmtime::Engine;
use wasmtime::component::Component;
use xxhash_rust::xxh3::xxh3_128;

use crate::cache::{Cache, Digest, checksum_path, touch};
use crate::compile::{CompileError, Compiling};

/// Maps what was compiled of the component with that digest, if it is kept and
/// whole. Blocking.
pub(crate) fn kept(engine: &Engine, cache: Option<&Cache>, digest: &Digest) -> Option<Component> {
    let path = cache?.path(engine, digest);
    let component = map(engine, &path)?;
    tracing::debug!(path = %path.display(), "mapped the compiled component");
    Some(component)
}

/// Compiles a component, and keeps what comes of it. Blocking.
///
/// # Errors
/// When the component does not validate or compile, or not within its limits.
pub(crate) fn compiled(
    engine: &Engine,
    cache: Option<&Cache>,
    compiling: &Compiling,
    digest: &Digest,
    bytes: &[u8],
) -> Result<Component, CompileError> {
    let artefact = compiling.compile(engine, bytes)?;
    if let Some(cache) = cache {
        let path = cache.path(engine, digest);
        match cache.store(&path, &artefact) {
            // From the file, whose pages the system can drop and read again.
            Ok(()) => {
                if let Some(component) = map(engine, &path) {
                    return Ok(component);
                }
            }
            Err(error) => {
                tracing::warn!(%error, path = %path.display(), "the compiled component was not kept");
            }
        }
    }
    // SAFETY: these bytes are what wasmtime's own compiler made of the component
    // just now: in this process, or in a child that the host's owner named for
    // it, which wrote them to a pipe that nobody else has. They were in memory
    // alone since. The engine refuses what was compiled with other settings.
    unsafe { Component::deserialize(engine, &artefact) }
        .map_err(|e| CompileError::Component(format!("{e:#}")))
}

/// The artefact at `path`, if it is there and whole. Anything else is as good
/// as absent: it is compiled and written anew.
fn map(engine: &Engine, path: &Path) -> Option<Component> {
    let file = File::open(path).ok()?;
    let expected = fs::read(checksum_path(path)).ok()?;
    if !verified(&file, &expected) {
        tracing::warn!(path = %path.display(), "the compiled component is damaged; compiling it anew");
        return None;
    }
    if let Err(error) = touch(&file) {
        tracing::debug!(%error, path = %path.display(), "the use of a compiled component was not noted");
    }
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    // SAFETY: the file was written by `Cache::store` of this user in a folder of mode
    // 0700, its checksum was just verified on this very descriptor, and files
    // here are replaced by rename only, never written in place.
    match unsafe { Component::deserialize_file(engine, descriptor) } {
        Ok(component) => Some(component),
        Err(error) => {
            tracing::debug!(%error, path = %path.display(), "the compiled component does not fit this engine");
            None
        }
    }
}

fn verified(file: &File, expected: &[u8]) -> bool {
    checksum(file).is_ok_and(|found| found.to_be_bytes()[..] == *expected)
}

/// Maps the file, since copying it takes longer than the checksum.
fn checksum(file: &File) -> io::Result<u128> {
    let length = usize::try_from(file.metadata()?.len()).map_err(io::Error::other)?;
    // SAFETY: the mapping is new, of the length of the file, and unmapped after
    // its last use. That nobody writes to the file meanwhile is said in `map`.
    unsafe {
        let memory = mmap(
            ptr::null_mut(),
            length,
            ProtFlags::READ,
            MapFlags::PRIVATE,
            file,
            0,
        )?;
        // What a disk cannot read is an error here, and would be a signal below.
        let readable = match madvise(memory, length, Advice::LinuxPopulateRead) {
            // Before Linux 5.14.
            Err(Errno::INVAL) => Ok(()),
            populated => populated,
        };
        let checksum = readable.map(|()| xxh3_128(slice::from_raw_parts(memory.cast(), length)));
        munmap(memory, length)?;
        Ok(checksum?)
    }
}
