//! What the compiler says to the usual mistakes.
//!
//! `TRYBUILD=overwrite cargo test -p ostler-guest --test compile_fail` writes
//! the expected texts anew.

#[test]
fn mistakes_are_explained() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
