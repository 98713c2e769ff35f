ostler_guest::service!("tag");

fn main() {}
