//! What a server says of itself by reflection, as contracts
//! (grpc/grpc-proto, grpc/reflection/v1/reflection.proto).

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use ostler_call::{Body, Code, Encoding, End, Head, Kind, MessageStream, Next, Status};
use ostler_schema::{Contract, Pattern};
use ostler_transport::rpc::client::Client;
use prost::Message as _;
use prost_types::FileDescriptorProto;
use tokio::sync::mpsc;

use super::exit::{Class, Failure};

/// The packages that have the service, which is the same in both.
const PACKAGES: [&str; 2] = ["grpc.reflection.v1", "grpc.reflection.v1alpha"];

#[derive(Clone, PartialEq, prost::Message)]
struct Question {
    #[prost(oneof = "Asked", tags = "3, 4, 7")]
    asked: Option<Asked>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Asked {
    #[prost(string, tag = "3")]
    File(String),
    #[prost(string, tag = "4")]
    Symbol(String),
    #[prost(string, tag = "7")]
    Services(String),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Response {
    #[prost(oneof = "Answer", tags = "4, 6, 7")]
    answer: Option<Answer>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Answer {
    #[prost(message, tag = "4")]
    Files(Files),
    #[prost(message, tag = "6")]
    Services(Services),
    #[prost(message, tag = "7")]
    Error(Refused),
}

#[derive(Clone, PartialEq, prost::Message)]
struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    all: Vec<Bytes>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Services {
    #[prost(message, repeated, tag = "1")]
    all: Vec<Named>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Named {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Refused {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// The contracts of a server, one a service: of `service` alone where that is
/// the full name of one, else of all that can be called from here.
///
/// # Errors
/// Why the server does not describe itself, or cannot be called from here.
pub(super) async fn contracts(
    client: &Client,
    service: Option<&str>,
) -> Result<Vec<Contract>, Failure> {
    let mut server = Server::open(client).await?;
    let names = server.services().await?;
    if let Some(name) = names.iter().find(|name| service == Some(name)) {
        return Ok(vec![server.contract(name).await?]);
    }
    let mut contracts = Vec::new();
    for name in names.iter().filter(|name| !is_reflection(name)) {
        match server.contract(name).await {
            Ok(contract) => contracts.push(contract),
            // The others can be called all the same.
            Err(failure) => tracing::warn!("{failure}"),
        }
    }
    Ok(contracts)
}

fn is_reflection(service: &str) -> bool {
    let package = service.rsplit_once('.').map(|(package, _)| package);
    package.is_some_and(|package| PACKAGES.contains(&package))
}

/// A server that is asked one question after the other.
struct Server {
    questions: mpsc::Sender<Bytes>,
    answers: Pin<Box<dyn MessageStream>>,
    /// The answer to what it was asked first: which services it has.
    first: Option<Answer>,
    files: BTreeMap<String, FileDescriptorProto>,
}

/// Questions as they are asked.
struct Questions(mpsc::Receiver<Bytes>);

impl MessageStream for Questions {
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        let question = self.0.poll_recv(cx);
        question.map(|question| question.map_or(Next::End(End::ok()), Next::Message))
    }
}

impl Server {
    async fn open(client: &Client) -> Result<Self, Failure> {
        let mut refused = None;
        for package in PACKAGES {
            match Self::of(client, package).await {
                Ok(server) => return Ok(server),
                Err(status) if status.code() == Code::Unimplemented => refused = Some(status),
                Err(status) => return Err(failed(&status)),
            }
        }
        Err(failed(&refused.unwrap_or_else(silent)))
    }

    /// Asks first which services there are: some servers say nothing, not even
    /// that they listen, before they are asked.
    async fn of(client: &Client, package: &str) -> Result<Self, Status> {
        let (questions, asked) = mpsc::channel(1);
        let first = Asked::Services("*".to_owned());
        questions.send(encoded(first)).await.map_err(|_| silent())?;
        let head = Head {
            request: Encoding::Proto,
            reply: Encoding::Proto,
            ..Head::new(
                format!("{package}.ServerReflection"),
                "ServerReflectionInfo",
            )
        };
        let body = Body::stream(Questions(asked));
        let reply = client.call(head, Pattern::Bidirectional, body).await?;
        let answers = match reply.body.kind {
            Kind::Stream(answers) => answers,
            Kind::Empty(end) => return Err(end.result.err().unwrap_or_else(silent)),
            Kind::One(..) => return Err(silent()),
        };
        let mut server = Self {
            questions,
            answers,
            first: None,
            files: BTreeMap::new(),
        };
        server.first = Some(server.answer().await?);
        Ok(server)
    }

    async fn ask(&mut self, asked: Asked) -> Result<Answer, Failure> {
        // When nobody listens, the answer says why.
        self.questions
            .send(encoded(asked))
            .await
            .unwrap_or_default();
        self.answer().await.map_err(|status| failed(&status))
    }

    async fn answer(&mut self) -> Result<Answer, Status> {
        match poll_fn(|cx| self.answers.as_mut().poll_next(cx)).await {
            Next::Message(message) => Response::decode(message)
                .map_err(|error| Status::internal(format!("an answer cannot be read: {error}")))?
                .answer
                .ok_or_else(silent),
            Next::End(end) => Err(end.result.err().unwrap_or_else(silent)),
        }
    }

    /// The full names of all services.
    async fn services(&mut self) -> Result<Vec<String>, Failure> {
        match self.first.take() {
            Some(Answer::Services(services)) => Ok(services
                .all
                .into_iter()
                .map(|service| service.name)
                .collect()),
            other => Err(unexpected("which services it has", other)),
        }
    }

    async fn contract(&mut self, service: &str) -> Result<Contract, Failure> {
        self.read(Asked::Symbol(service.to_owned()), service)
            .await?;
        while let Some(file) = self.missing() {
            self.read(Asked::File(file.clone()), &file).await?;
            if !self.files.contains_key(&file) {
                return Err(unexpected(&file, None));
            }
        }
        let refused = |error: &dyn std::fmt::Display| {
            let text = format!("{service} cannot be called from here: {error}");
            Failure::new(Class::Component, text)
        };
        let imported = ostler_codegen::import_descriptors(self.files.values().cloned(), service)
            .map_err(|error| refused(&error))?;
        let wit = BTreeMap::from([(imported.file, imported.wit)]);
        Contract::from_wit(wit, Some(imported.lock)).map_err(|error| refused(&error))
    }

    /// Keeps the files of an answer.
    async fn read(&mut self, asked: Asked, what: &str) -> Result<(), Failure> {
        let answer = self.ask(asked).await?;
        let Answer::Files(files) = answer else {
            return Err(unexpected(what, Some(answer)));
        };
        for file in files.all {
            let file = FileDescriptorProto::decode(file).map_err(|error| {
                let text = format!("reflection: a file of {what} cannot be read: {error}");
                Failure::new(Class::Connection, text)
            })?;
            self.files.insert(file.name().to_owned(), file);
        }
        Ok(())
    }

    /// A file that others import.
    fn missing(&self) -> Option<String> {
        let mut needed = self.files.values().flat_map(|file| &file.dependency);
        needed.find(|name| !self.files.contains_key(*name)).cloned()
    }
}

fn encoded(asked: Asked) -> Bytes {
    let asked = Some(asked);
    Question { asked }.encode_to_vec().into()
}

fn silent() -> Status {
    Status::internal("the server ended the call without an answer")
}

/// The server does not describe itself.
fn failed(status: &Status) -> Failure {
    let remedy = match status.code() {
        Code::Unimplemented => "; this server has no reflection: switch it on there",
        _ => "",
    };
    Failure::new(Class::Connection, format!("reflection: {status}{remedy}"))
}

/// An answer to another question.
fn unexpected(what: &str, answer: Option<Answer>) -> Failure {
    let why = match answer {
        Some(Answer::Error(refused)) => refused.message,
        _ => "it answered something else".to_owned(),
    };
    let text = format!("reflection: the server does not say {what}: {why}");
    Failure::new(Class::Connection, text)
}
