//! Echoes every type there is.

use ostler_guest::{Sink, Status, Stream};
use types::{Colour, Everything, Permissions, Shape, Types, WellKnown};

ostler_guest::service!("wit");

struct Service;

impl Types for Service {
    fn echo(value: Everything) -> Everything {
        value
    }

    fn echo_all(values: Stream<Everything>, mut out: Sink<Everything>) -> Result<(), Status> {
        for value in values {
            out.send(value?)?;
        }
        Ok(())
    }

    fn echo_well_known(value: WellKnown) -> WellKnown {
        value
    }

    fn show(a: u8, b: Option<String>, c: Vec<f32>, d: Colour, e: (i64, bool)) -> String {
        format!("{a} {b:?} {c:?} {d:?} {e:?}")
    }

    fn lengths(texts: Vec<String>) -> Vec<u32> {
        texts.iter().map(|text| text.len() as u32).collect()
    }

    fn maybe(text: String) -> Option<String> {
        (!text.is_empty()).then_some(text)
    }

    fn pick(number: u32) -> Shape {
        match number {
            0 => Shape::Point,
            1 => Shape::Circle(1.5),
            2 => Shape::Named("square".to_owned()),
            _ => Shape::Polygon(vec![(0.0, 1.0), (-2.5, 3.0)]),
        }
    }

    fn allowed(all: bool) -> Permissions {
        if all {
            Permissions::all()
        } else {
            Permissions::READ
        }
    }

    fn divide(a: i32, b: i32) -> (i32, i32) {
        (a.checked_div(b).unwrap_or(0), a.checked_rem(b).unwrap_or(0))
    }

    fn words(text: String, mut out: Sink<String>) -> Result<(), Status> {
        out.send_all(text.split_whitespace().map(str::to_owned))?;
        Ok(())
    }

    fn maybes(values: Stream<Option<String>>, mut out: Sink<Option<String>>) -> Result<(), Status> {
        for value in values {
            out.send(value?)?;
        }
        Ok(())
    }

    fn lists(values: Stream<Vec<u32>>, mut out: Sink<(u32, String)>) -> Result<(), Status> {
        for value in values {
            let value = value?;
            out.send((value.iter().sum(), format!("{value:?}")))?;
        }
        Ok(())
    }

    fn shapes(values: Stream<Shape>, mut out: Sink<Colour>) -> Result<(), Status> {
        for value in values {
            out.send(match value? {
                Shape::Point => Colour::Red,
                Shape::Circle(_) => Colour::Green,
                _ => Colour::DarkBlue,
            })?;
        }
        Ok(())
    }
}
