//! The method of the example `users` that is measured, written with connectrpc
//! as its documentation would have it for speed: a dispatcher of the one
//! service, requests read where they lie.
//!
//! Listens on a port of its own choice and says which in one line of JSON.

use std::io::Write;

use anyhow::{Result, anyhow};
use connectrpc::{
    ConnectRpcService, RequestContext, Response, Server, ServiceRequest, ServiceResult,
};
use tokio::net::TcpListener;

use generated::demo::users::v1::{GetUserRequest, User, Users, UsersServer};

#[allow(
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::use_self,
    dead_code,
    missing_debug_implementations,
    missing_docs,
    unexpected_cfgs,
    unreachable_pub,
    reason = "generated"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/connectrpc.rs"));
}

struct Peer;

impl Users for Peer {
    #[expect(refining_impl_trait, reason = "as its documentation has it")]
    async fn get_user(
        &self,
        _: RequestContext,
        request: ServiceRequest<'_, GetUserRequest>,
    ) -> ServiceResult<User> {
        let id = request.user_id;
        Response::ok(User {
            username: format!("user-{id}"),
            age: 18 + (id % 64) as u32,
            ..User::default()
        })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    writeln!(std::io::stdout(), r#"{{"listen":["{address}"]}}"#)?;
    Server::from_listener(listener)
        .serve_with_service(ConnectRpcService::new(UsersServer::new(Peer)))
        .await
        .map_err(|error| anyhow!(error))
}
