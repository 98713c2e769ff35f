//! Every kind of difference, where it may be, and its verdict.

use ostler_schema::compat::{Side, Verdict, Wire, compare};

use crate::contract;
use crate::rows::ROWS;

/// One change of a contract.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) title: &'static str,
    /// The old and the new text: the body of an interface, or a package.
    pub(crate) wit: [&'static str; 2],
    pub(crate) locks: [Option<&'static str>; 2],
    /// The lines of the comparison, without their reasons.
    pub(crate) want: &'static [&'static str],
}

impl Row {
    fn lines(&self, forth: bool) -> Vec<String> {
        let [old, new] = if forth { [0, 1] } else { [1, 0] };
        let contract = |at: usize| contract(self.wit[at], self.locks[at]);
        let comparison = compare(&contract(old), &contract(new));
        comparison
            .differences()
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

fn without_reason(line: &str) -> &str {
    let end = line.rfind("): ").map_or(line.len(), |at| at + 1);
    &line[..end]
}

#[test]
fn each_difference_has_its_verdict() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let lines = row.lines(true);
        println!("{}", row.title);
        lines.iter().for_each(|line| println!("  {line}"));
        let found: Vec<&str> = lines.iter().map(|line| without_reason(line)).collect();
        if found != row.want {
            wrong.push(format!("{}: {found:#?}", row.title));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(ROWS.len() >= 80);
}

#[test]
fn nothing_differs_from_itself() {
    for row in ROWS {
        for at in [0, 1] {
            let contract = contract(row.wit[at], row.locks[at]);
            let comparison = compare(&contract, &contract);
            assert_eq!(comparison.differences(), [], "{}", row.title);
            assert_eq!(comparison.verdict(), Verdict::Compatible);
        }
    }
}

/// What is a difference one way is one the other way.
#[test]
fn no_row_is_blind_one_way() {
    for row in ROWS {
        let counts = [true, false].map(|forth| row.lines(forth).is_empty());
        assert_eq!(counts[0], counts[1], "{}", row.title);
    }
}

#[test]
fn facts_of_a_difference() {
    let old = contract(
        "record user { age: u32 } put: func(user: user) -> user;",
        None,
    );
    let new = contract(
        "record user { age: u64 } put: func(user: user) -> user;",
        None,
    );
    let comparison = compare(&old, &new);
    assert_eq!(comparison.verdict(), Verdict::Breaking);
    let [only] = comparison.differences() else {
        panic!("{comparison:?}")
    };
    assert_eq!(
        (only.path(), only.change()),
        ("users.user.age", "u32 → u64")
    );
    for wire in Wire::ALL {
        assert!(!only.breaks(Side::Request, wire));
        assert!(only.breaks(Side::Response, wire));
    }
    assert_eq!(only.effects().len(), 6);
    assert_eq!(
        only.to_string(),
        "breaking: users.user.age: u32 → u64 (response; plain, proto): \
         an old client may get a value that its type does not hold"
    );
}
