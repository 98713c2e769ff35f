ostler_guest::service!("refused");

fn main() {}
