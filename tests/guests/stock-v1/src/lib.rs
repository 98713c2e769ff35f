//! A stock as its first clients know it. Parts are made of their names.

use ostler_guest::details::ResourceInfo;
use ostler_guest::{Sink, Status, Stream};
use stock::{Condition, Part, Place, Receipt, Stock};

ostler_guest::service!("wit");

struct Service;

impl Stock for Service {
    fn find(name: String, pieces: u32) -> Result<Part, Status> {
        if name == "unicorn" {
            return Err(Status::not_found("no unicorn").with_detail(ResourceInfo {
                resource_name: name,
                ..ResourceInfo::default()
            }));
        }
        Ok(part(name, pieces))
    }

    fn some(count: u32, mut out: Sink<Part>) -> Result<(), Status> {
        out.send_all((0..count).map(|pieces| part(format!("part-{pieces}"), pieces)))?;
        Ok(())
    }

    fn store(parts: Stream<Part>) -> Result<Receipt, Status> {
        let mut receipt = Receipt {
            parts: 0,
            pieces: 0,
            last: None,
        };
        for part in parts {
            let part = part?;
            receipt.parts += 1;
            receipt.pieces += part.pieces;
            receipt.last = Some(part.place);
        }
        Ok(receipt)
    }

    fn halve(parts: Stream<Part>, mut out: Sink<Part>) -> Result<(), Status> {
        for part in parts {
            let mut part = part?;
            part.pieces /= 2;
            part.grams /= 2.0;
            out.send(part)?;
        }
        Ok(())
    }
}

fn part(name: String, pieces: u32) -> Part {
    let (condition, place) = match pieces % 3 {
        0 => (Condition::Fresh, Place::Shelf(pieces)),
        1 => (Condition::Used, Place::Van(format!("van of {name}"))),
        _ => (Condition::Broken, Place::Lost),
    };
    Part {
        name,
        pieces,
        condition,
        place,
        supplier: String::new(),
        grams: f64::from(pieces) * 1.5,
    }
}
