ostler_guest::service!("syntax");

fn main() {}
