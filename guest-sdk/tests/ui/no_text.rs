ostler_guest::service!(wit);

fn main() {}
