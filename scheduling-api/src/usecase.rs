//! What the API does: one verb a file.
//!
//! A use case opens the transaction, loads, asks the domain, writes state + revision + audit + outbox, commits. The only
//! place that knows the order. Never: a status, a header, a table.

mod failure;

pub(crate) mod access_log;
pub(crate) mod account;
pub(crate) mod advance;
pub(crate) mod api_keys;
pub(crate) mod book;
pub(crate) mod break_glass;
pub(crate) mod clinic;
pub(crate) mod create_clinic;
pub(crate) mod data_requests;
pub(crate) mod documents;
pub(crate) mod expire;
pub(crate) mod hold;
pub(crate) mod identify;
pub(crate) mod insurance;
pub(crate) mod jobs;
pub(crate) mod join;
pub(crate) mod list_clinics;
mod load;
pub(crate) mod messages;
pub(crate) mod no_show;
pub(crate) mod oauth;
pub(crate) mod once;
pub(crate) mod outbound;
pub(crate) mod override_rules;
pub(crate) mod passkey;
mod patient;
pub(crate) mod payments;
pub(crate) mod place;
pub(crate) mod profile;
pub(crate) mod provider;
pub(crate) mod questionnaires;
pub(crate) mod queue;
pub(crate) mod read_appointment;
pub(crate) mod read_calendar_entry;
pub(crate) mod read_clinic;
mod record;
pub(crate) mod record_settings;
pub(crate) mod records;
pub(crate) mod reference;
pub(crate) mod reschedule;
pub(crate) mod retention;
pub(crate) mod reviews;
pub(crate) mod rooms;
pub(crate) mod schedule;
pub(crate) mod search;
pub(crate) mod series;
pub(crate) mod services;
pub(crate) mod sms_status;
pub(crate) mod sweep;
pub(crate) mod update_clinic;
pub(crate) mod visit;
pub(crate) mod waitlist;
pub(crate) mod watch;
pub(crate) mod webhooks;
pub(crate) mod whatsapp_status;

pub(crate) use failure::Failure;
