//! Placeholder until the shard lands.
pub mod command;
