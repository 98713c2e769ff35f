//! What happens to an old client, and whether it breaks on it.

use super::{Side, Verdict};

/// Why a difference is compatible or breaking.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Reason {
    // A field that only one of both has.
    Missing,
    MissingIsRefused,
    MissingIsDefault,
    MissingIsNone,
    MissingIsZero,
    Ignored,
    // A case or flag that only one of both has.
    UnknownCase,
    UnusedCase,
    // Types.
    OtherType,
    Narrower,
    Wider,
    // Presence.
    NoneIsRefused,
    NoneIsZero,
    NoneIsDefault,
    ZeroIsNone,
    AlwaysThere,
    ZeroIsDefault,
    DefaultGone,
    DefaultOther,
    DefaultNew,
    // Names and numbers.
    Renamed,
    SameNumber,
    OtherNumber,
    OtherJsonName,
    Reused,
    // Methods and services.
    Gone,
    New,
    OtherName,
    OtherPattern,
    NoGet,
    Get,
    Limit,
    Notice,
    NewError,
    NoError,
    OtherError,
    OtherDetail,
    // The comparison itself.
    TooMuch,
}

impl Reason {
    pub(super) fn verdict(self) -> Verdict {
        match self {
            Self::Missing
            | Self::MissingIsRefused
            | Self::UnknownCase
            | Self::OtherType
            | Self::Narrower
            | Self::NoneIsRefused
            | Self::ZeroIsDefault
            | Self::Renamed
            | Self::OtherNumber
            | Self::OtherJsonName
            | Self::Reused
            | Self::Gone
            | Self::OtherName
            | Self::OtherPattern
            | Self::NoGet
            | Self::OtherError
            | Self::OtherDetail
            | Self::TooMuch => Verdict::Breaking,
            Self::MissingIsDefault
            | Self::MissingIsNone
            | Self::MissingIsZero
            | Self::Ignored
            | Self::UnusedCase
            | Self::Wider
            | Self::NoneIsZero
            | Self::NoneIsDefault
            | Self::ZeroIsNone
            | Self::AlwaysThere
            | Self::DefaultGone
            | Self::DefaultOther
            | Self::DefaultNew
            | Self::SameNumber
            | Self::New
            | Self::Get
            | Self::Limit
            | Self::Notice
            | Self::NewError
            | Self::NoError => Verdict::Compatible,
        }
    }

    pub(super) fn text(self, side: Side) -> &'static str {
        match side {
            Side::Request => self.of_requests(),
            Side::Response => self.of_responses(),
        }
    }

    fn of_requests(self) -> &'static str {
        match self {
            Self::Missing | Self::MissingIsRefused => {
                "an old client does not send it, and without it a request is refused"
            }
            Self::MissingIsDefault => "an old client does not send it, and its default is taken",
            Self::MissingIsNone => "an old client does not send it, which it need not",
            Self::MissingIsZero => "an old client does not send it, which reads as zero or empty",
            Self::Ignored => "what an old client sends of it is ignored",
            Self::UnknownCase => "an old client that sends it is refused",
            Self::UnusedCase => "no old client sends it",
            Self::OtherType => "what an old client sends cannot be read",
            Self::Narrower => "an old client may send a value that no longer fits",
            Self::Wider => "every value that an old client sends still fits",
            Self::NoneIsRefused => "an old client may leave it out, which is refused",
            Self::NoneIsZero => "where an old client leaves it out, it reads as zero or empty",
            Self::NoneIsDefault => "where an old client leaves it out, its default is taken",
            Self::ZeroIsNone => "an old client does not write a zero, which reads as none",
            Self::AlwaysThere => "an old client always sends it",
            Self::ZeroIsDefault => {
                "an old client does not write a zero or nothing, which reads as the default"
            }
            Self::DefaultGone => "where an old client leaves it out, it reads as zero or none",
            Self::DefaultOther => "an old client that leaves it out gets the new default",
            Self::DefaultNew => "an old client may go on sending it",
            Self::Renamed => "what an old client sends under the old name is not seen",
            Self::SameNumber => "an old client sends it under the number it still has",
            Self::OtherNumber => "an old client sends it under another number",
            Self::OtherJsonName => "an old client sends it under another name",
            Self::Reused => "what an old client sends of it is taken for something else",
            Self::Gone => "an old client that calls it finds nothing",
            Self::New => "no old client calls it",
            Self::OtherName => "an old client calls it by the old name",
            Self::OtherPattern => "an old client calls it in the old pattern",
            Self::NoGet => "an old client that calls it by GET is refused",
            Self::Get => "an old client may go on calling it by POST",
            Self::Limit => "an old client is held to the new limit",
            Self::Notice => "an old client is told so, no more",
            Self::NewError | Self::NoError | Self::OtherError | Self::OtherDetail => {
                "an old client reads errors in another form"
            }
            Self::TooMuch => "the contracts differ in more than is worth comparing",
        }
    }

    fn of_responses(self) -> &'static str {
        match self {
            Self::Missing | Self::MissingIsRefused => "an old client expects it and misses it",
            Self::MissingIsDefault => "an old client takes its default",
            Self::MissingIsNone => "an old client reads none",
            Self::MissingIsZero => "an old client reads zero or empty",
            Self::Ignored => "an old client ignores it",
            Self::UnknownCase => "an old client does not know it",
            Self::UnusedCase => "an old client never gets it",
            Self::OtherType => "an old client cannot read it",
            Self::Narrower => "an old client may get a value that its type does not hold",
            Self::Wider => "every value fits the type of an old client",
            Self::NoneIsRefused => "an old client expects it and may miss it",
            Self::NoneIsZero => "where it is left out, an old client reads zero or empty",
            Self::NoneIsDefault => "where it is left out, an old client takes its default",
            Self::ZeroIsNone => "a zero is not written, and an old client reads none",
            Self::AlwaysThere => "an old client always gets it",
            Self::ZeroIsDefault => "a zero is not written, and an old client takes its default",
            Self::DefaultGone | Self::DefaultOther | Self::DefaultNew => {
                "an old client gets the same"
            }
            Self::Renamed => "an old client looks for the old name",
            Self::SameNumber => "an old client finds it under the number it still has",
            Self::OtherNumber => "an old client looks for it under another number",
            Self::OtherJsonName => "an old client looks for it under another name",
            Self::Reused => "an old client takes it for something else",
            Self::NewError => "an old client may get an error, as of any call",
            Self::NoError => "an old client never gets the error",
            Self::OtherError => "an old client reads errors of another kind",
            Self::OtherDetail => "an old client looks for the detail by its old name",
            Self::Gone | Self::New | Self::OtherName | Self::OtherPattern => {
                "an old client reads replies in the old pattern"
            }
            Self::NoGet | Self::Get | Self::Limit | Self::Notice => "an old client gets the same",
            Self::TooMuch => "the contracts differ in more than is worth comparing",
        }
    }
}
