//! Contracts of real components, made on the spot.

// Where `clippy.toml` allows what only tests may do.
#[cfg(test)]
mod build;
#[cfg(test)]
mod embedded;
mod hostile;
mod own;
mod refused;

use ostler_schema::{Contract, Method};

/// The WIT of the first example, with every kind of method.
const USERS: &str = r#"
package demo:users@1.0.0;

/// Everything about users.
interface users {
  use ostler:rpc/types@0.1.0.{status};

  record user { user-name: string, age: u32 }
  record page { start: u32, size: u32 }
  record summary { count: u64, average: f64 }
  variant limit-error { empty, over(u32) }

  /// Look one user up.
  /// @idempotent
  /// @timeout 5s
  get-user: func(user-id: u64) -> result<user, status>;

  /// All users.
  /// @default limit 100
  list-users: func(limit: u32) -> stream<user>;

  /// A page of them.
  /// @default size 20
  get-page: func(page: page) -> list<user>;

  /// The same type without the default.
  put-page: func(page: page) -> result<_, limit-error>;

  /// The summary of ages.
  aggregate: func(ages: stream<u32>) -> result<summary, status>;

  /// A user for each age.
  conversation: func(ages: stream<u32>) -> result<stream<user>, status>;

  /// Bytes in and out.
  /// @chunk-size 1024
  copy: func(data: stream<list<u8>>) -> stream<list<u8>>;

  /// No parameter, no result.
  ping: func();
}

world service { export users; }
"#;

fn read(component: &[u8]) -> Contract {
    Contract::from_component(component).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(component: &[u8]) -> String {
    match Contract::from_component(component) {
        Ok(contract) => panic!("accepted: {contract:?}"),
        Err(error) => error.to_string(),
    }
}

fn method<'a>(contract: &'a Contract, name: &str) -> &'a Method {
    let mut methods = contract
        .services
        .iter()
        .flat_map(|service| &service.methods);
    let found = methods.find(|method| *method.name.wit == *name);
    found.unwrap_or_else(|| panic!("no method {name}"))
}
