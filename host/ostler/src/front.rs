//! The listeners of a host: bound before anything is compiled, served
//! together, ended together.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ostler_control::{Control, Deployer};
use ostler_schema::Handler;
use ostler_transport::listener::{Connections, Listener, ListenerConfig};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::admin::Admin;
use crate::error::{Error, ErrorKind};
use crate::source::Watch;
use crate::telemetry::Telemetry;

/// Bound sockets that serve nothing yet.
#[derive(Debug)]
pub(crate) struct Front {
    listeners: Vec<Listener>,
    addresses: Vec<SocketAddr>,
    tls: Vec<bool>,
}

impl Front {
    /// Binds every address, each with what its connections are held to.
    ///
    /// # Errors
    /// The address at fault and why.
    pub(crate) async fn bind(addresses: Vec<(String, ListenerConfig)>) -> Result<Self, Error> {
        let mut front = Self {
            listeners: Vec::new(),
            addresses: Vec::new(),
            tls: Vec::new(),
        };
        for (name, config) in addresses {
            let bound = bind(&name, &config).await;
            let (listener, address) = bound.map_err(|e| refused(&name, &e))?;
            front.listeners.push(listener);
            front.addresses.push(address);
            front.tls.push(config.tls.is_some());
        }
        if front.listeners.is_empty() {
            return Err(Error::new(
                ErrorKind::Config,
                "no address to listen on; set server.listen or --listen",
            ));
        }
        Ok(front)
    }

    pub(crate) fn local_addrs(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// The connections of each listener.
    pub(crate) fn connections(&self) -> Vec<Connections> {
        self.listeners.iter().map(Listener::connections).collect()
    }

    /// Every address as a URL.
    pub(crate) fn urls(&self) -> impl Iterator<Item = String> {
        let addresses = self.addresses.iter().zip(&self.tls);
        addresses.map(|(address, tls)| match tls {
            true => format!("https://{address}"),
            false => format!("http://{address}"),
        })
    }

    /// Serves on every address.
    pub(crate) fn serve(self, handler: &Arc<dyn Handler>, grace: Duration) -> Serving {
        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        for listener in self.listeners {
            tasks.spawn(listener.serve(handler.clone(), stop.clone(), grace));
        }
        Serving { tasks, stop }
    }
}

/// Running listeners; dropping them cuts every connection.
#[derive(Debug)]
pub(crate) struct Serving {
    tasks: JoinSet<usize>,
    stop: CancellationToken,
}

impl Serving {
    /// Serves the admin API as well.
    pub(crate) fn administer(
        &mut self,
        admin: Admin,
        control: Control,
        deployer: Deployer,
        telemetry: Telemetry,
    ) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            if let Err(error) = admin.serve(control, deployer, telemetry, stop).await {
                tracing::error!(%error, "the admin API failed");
            }
            0
        });
    }

    /// Deploys what changes there as well.
    pub(crate) fn watch(&mut self, watch: Watch, control: Control, deployer: Deployer) {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            watch.run(deployer, control, stop).await;
            0
        });
    }

    /// Accepts no more connections and ends those there are once what they
    /// serve has ended.
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits until every connection has ended. May be dropped and called
    /// again.
    pub(crate) async fn ended(&mut self) {
        while let Some(ended) = self.tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a listener failed");
            }
        }
    }
}

async fn bind(name: &str, config: &ListenerConfig) -> io::Result<(Listener, SocketAddr)> {
    let mut last = io::Error::other("the name has no address");
    // A name may have addresses of families this machine does not have.
    for address in tokio::net::lookup_host(name).await? {
        match Listener::bind(address, config.clone()).await {
            Ok(listener) => {
                let address = listener.local_addr()?;
                return Ok((listener, address));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn refused(name: &str, error: &io::Error) -> Error {
    let remedy = match error.kind() {
        io::ErrorKind::AddrInUse => "; stop what listens there or choose another port",
        io::ErrorKind::PermissionDenied => {
            "; ports below 1024 need a privilege, choose a higher one"
        }
        io::ErrorKind::InvalidData => "; [server.tls] names the files",
        io::ErrorKind::InvalidInput => "; an address is HOST:PORT, such as 127.0.0.1:8080",
        _ => "",
    };
    Error::new(
        ErrorKind::Listen,
        format!("cannot listen on {name}: {error}{remedy}"),
    )
}
