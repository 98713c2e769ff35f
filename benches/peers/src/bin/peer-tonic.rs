//! The methods of the guests `users` and `bench-load` that are measured,
//! written with tonic as its documentation would have it.
//!
//! Listens on a port of its own choice and says which in one line of JSON.

use std::io::Write;
use std::pin::Pin;

use anyhow::Result;
use futures_util::{Stream, stream};
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use load::SendEachRequest;
use load::load_server::{Load, LoadServer};
use users::users_server::{Users, UsersServer};
use users::{GetUserRequest, User};

#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::use_self,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    reason = "generated"
)]
mod users {
    tonic::include_proto!("demo.users.v1");
}

#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::use_self,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    reason = "generated"
)]
mod load {
    tonic::include_proto!("bench.load.v1");
}

struct Peer;

#[tonic::async_trait]
impl Users for Peer {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<User>, Status> {
        let id = request.into_inner().user_id;
        Ok(Response::new(User {
            username: format!("user-{id}"),
            age: 18 + (id % 64) as u32,
        }))
    }
}

#[tonic::async_trait]
impl Load for Peer {
    type SendEachStream = Pin<Box<dyn Stream<Item = Result<load::User, Status>> + Send>>;

    async fn send_each(
        &self,
        request: Request<SendEachRequest>,
    ) -> Result<Response<Self::SendEachStream>, Status> {
        let users = (1..=request.into_inner().count).map(|id| {
            Ok(load::User {
                username: format!("user-{id}"),
                age: 18 + id % 64,
            })
        });
        Ok(Response::new(Box::pin(stream::iter(users))))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), r#"{{"listen":["{address}"]}}"#)?;
    Server::builder()
        .add_service(UsersServer::new(Peer))
        .add_service(LoadServer::new(Peer))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}
