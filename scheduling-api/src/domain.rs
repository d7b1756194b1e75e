//! The rules, and nothing else: values, states, transitions, policies, the access decision.
//!
//! Pure: what it needs comes in as a value, `now` too. Never: SQL, HTTP, `await`, a clock, a generator of its own.

pub mod access;
pub mod actor;
pub mod clinic;
pub mod id;
pub(crate) mod once;
pub(crate) mod page;
pub mod rev;
