//! The service of the Connect conformance suite: every request says how it is
//! to be answered, and every answer says what came.

mod wire;

use std::time::Duration;

use conformance_service::{
    BidiStreamRequest, BidiStreamResponse, ClientStreamRequest, ClientStreamResponse,
    ConformancePayload, ConformancePayloadRequestInfo, ConformanceService, Error, Header,
    IdempotentUnaryRequest, IdempotentUnaryResponse, ServerStreamRequest, ServerStreamResponse,
    StreamResponseDefinition, UnaryRequest, UnaryResponse, UnaryResponseDefinition,
    UnaryResponseDefinitionResponse,
};
use ostler_guest::types::Any;
use ostler_guest::{Code, Sink, Status, Stream, context, poll};

ostler_guest::service!("wit");

/// Time left beyond this is the host's own limit of a call, which nobody sent:
/// the suite's timeouts are of two seconds at most.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(10);

struct Service;

impl ConformanceService for Service {
    fn unary(request: UnaryRequest) -> Result<UnaryResponse, Status> {
        let echo = wire::pack::<wire::UnaryRequest>(&request);
        let payload = Some(answer(request.response_definition, vec![echo])?);
        Ok(UnaryResponse { payload })
    }

    fn idempotent_unary(
        request: IdempotentUnaryRequest,
    ) -> Result<IdempotentUnaryResponse, Status> {
        let echo = wire::pack::<wire::IdempotentUnaryRequest>(&request);
        let payload = Some(answer(request.response_definition, vec![echo])?);
        Ok(IdempotentUnaryResponse { payload })
    }

    fn client_stream(
        requests: Stream<ClientStreamRequest>,
    ) -> Result<ClientStreamResponse, Status> {
        let mut definition = None;
        let mut echoes = Vec::new();
        for request in requests {
            let request = request?;
            echoes.push(wire::pack::<wire::ClientStreamRequest>(&request));
            if echoes.len() == 1 {
                definition = request.response_definition;
            }
        }
        let payload = Some(answer(definition, echoes)?);
        Ok(ClientStreamResponse { payload })
    }

    fn server_stream(
        request: ServerStreamRequest,
        mut out: Sink<ServerStreamResponse>,
    ) -> Result<(), Status> {
        let echo = wire::pack::<wire::ServerStreamRequest>(&request);
        let mut replies = Replies::begin(request.response_definition)?;
        replies.flush();
        replies.echoes.push(echo);
        while let Some(payload) = replies.next() {
            let payload = Some(payload);
            out.send(ServerStreamResponse { payload })?;
        }
        replies.end()
    }

    fn bidi_stream(
        mut requests: Stream<BidiStreamRequest>,
        mut out: Sink<BidiStreamResponse>,
    ) -> Result<(), Status> {
        let Some(mut first) = requests.next().transpose()? else {
            return Ok(());
        };
        let echo = wire::pack::<wire::BidiStreamRequest>(&first);
        let mut replies = Replies::begin(first.response_definition.take())?;
        replies.echoes.push(echo);
        if first.full_duplex {
            replies.flush();
            alternate(&mut replies, &mut requests, &mut out)?;
        } else {
            for request in requests {
                let echo = wire::pack::<wire::BidiStreamRequest>(&request?);
                replies.echoes.push(echo);
            }
            replies.flush();
        }
        while let Some(payload) = replies.next() {
            let payload = Some(payload);
            out.send(BidiStreamResponse { payload })?;
        }
        replies.end()
    }

    fn unimplemented() -> Result<(), Status> {
        Err(Status::unimplemented("this method is not implemented"))
    }
}

/// A reply to each request, until either has come to its end.
fn alternate(
    replies: &mut Replies,
    requests: &mut Stream<BidiStreamRequest>,
    out: &mut Sink<BidiStreamResponse>,
) -> Result<(), Status> {
    while let Some(payload) = replies.next() {
        let payload = Some(payload);
        out.send(BidiStreamResponse { payload })?;
        let Some(request) = requests.next().transpose()? else {
            break;
        };
        let echo = wire::pack::<wire::BidiStreamRequest>(&request);
        replies.echoes.push(echo);
    }
    Ok(())
}

/// The one reply of a method that has one.
fn answer(
    definition: Option<UnaryResponseDefinition>,
    requests: Vec<Any>,
) -> Result<ConformancePayload, Status> {
    let info = request_info(requests);
    let mut data = Vec::new();
    if let Some(definition) = definition {
        set_metadata(&definition.response_headers, &definition.response_trailers)?;
        delay(definition.response_delay_ms);
        match definition.response {
            Some(UnaryResponseDefinitionResponse::Error(error)) => {
                return Err(status(error, Some(&info)));
            }
            Some(UnaryResponseDefinitionResponse::ResponseData(found)) => data = found,
            None => {}
        }
    }
    Ok(ConformancePayload {
        data,
        request_info: Some(info),
    })
}

/// What a stream still has to send.
struct Replies {
    data: std::vec::IntoIter<Vec<u8>>,
    delay_ms: u32,
    error: Option<Error>,
    /// Requests that no reply has named.
    echoes: Vec<Any>,
    begun: bool,
}

impl Replies {
    /// Sets headers and trailers.
    fn begin(definition: Option<StreamResponseDefinition>) -> Result<Self, Status> {
        let mut replies = Self {
            data: Vec::new().into_iter(),
            delay_ms: 0,
            error: None,
            echoes: Vec::new(),
            begun: false,
        };
        if let Some(definition) = definition {
            set_metadata(&definition.response_headers, &definition.response_trailers)?;
            replies.data = definition.response_data.into_iter();
            replies.delay_ms = definition.response_delay_ms;
            replies.error = definition.error;
        }
        Ok(replies)
    }

    /// Sends the headers ahead of the first reply, if there is to be one.
    fn flush(&self) {
        if self.data.len() > 0 {
            context::flush_headers();
        }
    }

    /// The next reply, after its delay. The first one tells everything of the
    /// call, another one the requests since.
    fn next(&mut self) -> Option<ConformancePayload> {
        let data = self.data.next()?;
        let requests = std::mem::take(&mut self.echoes);
        let request_info = if !self.begun {
            Some(request_info(requests))
        } else if requests.is_empty() {
            None
        } else {
            Some(ConformancePayloadRequestInfo {
                requests,
                ..nothing_known()
            })
        };
        self.begun = true;
        delay(self.delay_ms);
        Some(ConformancePayload { data, request_info })
    }

    fn end(self) -> Result<(), Status> {
        let Some(error) = self.error else {
            return Ok(());
        };
        let info = (!self.begun).then(|| request_info(self.echoes));
        Err(status(error, info.as_ref()))
    }
}

/// What is known of the call.
fn request_info(requests: Vec<Any>) -> ConformancePayloadRequestInfo {
    let mut request_headers: Vec<Header> = Vec::new();
    for (name, value) in context::metadata() {
        match request_headers
            .iter_mut()
            .find(|header| header.name == name)
        {
            Some(header) => header.value.push(value),
            None => request_headers.push(Header {
                name,
                value: vec![value],
            }),
        }
    }
    let timeout = context::remaining().filter(|left| *left <= LONGEST_TIMEOUT);
    ConformancePayloadRequestInfo {
        request_headers,
        timeout_ms: timeout.map(|left| left.as_millis() as i64),
        requests,
        ..nothing_known()
    }
}

fn nothing_known() -> ConformancePayloadRequestInfo {
    ConformancePayloadRequestInfo {
        request_headers: Vec::new(),
        timeout_ms: None,
        requests: Vec::new(),
        connect_get_info: None,
    }
}

/// The error that is asked for. What is known of the call is its last detail
/// where no reply has said it.
fn status(error: Error, info: Option<&ConformancePayloadRequestInfo>) -> Status {
    // The suite's first code, which stands for none, is not one of ours.
    let code = (error.code as usize)
        .checked_sub(1)
        .and_then(|place| Code::ALL.get(place).copied());
    let mut status = Status::new(
        code.unwrap_or(Code::Unknown),
        error.message.unwrap_or_default(),
    );
    status.details = error.details;
    status
        .details
        .extend(info.map(wire::pack::<wire::RequestInfo>));
    status
}

fn set_metadata(headers: &[Header], trailers: &[Header]) -> Result<(), Status> {
    for (name, value) in pairs(headers) {
        context::set_header(name, value)?;
    }
    for (name, value) in pairs(trailers) {
        context::set_trailer(name, value)?;
    }
    Ok(())
}

fn pairs(headers: &[Header]) -> impl Iterator<Item = (&str, &str)> {
    headers.iter().flat_map(|header| {
        let name = header.name.as_str();
        header.value.iter().map(move |value| (name, value.as_str()))
    })
}

fn delay(milliseconds: u32) {
    if milliseconds > 0 {
        poll::sleep(Duration::from_millis(milliseconds.into()));
    }
}
