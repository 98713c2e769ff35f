ostler_guest::service!("counter", Mine);

struct Mine;

fn main() {}
