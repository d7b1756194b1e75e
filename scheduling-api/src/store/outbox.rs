//! Messages that a transaction leaves behind: what others shall hear of, once it is certain.
//!
//! Written with the change that they tell of; a worker delivers them afterwards, at least once, in order for each
//! aggregate. Consumers recognise a repetition by its `dedupe_key`.

use jiff::Timestamp;

use crate::{
    domain::{
        id::{ClinicId, OutboxId},
        rev::Rev,
    },
    store::{StoreError, Tx, values},
};

/// Something that others shall hear of.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// What happened, as `noun.verb` in the past: `appointment.booked`.
    pub(crate) topic: &'static str,
    /// Ids and words of this program; nothing about people.
    pub(crate) payload: serde_json::Value,
    /// Not to be delivered earlier; at once when absent.
    pub(crate) not_before: Option<Timestamp>,
}

impl Event {
    /// An event to be delivered at once, without more than its aggregate's id.
    pub(crate) fn now(topic: &'static str) -> Self {
        Self { topic, payload: serde_json::json!({}), not_before: None }
    }
}

/// What an event is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) clinic: Option<&'a ClinicId>,
    pub(crate) aggregate: &'a str,
    pub(crate) rev: Rev,
}

/// Leaves a message.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: &OutboxId,
    about: About<'_>,
    event: &Event,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO outbox (id, clinic_id, topic, aggregate_id, aggregate_rev, payload, dedupe_key,
            created_ms, not_before_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let dedupe_key = format!("{}/{}/{}", about.aggregate, about.rev, event.topic);
    let row = values![
        id,
        about.clinic,
        event.topic,
        about.aggregate,
        about.rev,
        event.payload.to_string(),
        dedupe_key,
        now,
        event.not_before.unwrap_or(now),
    ];
    tx.execute_one(sql, row).await
}
