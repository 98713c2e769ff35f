//! Where a comparison says that an old client goes on, the codecs agree: what
//! one version writes, the other reads; where it finds no difference at all,
//! as the same value.

use ostler_call::Encoding;
use ostler_schema::compat::{Comparison, Side, Wire, compare};
use ostler_schema::{Contract, MessageType, Type, codec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use crate::contracts::versions;
use crate::round_trip::{MAX_DEPTH, write};
use crate::values::{shown, value};

/// Values of each message.
const VALUES: usize = 6;

fn forms(wire: Wire) -> &'static [Encoding] {
    match wire {
        Wire::Plain => &[Encoding::PlainJson, Encoding::Query],
        Wire::ProtoJson => &[Encoding::ProtoJson],
        Wire::Protobuf => &[Encoding::Proto],
    }
}

/// The messages of the methods that both have, old and new.
fn messages(contracts: [&Contract; 2], side: Side) -> Vec<[MessageType; 2]> {
    let [old, new] = contracts.map(|contract| contract.services[0].methods.iter());
    let pairs = old.zip(new).filter_map(|(old, new)| {
        assert_eq!(old.name, new.name);
        match side {
            Side::Request => Some([old.request.codec(), new.request.codec()]),
            Side::Response => Some([old.response.codec()?, new.response.codec()?]),
        }
    });
    pairs.collect()
}

#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    differing: usize,
    compatible: usize,
}

fn check(
    (old, new): &(Contract, Contract),
    comparison: &Comparison,
    runner: &mut TestRunner,
    tally: &mut Tally,
) -> Result<(), TestCaseError> {
    for side in Side::ALL {
        for wire in Wire::ALL {
            let differences = || comparison.differences().iter();
            let is_seen = differences().any(|d| {
                d.effects()
                    .iter()
                    .any(|e| (e.side(), e.wire()) == (side, wire))
            });
            tally.differing += usize::from(is_seen);
            if differences().any(|difference| difference.breaks(side, wire)) {
                continue;
            }
            tally.compatible += usize::from(is_seen);
            for [old_type, new_type] in messages([old, new], side) {
                let (writer, written, reader, read) = match side {
                    Side::Request => (old, old_type, new, new_type),
                    Side::Response => (new, new_type, old, old_type),
                };
                for form in forms(wire) {
                    let is_record = matches!(writer.plan[written.ty], Type::Record(_));
                    if *form == Encoding::Query && !(is_record && side == Side::Request) {
                        continue;
                    }
                    for _ in 0..VALUES {
                        let value = value(&writer.plan, written.ty);
                        let value = value
                            .new_tree(runner)
                            .map_err(TestCaseError::fail)?
                            .current();
                        let bytes = write(writer, written, &value, *form);
                        // Not every type in an option has a query that reads back.
                        if *form == Encoding::Query
                            && codec::decode(*form, &writer.plan, written, &bytes, MAX_DEPTH)
                                .is_err()
                        {
                            continue;
                        }
                        let found = codec::decode(*form, &reader.plan, read, &bytes, MAX_DEPTH);
                        let list = || {
                            let lines: Vec<String> =
                                differences().map(ToString::to_string).collect();
                            format!(
                                "{form:?} {side:?} {value:?} {bytes:?}\n{}\n{:?}\n{:?}",
                                lines.join("\n"),
                                old.wit["a.wit"],
                                new.wit["a.wit"]
                            )
                        };
                        let found = found
                            .map_err(|error| TestCaseError::fail(format!("{error}: {}", list())))?;
                        if !is_seen {
                            let back = shown(&reader.plan, read.ty, &found);
                            let want = shown(&writer.plan, written.ty, &value);
                            prop_assert_eq!(back, want, "{}", list());
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

#[test]
fn what_is_called_compatible_is_read() {
    // As many pairs as cases of other properties: `PROPTEST_CASES`.
    let pairs = Config::default().cases;
    let mut runner = TestRunner::default();
    let mut tally = Tally::default();
    for _ in 0..pairs {
        let versions = versions().new_tree(&mut runner).unwrap().current();
        let comparison = compare(&versions.0, &versions.1);
        if let Err(error) = check(&versions, &comparison, &mut runner, &mut tally) {
            panic!("{error}");
        }
    }
    println!("{tally:?}");
    // Else it would prove nothing.
    assert!(tally.compatible * 5 > pairs as usize, "{tally:?}");
    assert!(tally.differing > tally.compatible, "{tally:?}");
}
