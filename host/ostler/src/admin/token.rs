//! The secret of the admin API, in a file that only its owner can read.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// The bits that let others read or change a file.
const OTHERS: u32 = 0o077;
/// Bytes of chance in a token.
const CHANCE: usize = 32;
/// Fewer characters could be guessed.
const MIN: usize = 16;

/// What every request of the admin API must carry.
#[derive(Clone)]
pub struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

impl Token {
    /// The token in this file; a new one where there is no file.
    ///
    /// # Errors
    /// Naming the file: it cannot be made, or others can read it.
    pub fn load_or_create(path: &Path) -> io::Result<Self> {
        match Self::load(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::create(path),
            loaded => loaded,
        }
    }

    /// The token in this file.
    ///
    /// # Errors
    /// Naming the file: it cannot be read, others can read it, or it is too
    /// short to be a secret.
    pub fn load(path: &Path) -> io::Result<Self> {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        let mut file = File::open(path).map_err(named)?;
        let mode = file.metadata().map_err(named)?.permissions().mode();
        if mode & OTHERS != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                format!(
                    "{path}: others can read this token (mode {mode:o}); chmod 600 {path}",
                    path = path.display(),
                    mode = mode & 0o777
                ),
            ));
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(named)?;
        let token = text.trim();
        if token.len() < MIN || !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{}: a token has at least {MIN} visible ASCII characters on one line; remove \
                     the file, and the host makes a new one",
                    path.display()
                ),
            ));
        }
        Ok(Self(token.to_owned()))
    }

    fn create(path: &Path) -> io::Result<Self> {
        let named = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(named)?;
        }
        let mut chance = [0; CHANCE];
        File::open("/dev/urandom")?.read_exact(&mut chance)?;
        let token: String = chance.iter().map(|byte| format!("{byte:02x}")).collect();
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path);
        match made {
            Ok(mut file) => writeln!(file, "{token}").map_err(named)?,
            // Another host was faster: its token is the one.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => return Self::load(path),
            Err(e) => return Err(named(e)),
        }
        Ok(Self(token))
    }

    /// Whether `given` is the token; takes as long whatever is wrong with it.
    pub(super) fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let differ = |(own, given): (&u8, &u8)| own ^ given;
        let difference = own.iter().zip(given).map(differ).fold(0, |all, d| all | d);
        own.len() == given.len() && difference == 0
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// `$XDG_STATE_HOME/ostler/admin-token`, else below `~/.local/state`.
pub fn default_path() -> Option<PathBuf> {
    let absolute = |name| {
        std::env::var_os(name)
            .map(PathBuf::from)
            .filter(|p| p.is_absolute())
    };
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))
        .map(|folder| folder.join("ostler/admin-token"))
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    #[test]
    fn a_token_is_made_once_and_kept_from_others() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/token");
        let made = Token::load_or_create(&path).unwrap();
        assert_eq!(made.text().len(), 2 * CHANCE);
        let again = Token::load_or_create(&path).unwrap();
        assert!(again.is(made.text()));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for wrong in ["", "x", &made.text()[1..], &format!("{}0", made.text())] {
            assert!(!made.is(wrong), "{wrong}");
        }
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        let refused = Token::load(&path).unwrap_err();
        assert!(refused.to_string().contains("chmod 600"), "{refused}");
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, "short\n").unwrap();
        let refused = Token::load(&path).unwrap_err();
        assert!(refused.to_string().contains("at least 16"), "{refused}");
    }
}
