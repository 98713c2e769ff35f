//! All four patterns, errors with details, and the call's context.
//!
//! Users are computed, not stored: an instance's memory is its own, so a
//! service that kept them there would show each caller something else.

use ostler_guest::details::{BadRequest, ResourceInfo};
use ostler_guest::{Sink, Status, Stream, context, log};
use users::{ChatMessage, ChatReply, DataPoint, Summary, User, Users};

ostler_guest::service!("wit");

/// Users that can be looked up have the ids from 1 to this.
const LAST_USER: u64 = 403;

struct Service;

impl Users for Service {
    fn get_user(user_id: u64) -> Result<User, Status> {
        match user_id {
            0 => Err(Status::invalid_argument("user ids count from 1")
                .with_detail(BadRequest::field("user_id", "must be at least 1"))),
            1..=LAST_USER => Ok(user(user_id)),
            _ => Err(
                Status::not_found(format!("no user {user_id}")).with_detail(ResourceInfo {
                    resource_type: "user".to_owned(),
                    resource_name: user_id.to_string(),
                    ..ResourceInfo::default()
                }),
            ),
        }
    }

    fn list_users(limit: u32, mut out: Sink<User>) -> Result<(), Status> {
        // Each batch is made when the one before it is gone, so a limit of
        // billions needs no more memory than one of ten.
        out.send_all((1..=u64::from(limit)).map(user))?;
        context::set_trailer("x-users-sent", &limit.to_string())
    }

    fn aggregate(points: Stream<DataPoint>) -> Result<Summary, Status> {
        let (mut count, mut total) = (0, 0.0);
        for point in points {
            total += point?.value;
            count += 1;
        }
        let average = if count == 0 {
            0.0
        } else {
            total / count as f64
        };
        Ok(Summary {
            count,
            average,
            total,
        })
    }

    fn conversation(messages: Stream<ChatMessage>, mut out: Sink<ChatReply>) -> Result<(), Status> {
        let host = context::get("x-user").unwrap_or_else(|| "ostler".to_owned());
        context::set_header("x-conversation-with", &host)?;
        let mut replies = 0;
        for message in messages {
            out.send(reply(&message?, &host))?;
            replies += 1;
        }
        log::info!(replies = replies, "conversation with {host} is over");
        context::set_trailer("x-replies", &replies.to_string())
    }
}

fn user(id: u64) -> User {
    User {
        username: format!("user-{id}"),
        // 18 to 81.
        age: 18 + (id % 64) as u32,
    }
}

fn reply(message: &ChatMessage, source: &str) -> ChatReply {
    ChatReply {
        reply: format!("{}, you said: {}", message.user, message.text),
        source: source.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use ostler_guest::{Code, testing};

    use super::*;

    #[test]
    fn knows_its_users() {
        assert_eq!(Service::get_user(7).unwrap().username, "user-7");
        let missing = Service::get_user(404).unwrap_err();
        assert_eq!(missing.code, Code::NotFound);
        assert_eq!(missing.details[0].type_name, "google.rpc.ResourceInfo");
        assert_eq!(
            Service::get_user(0).unwrap_err().code,
            Code::InvalidArgument
        );
    }

    #[test]
    fn sums_points_up() {
        let points = [1.0, 2.5].map(|value| DataPoint {
            timestamp: 0.0,
            value,
        });
        let summary = Service::aggregate(testing::stream(points)).unwrap();
        assert_eq!((summary.count, summary.total), (2, 3.5));
    }

    #[test]
    fn a_broken_stream_is_not_a_short_one() {
        let lost = Status::unavailable("lost");
        let points = testing::broken_stream([], lost.clone());
        assert_eq!(Service::aggregate(points), Err(lost));
    }
}
