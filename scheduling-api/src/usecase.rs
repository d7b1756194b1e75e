//! What the API does: one verb a file.
//!
//! A use case opens the transaction, loads, asks the domain, writes state + revision + audit + outbox, commits. The only
//! place that knows the order. Never: a status, a header, a table.

mod failure;

pub(crate) mod create_clinic;
pub(crate) mod list_clinics;
pub(crate) mod read_clinic;
pub(crate) mod update_clinic;

pub(crate) use failure::Failure;
