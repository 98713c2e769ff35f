//! One difference between two contracts, and what it does to an old client.

use std::fmt;

use super::reason::Reason;

/// What becomes of old clients.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Verdict {
    /// They go on.
    Compatible,
    /// Some of their calls fail, or are misread.
    Breaking,
}

/// Which way a message goes.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Side {
    /// From an old client to the new version; how a method is called, too.
    Request,
    /// From the new version to an old client, errors included.
    Response,
}

impl Side {
    /// Both, in order.
    pub const ALL: [Self; 2] = [Self::Request, Self::Response];

    /// `request` or `response`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Response => "response",
        }
    }
}

/// How messages are written. The last two are the proto profile.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Wire {
    /// The plain profile: JSON, and queries.
    Plain,
    /// The JSON of proto3.
    ProtoJson,
    /// Protobuf's binary form.
    Protobuf,
}

impl Wire {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Plain, Self::ProtoJson, Self::Protobuf];

    /// `plain`, `proto JSON` or `protobuf`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::ProtoJson => "proto JSON",
            Self::Protobuf => "protobuf",
        }
    }
}

/// What a difference does on one side of one wire.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Effect {
    side: Side,
    wire: Wire,
    reason: Reason,
}

impl Effect {
    pub(super) fn new(side: Side, wire: Wire, reason: Reason) -> Self {
        Self { side, wire, reason }
    }

    /// The side on which it is seen.
    pub fn side(&self) -> Side {
        self.side
    }

    /// The wire on which it is seen.
    pub fn wire(&self) -> Wire {
        self.wire
    }

    /// Whether an old client breaks on it there.
    pub fn verdict(&self) -> Verdict {
        self.reason.verdict()
    }

    /// What happens to an old client, in a few words.
    pub fn reason(&self) -> &'static str {
        self.reason.text(self.side)
    }
}

/// One difference.
///
/// As text it is one line: `breaking: users.user.age: u32 → string (request,
/// response; plain, proto): what an old client sends cannot be read; …`. Sides,
/// wires and reasons in it are those that make the verdict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Difference {
    pub(super) path: String,
    pub(super) change: String,
    /// Never empty; in order.
    pub(super) effects: Vec<Effect>,
}

impl Difference {
    /// Where: `users.user.age` (a field or case of a type, by the interface
    /// that declares it), `users.get-user(user-id)` (a parameter),
    /// `users.list-users → item`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What: `u32 → string`, `added (u32)`, `removed (u32)`.
    pub fn change(&self) -> &str {
        &self.change
    }

    /// `Breaking` when one of its effects is.
    pub fn verdict(&self) -> Verdict {
        let verdicts = self.effects.iter().map(Effect::verdict);
        verdicts.max().unwrap_or(Verdict::Compatible)
    }

    /// What it does, by side and wire.
    pub fn effects(&self) -> &[Effect] {
        &self.effects
    }

    /// Whether it breaks an old client on that side of that wire.
    pub fn breaks(&self, side: Side, wire: Wire) -> bool {
        (self.effects.iter()).any(|effect| {
            (effect.side, effect.wire, effect.verdict()) == (side, wire, Verdict::Breaking)
        })
    }

    /// The effects that make its verdict.
    fn deciding(&self) -> impl Iterator<Item = &Effect> {
        let verdict = self.verdict();
        (self.effects.iter()).filter(move |effect| effect.verdict() == verdict)
    }

    /// Why its verdict is what it is.
    pub fn reason(&self) -> String {
        let mut reasons: Vec<&str> = Vec::new();
        for effect in self.deciding() {
            let reason = effect.reason();
            if !reasons.contains(&reason) {
                reasons.push(reason);
            }
        }
        reasons.join("; ")
    }

    fn sides(&self) -> String {
        let sides = Side::ALL
            .iter()
            .filter(|side| self.deciding().any(|e| e.side == **side));
        sides.map(|side| side.name()).collect::<Vec<_>>().join(", ")
    }

    fn wires(&self) -> String {
        let seen = Wire::ALL.map(|wire| self.deciding().any(|e| e.wire == wire));
        let names: &[&str] = match seen {
            [true, true, true] => &["plain", "proto"],
            [false, true, true] => &["proto"],
            _ => {
                let names = Wire::ALL.iter().zip(seen).filter(|(_, seen)| *seen);
                return names
                    .map(|(wire, _)| wire.name())
                    .collect::<Vec<_>>()
                    .join(", ");
            }
        };
        names.join(", ")
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict() {
            Verdict::Compatible => "compatible",
            Verdict::Breaking => "breaking",
        };
        write!(
            f,
            "{verdict}: {}: {} ({}; {}): {}",
            self.path,
            self.change,
            self.sides(),
            self.wires(),
            self.reason()
        )
    }
}
