//! Contracts as protobuf: every one there is loads as descriptors.

// Where `clippy.toml` allows what only tests may do.
#[cfg(test)]
mod descriptors;
#[cfg(test)]
mod lock;
