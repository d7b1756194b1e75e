//! Messages that a transaction leaves behind: what others shall hear of, once it is certain.
//!
//! Written with the change that they tell of; a worker delivers them afterwards, at least once, in order for each
//! aggregate. Consumers recognise a repetition by its `dedupe_key`.

use jiff::Timestamp;

use crate::{
    domain::{
        id::{ClinicId, OutboxId, PatientId},
        page::{Page, PageRequest},
        rev::Rev,
    },
    store::{Engine, Row, StoreError, Tx, values},
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

/// Notes whose letter a message carries: erasure finds it by this.
pub(crate) async fn set_whose(
    tx: &mut Tx,
    (aggregate, topic): (&str, &str),
    address: Option<&[u8]>,
    patient: Option<&PatientId>,
) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET address = $2, patient_id = $3 WHERE dedupe_key = $1";
    let key = format!("{aggregate}/{}/{topic}", Rev::FIRST);
    tx.execute_one(sql, values![key, address, patient]).await
}

/// A message that waits.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    pub(crate) id: OutboxId,
    pub(crate) clinic: Option<ClinicId>,
    pub(crate) topic: String,
    pub(crate) aggregate: String,
    pub(crate) rev: Rev,
    pub(crate) payload: String,
    pub(crate) created: Timestamp,
    pub(crate) attempts: u32,
    pub(crate) dead: bool,
    pub(crate) last_error: Option<String>,
    /// Whose letter it carries.
    pub(crate) address: Option<Vec<u8>>,
    pub(crate) patient: Option<PatientId>,
}

/// Messages that are due, the oldest first and each aggregate's in order; locked until the end of the transaction, which ends them.
pub(crate) async fn due(
    tx: &mut Tx,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<Waiting>, StoreError> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT * FROM outbox WHERE done_ms IS NULL AND dead = 0 AND not_before_ms <= $1
            ORDER BY not_before_ms, aggregate_rev, id LIMIT $2"
        }
        Engine::Postgres => {
            "SELECT * FROM outbox WHERE done_ms IS NULL AND dead = 0 AND not_before_ms <= $1
            ORDER BY not_before_ms, aggregate_rev, id LIMIT $2 FOR UPDATE SKIP LOCKED"
        }
    };
    tx.rows(sql, values![now, limit]).await?.iter().map(waiting).collect()
}

/// Whether any message is due.
pub(crate) async fn is_any_due(tx: &mut Tx, now: Timestamp) -> Result<bool, StoreError> {
    let sql =
        "SELECT id FROM outbox WHERE done_ms IS NULL AND dead = 0 AND not_before_ms <= $1 LIMIT 1";
    Ok(tx.row(sql, values![now]).await?.is_some())
}

/// Ends a message; what it carried is forgotten where it was sealed for its delivery.
pub(crate) async fn done(tx: &mut Tx, id: &OutboxId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE outbox SET done_ms = $2, payload = CASE WHEN topic IN ('mail.send', 'text.send') THEN '{}' ELSE payload END
        WHERE id = $1 AND done_ms IS NULL";
    tx.execute_one(sql, values![id, now]).await
}

/// Lets a message wait that could not be handed out; for ever when it is `dead`.
pub(crate) async fn put_off(
    tx: &mut Tx,
    id: &OutboxId,
    error: &str,
    until: Timestamp,
    dead: bool,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE outbox SET attempts = attempts + 1, last_error = $2, not_before_ms = $3, dead = $4
        WHERE id = $1 AND done_ms IS NULL";
    tx.execute_one(sql, values![id, error, until, dead]).await
}

/// Has a dead message handed out again.
///
/// # Errors
/// [`StoreError::Stale`] when it is not dead.
pub(crate) async fn revive(tx: &mut Tx, id: &OutboxId, now: Timestamp) -> Result<(), StoreError> {
    let sql =
        "UPDATE outbox SET dead = 0, attempts = 0, not_before_ms = $2 WHERE id = $1 AND dead = 1";
    tx.execute_one(sql, values![id, now]).await
}

/// How many messages are due and not handed out, since when the longest has been, and how many were given up.
pub(crate) async fn backlog(
    tx: &mut Tx,
    now: Timestamp,
) -> Result<(u64, Option<Timestamp>, u64), StoreError> {
    let sql = "SELECT COUNT(*) AS due, MIN(not_before_ms) AS since_ms FROM outbox
        WHERE done_ms IS NULL AND dead = 0 AND not_before_ms <= $1";
    let row = tx.row(sql, values![now]).await?.ok_or(StoreError::Corrupt { column: "due" })?;
    let sql = "SELECT COUNT(*) AS dead FROM outbox WHERE dead = 1";
    let dead = tx.row(sql, values![]).await?.ok_or(StoreError::Corrupt { column: "dead" })?;
    Ok((row.small("due")?, row.time_maybe("since_ms")?, dead.small("dead")?))
}

/// Messages that were given up, the newest first.
pub(crate) async fn dead(
    tx: &mut Tx,
    clinic: Option<&ClinicId>,
    page: &PageRequest,
) -> Result<Page<Waiting>, StoreError> {
    let sql = "SELECT * FROM outbox
        WHERE dead = 1 AND id < $1 AND (CAST($2 AS TEXT) IS NULL OR clinic_id = $2) ORDER BY id DESC LIMIT $3";
    let row = values![page.after.as_deref().unwrap_or("~"), clinic, page.rows()];
    let found = tx.rows(sql, row).await?.iter().map(waiting).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |message| message.id.to_string()))
}

/// One message, for whoever looks after it.
pub(crate) async fn find(tx: &mut Tx, id: &OutboxId) -> Result<Option<Waiting>, StoreError> {
    tx.row("SELECT * FROM outbox WHERE id = $1", values![id])
        .await?
        .as_ref()
        .map(waiting)
        .transpose()
}

/// Forgets a batch of what was handed out before then; how many.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM outbox WHERE id IN
        (SELECT id FROM outbox WHERE done_ms IS NOT NULL AND done_ms < $1 ORDER BY done_ms LIMIT $2)";
    tx.execute(sql, values![before, limit]).await
}

fn waiting(row: &Row) -> Result<Waiting, StoreError> {
    Ok(Waiting {
        id: row.parsed("id")?,
        clinic: row.parsed_maybe("clinic_id")?,
        topic: row.text("topic")?,
        aggregate: row.text("aggregate_id")?,
        rev: Rev(row.int("aggregate_rev")?),
        payload: row.text("payload")?,
        created: row.time("created_ms")?,
        attempts: row.small("attempts")?,
        dead: row.flag("dead")?,
        last_error: row.text_maybe("last_error")?,
        address: row.bytes_maybe("address")?,
        patient: row.parsed_maybe("patient_id")?,
    })
}
