//! Places on the waitlist.

use jiff::Timestamp;

use crate::{
    domain::{
        availability::Span,
        id::{AppointmentId, ClinicId, PatientId, ServiceId, WaitlistId},
        page::{Page, PageRequest},
        waitlist::{WaitState, WaitlistEntry},
    },
    store::{Row, StoreError, Tx, values},
};

/// Keeps a new place.
///
/// # Errors
/// [`StoreError::Duplicate`] when the patient waits for the same already.
pub(crate) async fn insert(tx: &mut Tx, one: &WaitlistEntry) -> Result<(), StoreError> {
    let sql = "INSERT INTO waitlist_entry (id, clinic_id, rev, state, patient_id, service_id, practitioner_id, from_ms,
            to_ms, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let row = values![
        &one.id,
        &one.clinic,
        one.rev,
        one.state.name(),
        &one.patient,
        &one.service,
        one.practitioner.as_ref(),
        one.span.start,
        one.span.end,
        one.created,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a place's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, one: &WaitlistEntry) -> Result<(), StoreError> {
    let sql = "UPDATE waitlist_entry SET rev = $2, state = $3, offered_id = $4, lapsed = $5, ended_ms = $6
        WHERE id = $1 AND rev = $2 - 1";
    let offered = one.state.appointment();
    let row = values![&one.id, one.rev, one.state.name(), offered, one.lapsed, one.ended];
    tx.execute_one(sql, row).await
}

/// One.
pub(crate) async fn find(
    tx: &mut Tx,
    id: &WaitlistId,
) -> Result<Option<WaitlistEntry>, StoreError> {
    let sql = "SELECT * FROM waitlist_entry WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(entry).transpose()
}

/// The place that a hold was offered to.
pub(crate) async fn of_offer(
    tx: &mut Tx,
    hold: &AppointmentId,
) -> Result<Option<WaitlistEntry>, StoreError> {
    let sql = "SELECT * FROM waitlist_entry WHERE offered_id = $1";
    tx.row(sql, values![hold]).await?.as_ref().map(entry).transpose()
}

/// How many wait for a visit type.
pub(crate) async fn waiting(tx: &mut Tx, service: &ServiceId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS count FROM waitlist_entry
        WHERE service_id = $1 AND state IN ('waiting', 'offered')";
    tx.row(sql, values![service]).await?.map_or(Ok(0), |row| row.int("count"))
}

/// A clinic's places, or one patient's, the newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    patient: Option<&PatientId>,
    page: &PageRequest,
) -> Result<Page<WaitlistEntry>, StoreError> {
    let sql = "SELECT * FROM waitlist_entry
        WHERE clinic_id = $1 AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR patient_id = $3)
        ORDER BY id DESC LIMIT $4";
    let row = values![clinic, page.after.as_deref().unwrap_or("~"), patient, page.rows()];
    let found = tx.rows(sql, row).await?.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |one| one.id.to_string()))
}

/// Who waits, everywhere: those who let the fewest offers go by first, then who has waited longest.
pub(crate) async fn all_waiting(tx: &mut Tx, limit: u32) -> Result<Vec<WaitlistEntry>, StoreError> {
    let sql = "SELECT * FROM waitlist_entry WHERE state = 'waiting' ORDER BY lapsed, created_ms, id LIMIT $1";
    tx.rows(sql, values![limit]).await?.iter().map(entry).collect()
}

/// Places whose kept time is kept no longer.
pub(crate) async fn lapsed(
    tx: &mut Tx,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<WaitlistEntry>, StoreError> {
    let sql = "SELECT w.* FROM waitlist_entry w JOIN appointment a ON a.id = w.offered_id
        WHERE w.state = 'offered' AND (a.state <> 'held' OR a.until_ms <= $1) ORDER BY w.created_ms LIMIT $2";
    tx.rows(sql, values![now, limit]).await?.iter().map(entry).collect()
}

/// Forgets a batch of a clinic's places that were over before then; how many.
pub(crate) async fn sweep(
    tx: &mut Tx,
    clinic: &ClinicId,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let sql = "DELETE FROM waitlist_entry WHERE id IN (SELECT id FROM waitlist_entry
        WHERE clinic_id = $3 AND ended_ms IS NOT NULL AND ended_ms < $1 ORDER BY ended_ms LIMIT $2)";
    tx.execute(sql, values![before, limit, clinic]).await
}

fn entry(row: &Row) -> Result<WaitlistEntry, StoreError> {
    let state = WaitState::from_name(&row.text("state")?, row.parsed_maybe("offered_id")?);
    Ok(WaitlistEntry {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        state: state.ok_or(StoreError::Corrupt { column: "state" })?,
        patient: row.parsed("patient_id")?,
        service: row.parsed("service_id")?,
        practitioner: row.parsed_maybe("practitioner_id")?,
        span: Span { start: row.time("from_ms")?, end: row.time("to_ms")? },
        lapsed: row.int("lapsed")?,
        created: row.time("created_ms")?,
        ended: row.time_maybe("ended_ms")?,
    })
}
