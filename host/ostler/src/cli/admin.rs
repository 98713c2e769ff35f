//! Reaching the admin API of a host.

use std::path::PathBuf;

use ostler::admin::{AdminError, Client, Token, default_token_path};

use super::exit::{Class, Failure};

/// Which host is told what to do.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    /// Where the host's admin API listens (`server.admin`).
    #[arg(
        long,
        env = "OSTLER_ADMIN",
        value_name = "URL",
        default_value = "http://127.0.0.1:9090"
    )]
    admin: String,

    /// The file of its token (default: the user's own, as for the host).
    #[arg(long, env = "OSTLER_ADMIN_TOKEN", value_name = "FILE")]
    token: Option<PathBuf>,
}

impl Target {
    /// The host whose admin API is at this URL.
    pub(super) fn new(admin: String, token: Option<PathBuf>) -> Self {
        Self { admin, token }
    }

    /// A client with the token.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        let path = self.token.clone().or_else(default_token_path);
        let path = path.ok_or_else(|| {
            Failure::usage("--token FILE is needed: this user has no home to look for one in")
        })?;
        let token = Token::load(&path).map_err(|e| {
            let text = format!("the token of the admin API: {e}; the host makes it at its start");
            Failure::new(Class::File, text)
        })?;
        Ok(Client::new(&self.admin, token))
    }
}

impl From<AdminError> for Failure {
    fn from(error: AdminError) -> Self {
        let class = match &error {
            AdminError::Connection(_) => Class::Connection,
            AdminError::Refused(fault) => match &*fault.code {
                "request" | "unauthorized" | "host" | "origin" | "not_found" | "no_version" => {
                    Class::Usage
                }
                "shutting_down" | "registry" => Class::Connection,
                "store" => Class::File,
                "internal" => Class::Unexpected,
                _ => Class::Component,
            },
        };
        Self::new(class, error.to_string())
    }
}
