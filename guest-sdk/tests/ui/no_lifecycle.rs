ostler_guest::service!("lifecycle");

struct Service;

impl counter::Counter for Service {
    fn half(number: u32) -> u32 {
        number / 2
    }
}

fn main() {}
