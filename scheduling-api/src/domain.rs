//! The rules, and nothing else: values, states, transitions, policies, the access decision.
//!
//! Pure: what it needs comes in as a value, `now` too. Never: SQL, HTTP, `await`, a clock, a generator of its own.

pub mod access;
pub mod account;
pub mod actor;
pub mod appointment;
pub mod availability;
pub mod billing;
pub mod break_glass;
pub mod claim;
pub mod clinic;
pub mod consultation;
pub mod data_request;
pub mod delivery;
pub mod directory;
pub mod earning;
pub mod email_address;
pub mod id;
pub mod invoice;
pub mod ledger;
pub mod live;
pub mod money;
pub mod note;
pub mod notification;
pub mod oauth;
pub(crate) mod once;
pub mod one_time;
pub(crate) mod page;
pub mod password;
pub mod payment;
pub mod prescription;
pub mod profile;
pub mod rev;
pub mod schedule;
pub mod service;
pub mod session;
pub mod settlement;
pub mod signature;
pub mod slot;
pub mod throttle;
pub mod webhook;
