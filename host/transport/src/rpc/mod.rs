//! gRPC framing with JSON messages on plain paths, as MicroAPI's clients speak
//! it: `POST /users/get_user` or `/users.UsersService/get_user` with
//! `application/grpc+json`, over HTTP/2, in the plain profile. The gRPC of
//! protobuf paths is not here.

pub(crate) mod server;
