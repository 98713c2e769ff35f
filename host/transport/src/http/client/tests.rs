//! The client against real servers over real sockets, in HTTP/1.1 and HTTP/2.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Request as HttpRequest, Response};
use hyper::body::Incoming;
use ostler_call::{Code, Deadline, Encoding};
use tokio::sync::{Semaphore, mpsc};

use super::*;
use crate::dial::testing::{
    BOTH, Endless, Server, TestBody, end, feed, full, message, next, ok, read, writer,
};
use crate::http::names::{MESSAGE, STATUS, TRAILERS};

/// A server and a client of it.
async fn pair<H, F>(http: Http, handler: H) -> (Server, Client)
where
    H: Fn(HttpRequest<Incoming>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<TestBody>> + Send + 'static,
{
    let server = Server::start(http, handler).await;
    let client = Client::connect(&url(&server), http).await.unwrap();
    (server, client)
}

fn url(server: &Server) -> String {
    format!("http://{}", server.addr)
}

/// An NDJSON response of these frames, trailers declared.
fn streamed(body: TestBody) -> Response<TestBody> {
    Response::builder()
        .header("content-type", "application/x-ndjson")
        .header("trailer", crate::http::names::TRAILER_LIST)
        .body(body)
        .unwrap()
}

fn head() -> Head {
    Head::new("users.v2", "get_user")
}

#[tokio::test]
async fn a_unary_call_says_and_hears_everything() {
    for http in BOTH {
        let (seen, mut requests) = mpsc::channel(1);
        let (_server, client) = pair(http, move |request| {
            let seen = seen.clone();
            async move {
                let (parts, mut body) = request.into_parts();
                let body = read(&mut body).await.unwrap();
                seen.send((parts, body)).await.unwrap();
                let mut response = ok(r#"{"n":1}"#);
                let headers = response.headers_mut();
                headers.append("x-microapi-k", HeaderValue::from_static("1"));
                headers.append("x-microapi-k", HeaderValue::from_static("2"));
                headers.append("x-request-id", HeaderValue::from_static("r"));
                headers.append("server", HeaderValue::from_static("not metadata"));
                response
            }
        })
        .await;
        let mut head = head();
        head.metadata.insert("team_name", "blue").unwrap();
        head.metadata.insert("authorization", "Bearer t").unwrap();
        head.deadline = Deadline::after(now(), Duration::from_secs(60));
        let body = Body::one(Bytes::from_static(b"{\"id\": 7}"));
        let reply = client.call(head, Pattern::Unary, body).await.unwrap();

        let (parts, body) = requests.recv().await.unwrap();
        assert_eq!(
            (parts.method.as_str(), parts.uri.path()),
            ("POST", "/users.v2/get_user")
        );
        assert_eq!(body, "{\"id\": 7}");
        for (name, value) in [
            ("content-type", "application/json"),
            ("content-length", "9"),
            ("accept", "application/json"),
            ("te", "trailers"),
            ("x-microapi-team_name", "blue"),
            ("authorization", "Bearer t"),
        ] {
            assert_eq!(parts.headers[name], value, "{name}");
        }
        let timeout: u64 = parts.headers["ostler-timeout-ms"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        assert!((30_000..=60_000).contains(&timeout), "{timeout}");

        let headers: Vec<_> = reply.headers.iter().collect();
        assert_eq!(headers, [("k", "1"), ("k", "2"), ("x-request-id", "r")]);
        assert!(
            matches!(reply.body.kind, Kind::One(m, _) if m == "{\"n\":1}"),
            "{http:?}"
        );
    }
}

#[tokio::test]
async fn a_query_is_a_get() {
    for http in BOTH {
        let (_server, client) = pair(http, |request| async move {
            ok(format!(
                "\"{} {}\"",
                request.method(),
                request.uri().path_and_query().unwrap()
            ))
        })
        .await;
        let head = Head {
            request: Encoding::Query,
            ..head()
        };
        let body = Body::one(Bytes::from_static(b"id=7"));
        let reply = client.call(head, Pattern::Unary, body).await.unwrap();
        assert!(
            matches!(&reply.body.kind, Kind::One(m, _) if m == "\"GET /users.v2/get_user?id=7\""),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn a_reply_streams_while_it_is_written() {
    for http in BOTH {
        let (started, mut writers) = mpsc::channel(1);
        let (_server, client) = pair(http, move |_| {
            let started = started.clone();
            async move {
                let (writer, body) = writer();
                started.send(writer).await.unwrap();
                streamed(body)
            }
        })
        .await;
        let mut reply = client
            .call(head(), Pattern::ServerStreaming, Body::empty())
            .await
            .unwrap();
        let writer = writers.recv().await.unwrap();
        writer.data("{\"n\":1}\n{\"n\"").await;
        assert_eq!(message(&mut reply).await, "{\"n\":1}");
        writer.data(":2}\n").await;
        assert_eq!(message(&mut reply).await, "{\"n\":2}");
        drop(writer);
        assert_eq!(end(&mut reply).await, End::ok());
        assert_eq!(end(&mut reply).await, End::ok());
    }
}

#[tokio::test]
async fn both_sides_stream_at_once() {
    for http in BOTH {
        let (_server, client) = pair(http, |request| async move {
            assert_eq!(request.headers()["content-type"], "application/x-ndjson");
            streamed(http_body_util::BodyExt::boxed_unsync(
                http_body_util::BodyExt::map_err(request.into_body(), std::io::Error::other),
            ))
        })
        .await;
        let (sender, body) = feed();
        let mut reply = client
            .call(head(), Pattern::Bidirectional, body)
            .await
            .unwrap();
        for n in 0..20 {
            sender
                .send(Ok(format!("{{\"n\":\n{n}}}").into()))
                .await
                .unwrap();
            assert_eq!(message(&mut reply).await, format!("{{\"n\": {n}}}"));
        }
        drop(sender);
        assert_eq!(end(&mut reply).await, End::ok());
    }
}

#[tokio::test]
async fn an_upload_of_any_size_arrives_whole() {
    for http in BOTH {
        let (_server, client) = pair(http, |request| async move {
            let kind = request.headers()["content-type"]
                .to_str()
                .unwrap()
                .to_owned();
            let sum = read(&mut request.into_body()).await.unwrap();
            ok(format!("\"{kind} {} {}\"", sum.len(), sum.lines().count()))
        })
        .await;
        let rows = [
            (Encoding::PlainJson, "application/x-ndjson 1000100 100"),
            (Encoding::Raw, "application/octet-stream 1000000 1"),
        ];
        for (request, expected) in rows {
            let (sender, body) = feed();
            let head = Head { request, ..head() };
            let call = client.call(head, Pattern::ClientStreaming, body);
            let send = async {
                for _ in 0..100 {
                    sender
                        .send(Ok(Bytes::from(vec![b'1'; 10_000])))
                        .await
                        .unwrap();
                }
                drop(sender);
            };
            let (reply, ()) = tokio::join!(call, send);
            let kind = reply.unwrap().body.kind;
            assert!(
                matches!(&kind, Kind::One(m, _) if *m == format!("\"{expected}\"")),
                "{kind:?}"
            );
        }
    }
}

#[tokio::test]
async fn raw_replies_are_asked_for_and_read() {
    for http in BOTH {
        let (_server, client) = pair(http, |request| async move {
            let mut response = ok("\n\n\u{1}");
            let accepted = request.headers()["accept"].clone();
            response.headers_mut().insert("content-type", accepted);
            response
        })
        .await;
        let head = Head {
            reply: Encoding::Raw,
            ..head()
        };
        let mut reply = client
            .call(head, Pattern::ServerStreaming, Body::empty())
            .await
            .unwrap();
        assert_eq!(message(&mut reply).await, "\n\n\u{1}");
        assert_eq!(end(&mut reply).await, End::ok());
    }
}

/// A response of one message, then these trailers.
async fn with_trailers(content_type: &'static str) -> Response<TestBody> {
    let (writer, body) = writer();
    let mut trailers = HeaderMap::new();
    trailers.insert(STATUS, HeaderValue::from_static("9"));
    trailers.insert(MESSAGE, HeaderValue::from_static("not%20now"));
    trailers.insert(TRAILERS, HeaderValue::from_static("{\"k\":[\"v\"]}"));
    let mut response = streamed(body);
    response
        .headers_mut()
        .insert("content-type", HeaderValue::from_static(content_type));
    // The handler must return for the body to be read.
    tokio::task::spawn_blocking(move || {
        tokio::runtime::Handle::current().block_on(async {
            writer.data("1\n").await;
            writer.trailers(trailers).await;
        });
    });
    response
}

#[tokio::test]
async fn trailers_are_the_end() {
    for http in BOTH {
        let (_server, client) = pair(http, |request| {
            with_trailers(match request.headers()["accept"].as_bytes() {
                b"application/json" => "application/json",
                _ => "application/x-ndjson",
            })
        })
        .await;
        let mut reply = client
            .call(head(), Pattern::ServerStreaming, Body::empty())
            .await
            .unwrap();
        assert_eq!(message(&mut reply).await, "1");
        let told = end(&mut reply).await;
        assert_eq!(
            told.result,
            Err(Status::new(Code::FailedPrecondition, "not now"))
        );
        assert_eq!(told.trailers.get("k"), Some("v"));

        let reply = client
            .call(head(), Pattern::Unary, Body::empty())
            .await
            .unwrap();
        assert!(
            matches!(reply.body.kind, Kind::Empty(end) if end == told),
            "{http:?}"
        );
    }
}

#[tokio::test]
async fn an_aborted_reply_is_a_status() {
    for (http, code) in [(Http::One, Code::Unavailable), (Http::Two, Code::Internal)] {
        let (started, mut writers) = mpsc::channel(1);
        let (_server, client) = pair(http, move |_| {
            let started = started.clone();
            async move {
                let (writer, body) = writer();
                started.send(writer).await.unwrap();
                streamed(body)
            }
        })
        .await;
        let mut reply = client
            .call(head(), Pattern::ServerStreaming, Body::empty())
            .await
            .unwrap();
        let writer = writers.recv().await.unwrap();
        writer.data("1\n2").await;
        assert_eq!(message(&mut reply).await, "1");
        writer.abort().await;
        let status = end(&mut reply).await.result.unwrap_err();
        assert_eq!(status.code(), code, "{status}");
        assert!(!status.message().is_empty());
    }
}

#[tokio::test]
async fn an_error_body_is_a_status_with_metadata() {
    for http in BOTH {
        let (_server, client) = pair(http, |_| async {
            Response::builder()
                .status(409)
                .header("x-microapi-k", "v")
                .body(full(r#"{"error": "taken", "code": "already_exists"}"#))
                .unwrap()
        })
        .await;
        for pattern in [Pattern::Unary, Pattern::ServerStreaming] {
            let reply = client.call(head(), pattern, Body::empty()).await.unwrap();
            assert_eq!(reply.headers.get("k"), Some("v"));
            let expected = End::from(Status::new(Code::AlreadyExists, "taken"));
            assert!(
                matches!(reply.body.kind, Kind::Empty(end) if end == expected),
                "{http:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_stream_of_another_type_is_refused() {
    for http in BOTH {
        let (_server, client) = pair(http, |_| async {
            let mut response = ok("<html>");
            response
                .headers_mut()
                .insert("content-type", HeaderValue::from_static("text/html"));
            response
        })
        .await;
        let status = client
            .call(head(), Pattern::ServerStreaming, Body::empty())
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unknown, "{status}");
        assert!(status.message().contains("text/html"), "{status}");
    }
}

#[tokio::test]
async fn messages_over_the_limit_are_refused() {
    for http in BOTH {
        let server = Server::start(http, |_| async { streamed(full("12\n12345\n")) }).await;
        let config = ClientConfig {
            message_bytes: 4,
            ..ClientConfig::default()
        };
        let client = Client::connect_with(&url(&server), http, config)
            .await
            .unwrap();
        let mut reply = client
            .call(head(), Pattern::ServerStreaming, Body::empty())
            .await
            .unwrap();
        assert_eq!(message(&mut reply).await, "12");
        let status = end(&mut reply).await.result.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        let status = client
            .call(head(), Pattern::Unary, Body::empty())
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
        let status = client.get("/").await.unwrap_err();
        assert_eq!(status.code(), Code::ResourceExhausted, "{status}");
    }
}

#[tokio::test]
async fn dropping_a_reply_cancels_the_call() {
    for http in BOTH {
        let (started, mut writers) = mpsc::channel(1);
        let (_server, client) = pair(http, move |_| {
            let started = started.clone();
            async move {
                let (writer, body) = writer();
                started.send(writer).await.unwrap();
                streamed(body)
            }
        })
        .await;
        let reply = client
            .call(head(), Pattern::ServerStreaming, Body::empty())
            .await
            .unwrap();
        let writer = writers.recv().await.unwrap();
        drop(reply);
        writer.dropped().await;
    }
}

#[tokio::test]
async fn dropping_a_call_cancels_an_upload_nobody_reads() {
    for http in BOTH {
        for answers_first in [true, false] {
            let (started, mut requests) = mpsc::channel(1);
            let (_server, client) = pair(http, move |request| {
                let started = started.clone();
                async move {
                    let (writer, body) = writer();
                    started.send((request, writer)).await.unwrap();
                    if !answers_first {
                        std::future::pending::<()>().await;
                    }
                    streamed(body)
                }
            })
            .await;
            let body = Body::stream(Endless(Bytes::from(vec![b'1'; 100_000])));
            let mut call = Box::pin(client.call(head(), Pattern::Bidirectional, body));
            let received = requests.recv();
            let (request, writer) = if answers_first {
                let (reply, received) = tokio::join!(call, received);
                drop(reply.unwrap());
                received.unwrap()
            } else {
                let received = tokio::select! {
                    reply = &mut call => panic!("{reply:?}"),
                    received = received => received.unwrap(),
                };
                drop(call);
                received
            };
            // The request breaks off after what the windows and sockets held.
            assert!(read(&mut request.into_body()).await.is_err(), "{http:?}");
            // NB hyper's HTTP/1.1 server drops the response only once it fails
            // to write it.
            if http == Http::Two {
                writer.dropped().await;
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_fails_fails_the_call() {
    for http in BOTH {
        let (ended, mut ends) = mpsc::channel(1);
        let (_server, client) = pair(http, move |mut request| {
            let ended = ended.clone();
            async move {
                let failed = read(request.body_mut()).await.is_err();
                ended.send(failed).await.unwrap();
                ok("null")
            }
        })
        .await;
        let (sender, body) = feed();
        let call = client.call(head(), Pattern::ClientStreaming, body);
        let send = async {
            sender.send(Ok(Bytes::from_static(b"1"))).await.unwrap();
            sender
                .send(Err(Status::invalid_argument("line 2: no JSON")))
                .await
                .unwrap();
        };
        let (reply, ()) = tokio::join!(call, send);
        assert_eq!(
            reply.unwrap_err(),
            Status::invalid_argument("line 2: no JSON"),
            "{http:?}"
        );
        if http == Http::Two {
            assert!(ends.recv().await.unwrap());
        }
    }
}

#[tokio::test]
async fn a_request_that_fails_late_fails_the_reply() {
    for http in BOTH {
        let (_server, client) = pair(http, |request| async move {
            streamed(http_body_util::BodyExt::boxed_unsync(
                http_body_util::BodyExt::map_err(request.into_body(), std::io::Error::other),
            ))
        })
        .await;
        let (sender, body) = feed();
        let mut reply = client
            .call(head(), Pattern::Bidirectional, body)
            .await
            .unwrap();
        sender.send(Ok(Bytes::from_static(b"1"))).await.unwrap();
        assert_eq!(message(&mut reply).await, "1");
        sender
            .send(Err(Status::invalid_argument("line 2: no JSON")))
            .await
            .unwrap();
        let status = end(&mut reply).await.result.unwrap_err();
        assert_eq!(
            status,
            Status::invalid_argument("line 2: no JSON"),
            "{http:?}"
        );
    }
}

#[tokio::test]
async fn a_deadline_ends_call_and_reply() {
    for http in BOTH {
        let (_server, client) = pair(http, |request| async move {
            if request.headers()["accept"] == "application/json" {
                std::future::pending::<()>().await;
            }
            let (writer, body) = writer();
            writer.data("1\n").await;
            // Kept open for ever.
            std::mem::forget(writer);
            streamed(body)
        })
        .await;
        let late = |ms| Head {
            deadline: Deadline::after(now(), Duration::from_millis(ms)),
            ..head()
        };
        for ms in [0, 20] {
            let status = client
                .call(late(ms), Pattern::Unary, Body::empty())
                .await
                .unwrap_err();
            assert_eq!(status.code(), Code::DeadlineExceeded, "{http:?} {ms}");
        }
        let call = client.call(late(1000), Pattern::ServerStreaming, Body::empty());
        let mut reply = call.await.unwrap();
        assert_eq!(message(&mut reply).await, "1");
        let status = end(&mut reply).await.result.unwrap_err();
        assert_eq!(status.code(), Code::DeadlineExceeded, "{http:?}");
    }
}

#[tokio::test]
async fn paths_are_read() {
    for http in BOTH {
        let (_server, client) = pair(http, |request| async move {
            let mut response = ok(request.uri().path().to_owned());
            *response.status_mut() = http::StatusCode::IM_A_TEAPOT;
            response
        })
        .await;
        assert_eq!(
            client.get("/health").await.unwrap(),
            (418, "/health".into())
        );
        for path in ["", "health", "/a b"] {
            let status = client.get(path).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{path}");
        }
    }
}

#[tokio::test]
async fn connections_are_used_again_or_opened() {
    for (http, at_once) in [(Http::One, 3), (Http::Two, 1)] {
        let open = Arc::new(Semaphore::new(0));
        let opened = Arc::clone(&open);
        let (server, client) = pair(http, move |mut request| {
            let open = Arc::clone(&opened);
            async move {
                read(request.body_mut()).await.unwrap();
                if request.uri().path() == "/wait" {
                    open.acquire().await.unwrap().forget();
                }
                ok("1")
            }
        })
        .await;
        for _ in 0..3 {
            let body = Body::one(Bytes::from_static(b"{}"));
            client.call(head(), Pattern::Unary, body).await.unwrap();
            client.get("/").await.unwrap();
        }
        assert_eq!(server.connections(), 1, "{http:?}");
        let (a, b, c) = tokio::join!(client.get("/wait"), client.get("/wait"), async {
            let last = client.get("/").await;
            open.add_permits(2);
            last
        });
        assert!(a.is_ok() && b.is_ok() && c.is_ok());
        assert_eq!(server.connections(), at_once, "{http:?}");
    }
}

#[tokio::test]
async fn a_kept_connection_the_server_closed_is_replaced() {
    let (server, client) = pair(Http::One, |_| async {
        let mut response = ok("1");
        response
            .headers_mut()
            .insert("connection", HeaderValue::from_static("close"));
        response
    })
    .await;
    for calls in 1..4 {
        client.get("/").await.unwrap();
        assert_eq!(server.connections(), calls);
    }
}

#[tokio::test]
async fn no_server_is_unavailable_and_no_url_invalid() {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", socket.local_addr().unwrap());
    drop(socket);
    for http in BOTH {
        let status = Client::connect(&url, http).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status}");
        for url in [
            "",
            "host:1",
            "/x",
            "ftp://h:1",
            "http://h/x",
            "http://u@h",
            "http://h/?q",
        ] {
            let status = Client::connect(url, http).await.unwrap_err();
            assert_eq!(status.code(), Code::InvalidArgument, "{url}: {status}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_dies_ends_its_calls() {
    for http in BOTH {
        let (started, mut writers) = mpsc::channel(1);
        let (server, client) = pair(http, move |_| {
            let started = started.clone();
            async move {
                let (writer, body) = writer();
                started.send(writer).await.unwrap();
                streamed(body)
            }
        })
        .await;
        let mut reply = client
            .call(head(), Pattern::ServerStreaming, Body::empty())
            .await
            .unwrap();
        let _writer = writers.recv().await.unwrap();
        drop(server);
        let status = match next(&mut reply).await {
            ostler_call::Next::End(end) => end.result.unwrap_err(),
            ostler_call::Next::Message(message) => panic!("{message:?}"),
        };
        assert_eq!(status.code(), Code::Unavailable, "{http:?} {status}");
        let status = client
            .call(head(), Pattern::Unary, Body::empty())
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{http:?} {status}");
    }
}
