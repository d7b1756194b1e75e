//! Places in the queues of visit types that are given on demand.

use jiff::Timestamp;

use crate::{
    domain::{
        id::{ClinicId, PatientId, QueueEntryId, ServiceId},
        page::{Page, PageRequest},
        waitlist::{QueueEntry, QueueState},
    },
    store::{Engine, Row, StoreError, Tx, values},
};

/// Keeps a new place.
///
/// # Errors
/// [`StoreError::Duplicate`] when the patient stands there already.
pub(crate) async fn insert(tx: &mut Tx, one: &QueueEntry) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO queue_entry (id, clinic_id, rev, state, patient_id, service_id, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let QueueEntry { id, clinic, rev, state, patient, service, created, .. } = one;
    tx.execute_one(sql, values![id, clinic, *rev, state.name(), patient, service, *created]).await
}

/// Keeps a place's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, one: &QueueEntry) -> Result<(), StoreError> {
    let sql = "UPDATE queue_entry SET rev = $2, state = $3, appointment_id = $4, ended_ms = $5
        WHERE id = $1 AND rev = $2 - 1";
    let row = values![&one.id, one.rev, one.state.name(), one.state.appointment(), one.ended];
    tx.execute_one(sql, row).await
}

/// One.
pub(crate) async fn find(tx: &mut Tx, id: &QueueEntryId) -> Result<Option<QueueEntry>, StoreError> {
    let sql = "SELECT * FROM queue_entry WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(entry).transpose()
}

/// Who has stood longest in a queue, locked until the end of the transaction: two practitioners take two patients.
pub(crate) async fn first(
    tx: &mut Tx,
    service: &ServiceId,
) -> Result<Option<QueueEntry>, StoreError> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "SELECT * FROM queue_entry WHERE service_id = $1 AND state = 'waiting'
            ORDER BY created_ms, id LIMIT 1"
        }
        Engine::Postgres => {
            "SELECT * FROM queue_entry WHERE service_id = $1 AND state = 'waiting'
            ORDER BY created_ms, id LIMIT 1 FOR UPDATE SKIP LOCKED"
        }
    };
    tx.row(sql, values![service]).await?.as_ref().map(entry).transpose()
}

/// How many stand before somebody.
pub(crate) async fn ahead_of(tx: &mut Tx, one: &QueueEntry) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS count FROM queue_entry
        WHERE service_id = $1 AND state = 'waiting' AND (created_ms < $2 OR (created_ms = $2 AND id < $3))";
    let row = tx.row(sql, values![&one.service, one.created, &one.id]).await?;
    row.map_or(Ok(0), |row| row.int("count"))
}

/// Who stands in a clinic's queues, or in one of them, in order; or where one patient stands.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    (service, patient): (Option<&ServiceId>, Option<&PatientId>),
    page: &PageRequest,
) -> Result<Page<QueueEntry>, StoreError> {
    let sql = "SELECT * FROM queue_entry
        WHERE clinic_id = $1 AND state = 'waiting' AND (CAST($2 AS TEXT) IS NULL OR service_id = $2)
            AND (CAST($5 AS TEXT) IS NULL OR patient_id = $5) AND id > $3
        ORDER BY id LIMIT $4";
    let row = values![clinic, service, page.after.as_deref().unwrap_or(""), page.rows(), patient];
    let found = tx.rows(sql, row).await?.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |one| one.id.to_string()))
}

/// Who has stood in a queue since before then.
pub(crate) async fn older(
    tx: &mut Tx,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<QueueEntry>, StoreError> {
    let sql = "SELECT * FROM queue_entry WHERE state = 'waiting' AND created_ms < $1 ORDER BY created_ms LIMIT $2";
    tx.rows(sql, values![before, limit]).await?.iter().map(entry).collect()
}

/// Forgets a batch of a clinic's places that were over before then; how many.
pub(crate) async fn sweep(
    tx: &mut Tx,
    clinic: &ClinicId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM queue_entry WHERE id IN (SELECT id FROM queue_entry
        WHERE clinic_id = $3 AND ended_ms IS NOT NULL AND ended_ms < $1 ORDER BY ended_ms LIMIT $2)";
    tx.execute(sql, values![before, limit, clinic]).await
}

fn entry(row: &Row) -> Result<QueueEntry, StoreError> {
    let state = QueueState::from_name(&row.text("state")?, row.parsed_maybe("appointment_id")?);
    Ok(QueueEntry {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        state: state.ok_or(StoreError::Corrupt { column: "state" })?,
        patient: row.parsed("patient_id")?,
        service: row.parsed("service_id")?,
        created: row.time("created_ms")?,
        ended: row.time_maybe("ended_ms")?,
    })
}
