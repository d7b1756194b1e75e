//! What is kept, on SQLite or PostgreSQL: one SQL text for both, and the few places where they differ.
//!
//! ```text
//! use case ─► Change ─► nouns (clinics, ...) ─► Tx ─► SQLite: one writer, many readers, WAL
//!               │ commit: state + revision + audit + outbox + idempotency, or nothing
//!               └───────────────────────────────────► PostgreSQL: a pool, row-level security
//! ```
//!
//! Owns: tables, columns, transactions, and the meaning of an engine's errors ([`StoreError`]). A noun's file has plain
//! functions over a [`Tx`]; there is no trait a noun, because both engines run the same functions and the stories run
//! over both. Never: decides policy. What the database itself refuses (overlap, a second use of a key) is decided there.

pub(crate) mod accounts;
pub(crate) mod api_keys;
pub(crate) mod appointments;
pub(crate) mod audit_log;
pub(crate) mod billing;
pub(crate) mod break_glass;
pub(crate) mod calendars;
pub(crate) mod change;
pub(crate) mod claims;
pub(crate) mod clinics;
pub(crate) mod consultations;
pub(crate) mod data_keys;
pub(crate) mod data_requests;
pub(crate) mod deliveries;
pub(crate) mod differences;
pub(crate) mod directory;
pub(crate) mod documents;
mod engine;
pub(crate) mod erasure;
mod error;
mod group;
pub(crate) mod idempotency;
pub(crate) mod insurance;
pub(crate) mod insurance_claims;
pub(crate) mod invoices;
pub(crate) mod join_links;
pub(crate) mod ledger;
pub(crate) mod live_events;
mod location;
pub(crate) mod memberships;
mod migrate;
pub(crate) mod notes;
pub(crate) mod oauth;
pub(crate) mod one_times;
pub(crate) mod outbox;
pub(crate) mod patient_data;
pub(crate) mod patients;
pub(crate) mod payment_events;
pub(crate) mod payments;
pub(crate) mod payouts;
pub(crate) mod practitioners;
pub(crate) mod preferences;
pub(crate) mod prescriptions;
pub(crate) mod providers;
pub(crate) mod push_subscriptions;
pub(crate) mod questionnaires;
pub(crate) mod queue;
pub(crate) mod record;
pub(crate) mod record_settings;
pub(crate) mod remittances;
pub(crate) mod reviews;
pub(crate) mod revisions;
pub(crate) mod schedules;
mod sealing;
pub(crate) mod second_factors;
pub(crate) mod services;
pub(crate) mod sessions;
pub(crate) mod signing_keys;
mod sql;
pub(crate) mod threads;
pub(crate) mod waitlist;
pub(crate) mod webhooks;

pub(crate) use engine::Scope;
pub use engine::{Store, StoreSettings};
pub use error::StoreError;
pub use location::{Engine, Location, LocationError};
pub use sealing::seal_what_stood_open;
pub(crate) use sql::{Cell, Row, Tx, Value, json, values};
