//! The author's WIT inside the component: types keep neither docs nor tags nor
//! field numbers, so the source itself travels with the code.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use ostler_wit::Package;
use ostler_wit::section::{self, Section};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// Numbers of fields and enum cases, kept beside the WIT.
const LOCK: &str = "ostler.lock";

/// The custom section, which the linker carries into the module.
pub(crate) fn section(package: &Package, folder: &Path) -> Result<TokenStream> {
    let bytes = section::encode(&Section {
        wit: package.files().clone(),
        lock: read_lock(folder)?,
    });
    let name = section::NAME;
    let length = bytes.len();
    let bytes = Literal::byte_string(&bytes);
    Ok(quote! {
        #[cfg(target_arch = "wasm32")]
        #[unsafe(link_section = #name)]
        #[used]
        static CONTRACT: [u8; #length] = *#bytes;
    })
}

fn read_lock(folder: &Path) -> Result<Option<String>> {
    match fs::read_to_string(folder.join(LOCK)) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{LOCK} beside the WIT")),
    }
}

/// Mentions every file, so that a change of one compiles the service again.
/// NB: a new file is not seen before something else changes; this ends when
/// `proc_macro::tracked_path` is stable.
pub(crate) fn tracked(package: &Package, folder: &Path) -> TokenStream {
    let mut files: Vec<PathBuf> = package
        .files()
        .keys()
        .map(|file| folder.join(file))
        .collect();
    files.push(folder.join(LOCK));
    files
        .iter()
        .filter(|file| file.is_file())
        .filter_map(|file| file.to_str())
        .map(|file| {
            quote!(
                const _: &[u8] = include_bytes!(#file);
            )
        })
        .collect()
}
