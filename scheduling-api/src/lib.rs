//! The business around the call: clinics, people, availability, appointments, the visit, audit. HTTP under `/v1`.
//!
//! Owns: who may do what, when, and what remains of it. Never: media. The media server is told by a port, and tells by
//! signed events; a running call depends on nothing here.
//!
//! ```text
//! lib ─► http ─► usecase ─► api ─► store ─► domain, audit, crypto      worker ─► usecase
//!                   └──────────────────────► domain                   ports: traits, under api
//! ```
//!
//! Arrows only go down (`tests/layering.rs`). A request reads in a straight line: `http/clinics/create` (parse, one
//! call, answer) -> `usecase/create_clinic` (ask, open, write, commit) -> `domain/clinic` + `domain/access` (decide) ->
//! `store/clinics` (SQL) -> `store/change` (revision, audit, outbox, idempotency; one commit).
//!
//! # To add an endpoint
//!
//! `docs/ADDING-AN-ENDPOINT.md` walks through it; `http/clinics` is the model. In short: a row in
//! `domain/access/table.rs`, a file in `usecase/`, a file in `http/<noun>/`, its route in `http/<noun>.rs`, a story in
//! `tests/`, and `UPDATE_DOCS=1 cargo test -p scheduling-api --test openapi`.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "tests may fail loudly"
    )
)]

mod api;
mod audit;
mod calendar_cache;
pub mod clock;
mod crypto;
pub mod demo;
pub mod domain;
mod gate;
mod http;
mod links;
mod live;
mod opening;
mod outbound;
pub mod ports;
mod print;
pub mod random;
mod store;
mod usecase;
mod worker;

pub use api::Api;
pub use calendar_cache::CalendarCache;
pub use crypto::{KeyRing, KeyRingError, SealError, UnwrapError, password_hash::HashCost};
pub use gate::{Gate, hash_queue::HashQueueLimits};
pub use http::{fhir_routes, openapi, router};
pub use links::Links;
pub use live::Live;
pub use opening::{OpenError, Ways, open, reach};
pub use outbound::{Outbound, REMINDERS_MIN};
pub use store::{
    Engine, Location, LocationError, Store, StoreError, StoreSettings,
    erasure::ACCOUNT as ACCOUNT_DATA,
    patient_data::{Erase, TABLES as PATIENT_DATA, Table as PatientTable},
    seal_what_stood_open,
};
pub use usecase::{
    clinic::bootstrap::{BootstrapError, invite_first_administrator},
    identify::Tokens,
};
pub use worker::{decide_by_time_once, sweep_once, work, work_once};
