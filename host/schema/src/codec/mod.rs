//! Bytes ⇄ [`Value`](crate::Value) along the plan, one module a format.
