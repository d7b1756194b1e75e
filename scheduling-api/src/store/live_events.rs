//! What those who watch are told, numbered in one order: within the transaction that hands a message out, so that a
//! number is there for all or for nobody, and none is skipped.

use jiff::Timestamp;

use crate::{
    domain::{
        id::{ClinicId, PatientId, PractitionerId, UserId},
        live::{Audience, LiveEvent},
        rev::Rev,
    },
    store::{Row, StoreError, Tx, values},
};

/// Numbers a new event and keeps it. Holds the numbering until the commit: events appear in their order.
pub(crate) async fn append(tx: &mut Tx, event: &mut LiveEvent) -> Result<(), StoreError> {
    let sql = "UPDATE live_head SET seq = seq + 1 WHERE id = 1 RETURNING seq";
    let head = tx.row(sql, vec![]).await?.ok_or(StoreError::Corrupt { column: "live_head" })?;
    event.seq = head.int("seq")?;
    let sql = "INSERT INTO live_event (seq, clinic_id, topic, aggregate_id, aggregate_rev, patient_id, practitioner_id,
            user_id, body, at_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let Audience { clinic, patient, practitioner, user } = &event.audience;
    let row = values![
        event.seq,
        clinic,
        &event.topic,
        &event.aggregate,
        event.rev,
        patient.as_ref(),
        practitioner.as_ref(),
        user.as_ref(),
        event.data.to_string(),
        event.at,
    ];
    tx.execute_one(sql, row).await
}

/// The number of the newest event.
pub(crate) async fn head(tx: &mut Tx) -> Result<i64, StoreError> {
    let row = tx.row("SELECT seq FROM live_head WHERE id = 1", vec![]).await?;
    row.ok_or(StoreError::Corrupt { column: "live_head" })?.int("seq")
}

/// A clinic's events behind a number, in order.
pub(crate) async fn after(
    tx: &mut Tx,
    clinic: &ClinicId,
    seq: i64,
    limit: u32,
) -> Result<Vec<LiveEvent>, StoreError> {
    let sql = "SELECT * FROM live_event WHERE clinic_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    tx.rows(sql, values![clinic, seq, limit]).await?.iter().map(live_event).collect()
}

/// All clinics' events behind a number, in order: what another process has handed out.
pub(crate) async fn all_after(
    tx: &mut Tx,
    seq: i64,
    limit: u32,
) -> Result<Vec<LiveEvent>, StoreError> {
    let sql = "SELECT * FROM live_event WHERE seq > $1 ORDER BY seq LIMIT $2";
    tx.rows(sql, values![seq, limit]).await?.iter().map(live_event).collect()
}

/// Whether everything behind a number is still there.
pub(crate) async fn remembers(tx: &mut Tx, seq: i64) -> Result<bool, StoreError> {
    let row = tx.row("SELECT MIN(seq) AS first FROM live_event", vec![]).await?;
    let first = row.map(|row| row.int_maybe("first")).transpose()?.flatten();
    let head = head(tx).await?;
    Ok(seq <= head && first.map_or(seq == head, |first| seq >= first - 1))
}

/// Forgets a batch of old events; how many.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM live_event WHERE seq IN
        (SELECT seq FROM live_event WHERE at_ms < $1 ORDER BY at_ms LIMIT $2)";
    tx.execute(sql, values![before, limit]).await
}

fn live_event(row: &Row) -> Result<LiveEvent, StoreError> {
    Ok(LiveEvent {
        seq: row.int("seq")?,
        topic: row.text("topic")?,
        aggregate: row.text("aggregate_id")?,
        rev: Rev(row.int("aggregate_rev")?),
        audience: Audience {
            clinic: row.parsed("clinic_id")?,
            patient: row.parsed_maybe::<PatientId>("patient_id")?,
            practitioner: row.parsed_maybe::<PractitionerId>("practitioner_id")?,
            user: row.parsed_maybe::<UserId>("user_id")?,
        },
        data: row.json("body")?,
        at: row.time("at_ms")?,
    })
}
