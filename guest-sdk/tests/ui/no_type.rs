ostler_guest::service!("counter");

fn main() {}
