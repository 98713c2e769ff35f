//! Never reads its stream: the linker drops the functions to read it with, and
//! the host has the type of its items from the embedded contract alone.

use ostler_guest::Stream;
use unused::{Point, Unused};

ostler_guest::service!("wit");

struct Service;

impl Unused for Service {
    fn ignore(_points: Stream<Point>) -> u32 {
        42
    }
}
