//! What providers told us, each event once, and which visits' money is to be looked at.

use jiff::Timestamp;

use crate::{
    domain::{
        id::{AppointmentId, ClinicId, PaymentId, RefundId, UserId},
        payment::Method,
    },
    store::{Row, StoreError, Tx, values},
};

/// An event.
#[derive(Debug, Clone)]
pub(crate) struct PaymentEvent {
    pub(crate) method: Method,
    pub(crate) event: String,
    pub(crate) kind: String,
    pub(crate) payment: Option<PaymentId>,
    pub(crate) refund: Option<RefundId>,
    pub(crate) provider_id: Option<String>,
    /// JSON.
    pub(crate) claim: Option<String>,
    pub(crate) attempts: u32,
}

/// Keeps an event; whether it is new.
pub(crate) async fn keep(
    tx: &mut Tx,
    event: &PaymentEvent,
    digest: &[u8],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO payment_event (method, event_id, kind, payment_id, refund_id, provider_id, claim, digest,
            received_ms, not_before_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT (method, event_id) DO NOTHING";
    let row = values![
        event.method.name(),
        &event.event,
        &event.kind,
        event.payment.as_ref(),
        event.refund.as_ref(),
        event.provider_id.as_deref(),
        event.claim.as_deref(),
        digest,
        now,
    ];
    Ok(tx.execute(sql, row).await? > 0)
}

/// Events that nobody has worked on.
pub(crate) async fn due(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<PaymentEvent>, StoreError> {
    let sql = "SELECT * FROM payment_event WHERE done_ms IS NULL AND not_before_ms <= $1
        ORDER BY not_before_ms, event_id LIMIT $2";
    tx.rows(sql, values![now, limit]).await?.iter().map(event).collect()
}

/// Ends an event; whether nobody else has.
pub(crate) async fn done(
    tx: &mut Tx,
    event: &PaymentEvent,
    outcome: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE payment_event SET done_ms = $3, outcome = $4
        WHERE method = $1 AND event_id = $2 AND done_ms IS NULL";
    let row = values![event.method.name(), &event.event, now, outcome];
    Ok(tx.execute(sql, row).await? > 0)
}

/// Lets an event wait: what it is about may not be written yet.
pub(crate) async fn put_off(
    tx: &mut Tx,
    event: &PaymentEvent,
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE payment_event SET attempts = attempts + 1, not_before_ms = $3
        WHERE method = $1 AND event_id = $2 AND done_ms IS NULL";
    tx.execute(sql, values![event.method.name(), &event.event, until]).await.map(drop)
}

/// Forgets a batch of events that were worked on before then; how many.
pub(crate) async fn sweep(tx: &mut Tx, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let sql = "DELETE FROM payment_event WHERE (method, event_id) IN
        (SELECT method, event_id FROM payment_event WHERE done_ms IS NOT NULL AND done_ms < $1
            ORDER BY done_ms LIMIT $2)";
    tx.execute(sql, values![before, limit]).await
}

fn event(row: &Row) -> Result<PaymentEvent, StoreError> {
    Ok(PaymentEvent {
        method: row.parsed("method")?,
        event: row.text("event_id")?,
        kind: row.text("kind")?,
        payment: row.parsed_maybe("payment_id")?,
        refund: row.parsed_maybe("refund_id")?,
        provider_id: row.text_maybe("provider_id")?,
        claim: row.text_maybe("claim")?,
        attempts: row.small("attempts")?,
    })
}

/// Has the money of a visit looked at.
pub(crate) async fn look_at(
    tx: &mut Tx,
    clinic: &ClinicId,
    visit: &AppointmentId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO settlement_due (appointment_id, clinic_id, due_ms) VALUES ($1, $2, $3)
        ON CONFLICT (appointment_id) DO UPDATE SET due_ms = $3, attempts = 0";
    tx.execute(sql, values![visit, clinic, now]).await.map(drop)
}

/// Visits whose money is to be looked at.
pub(crate) async fn to_settle(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(ClinicId, AppointmentId)>, StoreError> {
    let sql = "SELECT clinic_id, appointment_id FROM settlement_due WHERE due_ms <= $1 ORDER BY due_ms LIMIT $2";
    let rows = tx.rows(sql, values![now, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed("clinic_id")?, row.parsed("appointment_id")?))).collect()
}

/// It was looked at; whether it was still to be.
pub(crate) async fn settled(tx: &mut Tx, visit: &AppointmentId) -> Result<bool, StoreError> {
    let sql = "DELETE FROM settlement_due WHERE appointment_id = $1";
    Ok(tx.execute(sql, values![visit]).await? > 0)
}

/// It could not be: later.
pub(crate) async fn settle_later(
    tx: &mut Tx,
    visit: &AppointmentId,
    until: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE settlement_due SET due_ms = $2, attempts = attempts + 1 WHERE appointment_id = $1";
    tx.execute(sql, values![visit, until]).await.map(drop)
}

/// Lets a patient off the fee of a visit; whether it is new.
pub(crate) async fn waive_fee(
    tx: &mut Tx,
    clinic: &ClinicId,
    visit: &AppointmentId,
    by: Option<&UserId>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "INSERT INTO fee_waiver (appointment_id, clinic_id, waived_by, waived_ms) VALUES ($1, $2, $3, $4)
        ON CONFLICT (appointment_id) DO NOTHING";
    Ok(tx.execute(sql, values![visit, clinic, by, now]).await? > 0)
}

/// Whether a patient was let off the fee of a visit.
pub(crate) async fn is_fee_waived(tx: &mut Tx, visit: &AppointmentId) -> Result<bool, StoreError> {
    let sql = "SELECT appointment_id FROM fee_waiver WHERE appointment_id = $1";
    Ok(tx.row(sql, values![visit]).await?.is_some())
}
