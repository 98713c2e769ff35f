//! Names and types in every position: services that share types, keywords,
//! a type named like its service, aliases, other error types.

use std::collections::BTreeMap;

use extra::{Extra, Speed};
use flows::{Flows, Instant, Note, OptionLike, Point, Points, Trouble, Wave, Waves};
use ostler_guest::{Sink, Status, Stream, testing, types};
use plain::{Caps, Mode, Plain, PlainService, Reason};

ostler_guest::service!("wit", Everything);

struct Everything;

impl PlainService for Everything {
    fn match_(self_: Plain) -> Plain {
        self_
    }

    fn modes(mode: Mode, caps: Caps) -> (Mode, Caps) {
        (mode, caps)
    }

    fn refuse(text: Option<String>) -> Result<(), Reason> {
        Err(text.map_or(Reason::None, Reason::Because))
    }

    fn maybe() -> Result<(), ()> {
        Ok(())
    }

    fn by_name(names: BTreeMap<String, plain::Point>) -> Vec<plain::Point> {
        names.into_values().collect()
    }
}

impl Extra for Everything {
    fn faster(_speed: Speed) -> Speed {
        Mode::Fast
    }
}

impl Flows for Everything {
    fn send_points(from_list: Points, mut out: Sink<Point>) -> Result<(), Status> {
        out.send_all(from_list)?;
        Ok(())
    }

    fn gather(data: Stream<Wave>) -> Result<Waves, Status> {
        data.collect()
    }

    fn notes(data: Stream<Note>, mut out: Sink<Option<String>>) -> Result<(), Trouble> {
        for note in data {
            let note = note.map_err(|status| Trouble::Broken(status.message))?;
            if out.send(Some(note.type_)).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn count(data: Stream<OptionLike>) -> u32 {
        data.filter(|like| matches!(like, Ok(OptionLike { some: true })))
            .count() as u32
    }

    fn pairs(mut out: Sink<(String, u8)>) -> Result<(), Status> {
        out.send(("a".to_owned(), 1))?;
        Ok(())
    }
}

#[test]
fn a_point_is_one_type_in_both_services() {
    let point: plain::Point = Point { x: 1.0, y: 2.0 };
    let names = BTreeMap::from([("a".to_owned(), point)]);
    assert_eq!(Everything::by_name(names), [point]);
}

#[test]
fn the_types_of_the_sdk_are_the_services() {
    let wave = Wave {
        at: types::Timestamp {
            seconds: 1,
            nanos: 2,
        },
        points: vec![],
    };
    let at: Instant = wave.at;
    assert_eq!(at.seconds, 1);
    assert_eq!(
        Everything::gather(testing::stream([wave.clone()])),
        Ok(vec![wave])
    );
}

#[test]
fn another_error_type_stays() {
    let refused = Everything::refuse(Some("no".to_owned()));
    assert_eq!(refused, Err(Reason::Because("no".to_owned())));
    let lost = testing::broken_stream([], Status::unavailable("lost"));
    let (out, _) = testing::sink();
    assert_eq!(
        Everything::notes(lost, out),
        Err(Trouble::Broken("lost".to_owned()))
    );
}
