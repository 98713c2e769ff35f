//! The JSON text of `/.well-known/ostler/contract`, written and read.
