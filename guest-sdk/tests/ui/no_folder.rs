ostler_guest::service!("nowhere");

fn main() {}
