//! Both directions at their own pace: the guest of the room is answered at
//! once, and hears from the room while it is silent.

use std::time::Duration;

use chat::{Action, Chat, Event, Farewell, Message};
use ostler_guest::{Sink, Status, Stream};

ostler_guest::service!("wit");

/// How long the room waits before it says that it is quiet.
const PATIENCE: Duration = Duration::from_millis(250);

struct Service;

impl Chat for Service {
    fn talk(mut actions: Stream<Action>, mut out: Sink<Event>) -> Result<(), Status> {
        let user = match actions.next().transpose()? {
            None => return Ok(()),
            Some(Action::Join(user)) => user,
            Some(_) => return Err(Status::failed_precondition("join first")),
        };
        out.send(Event::Joined(user.clone()))?;
        let (mut messages, mut quiet) = (0, 0);
        loop {
            match actions.next_timeout(PATIENCE) {
                Err(_) => {
                    quiet += 1;
                    out.send(Event::Quiet(quiet))?;
                    continue;
                }
                Ok(None) => break,
                Ok(Some(action)) => match action? {
                    Action::Say(text) => out.send(reply(&user, &text))?,
                    Action::Leave => break,
                    Action::Join(_) => {
                        return Err(Status::failed_precondition(format!("{user} is here")));
                    }
                },
            }
            messages += 1;
            quiet = 0;
        }
        Ok(out.send(Event::Left(Farewell { user, messages }))?)
    }
}

fn reply(user: &str, text: &str) -> Event {
    Event::Said(Message {
        user: "echo".to_owned(),
        text: format!("{user} said: {text}"),
    })
}

#[cfg(test)]
mod tests {
    use ostler_guest::{Code, testing};

    use super::*;

    fn join() -> Action {
        Action::Join("ada".to_owned())
    }

    fn say(text: &str) -> Action {
        Action::Say(text.to_owned())
    }

    fn talk(actions: impl IntoIterator<Item = Action>) -> (Result<(), Status>, Vec<Event>) {
        let (out, sent) = testing::sink();
        let ended = Service::talk(testing::stream(actions), out);
        (ended, sent.take())
    }

    fn left(messages: u32) -> Event {
        Event::Left(Farewell {
            user: "ada".to_owned(),
            messages,
        })
    }

    #[test]
    fn each_message_has_a_reply() {
        let (ended, events) = talk([join(), say("hi"), say("bye")]);
        assert_eq!(ended, Ok(()));
        let joined = Event::Joined("ada".to_owned());
        let expected = [joined, reply("ada", "hi"), reply("ada", "bye"), left(2)];
        assert_eq!(events, expected);
    }

    #[test]
    fn who_leaves_is_not_heard_any_more() {
        let (ended, events) = talk([join(), Action::Leave, say("hi")]);
        assert_eq!(ended, Ok(()));
        assert_eq!(events.last(), Some(&left(0)));
    }

    #[test]
    fn joins_once_and_first() {
        for actions in [vec![say("hi")], vec![Action::Leave], vec![join(), join()]] {
            let (ended, _) = talk(actions);
            assert_eq!(ended.unwrap_err().code, Code::FailedPrecondition);
        }
        assert_eq!(talk([]), (Ok(()), Vec::new()));
    }

    #[test]
    fn a_broken_stream_is_no_farewell() {
        let lost = Status::unavailable("lost");
        let (out, sent) = testing::sink();
        let ended = Service::talk(testing::broken_stream([join()], lost.clone()), out);
        assert_eq!(ended, Err(lost));
        assert_eq!(sent.take(), [Event::Joined("ada".to_owned())]);
    }
}
