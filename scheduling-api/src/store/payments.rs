//! Payments and refunds. A row holds all of it as JSON, and beside it in columns what the database decides and searches
//! by: that nothing is captured above what is reserved, nothing refunded above what is captured, no invoice asked for
//! twice at a time.

use jiff::Timestamp;

use crate::{
    domain::{
        id::{AppointmentId, ClinicId, PatientId, PaymentId, RefundId},
        page::{Page, PageRequest},
        payment::{Method, Payment, Refund},
        rev::Rev,
    },
    store::{Row, StoreError, Tx, json, values},
};

/// Keeps a new payment.
///
/// # Errors
/// [`StoreError::Duplicate`] when the invoice has an open one.
pub(crate) async fn insert(tx: &mut Tx, payment: &Payment) -> Result<(), StoreError> {
    let sql = "INSERT INTO payment (id, clinic_id, rev, invoice_id, appointment_id, patient_id, method, state, currency,
            amount_minor, authorized_minor, captured_minor, refunded_minor, claimed_minor, reference, provider_id,
            look_ms, body, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)";
    let Payment { totals, .. } = payment;
    let row = values![
        &payment.id,
        &payment.clinic,
        payment.rev,
        &payment.invoice,
        &payment.appointment,
        &payment.patient,
        payment.method.name(),
        payment.stage.name(),
        payment.amount.currency.to_string(),
        payment.amount.minor,
        totals.authorized,
        totals.captured,
        totals.refunded,
        totals.claimed,
        &payment.reference,
        payment.provider_id.as_deref(),
        payment.look_at,
        json(payment)?,
        payment.created_at,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a changed payment that had this revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, payment: &Payment, seen: Rev) -> Result<(), StoreError> {
    let sql = "UPDATE payment SET rev = $2, state = $3, authorized_minor = $4, captured_minor = $5, refunded_minor = $6,
            claimed_minor = $7, provider_id = $8, look_ms = $9, body = $10
        WHERE id = $1 AND rev = $11";
    let Payment { totals, .. } = payment;
    let row = values![
        &payment.id,
        payment.rev,
        payment.stage.name(),
        totals.authorized,
        totals.captured,
        totals.refunded,
        totals.claimed,
        payment.provider_id.as_deref(),
        payment.look_at,
        json(payment)?,
        seen,
    ];
    tx.execute_one(sql, row).await
}

/// One payment.
pub(crate) async fn find(tx: &mut Tx, id: &PaymentId) -> Result<Option<Payment>, StoreError> {
    let row = tx.row("SELECT body FROM payment WHERE id = $1", values![id]).await?;
    row.as_ref().map(payment).transpose()
}

/// The payment that a provider calls so.
pub(crate) async fn by_provider(
    tx: &mut Tx,
    method: Method,
    provider_id: &str,
) -> Result<Option<Payment>, StoreError> {
    let sql = "SELECT body FROM payment WHERE method = $1 AND provider_id = $2";
    tx.row(sql, values![method.name(), provider_id]).await?.as_ref().map(payment).transpose()
}

/// The payment that we told a provider of by this reference.
pub(crate) async fn by_reference(
    tx: &mut Tx,
    reference: &str,
) -> Result<Option<Payment>, StoreError> {
    let sql = "SELECT body FROM payment WHERE reference = $1 OR id = $1";
    tx.row(sql, values![reference]).await?.as_ref().map(payment).transpose()
}

/// A visit's payments, the oldest first.
pub(crate) async fn of_appointment(
    tx: &mut Tx,
    appointment: &AppointmentId,
) -> Result<Vec<Payment>, StoreError> {
    let sql = "SELECT body FROM payment WHERE appointment_id = $1 ORDER BY id";
    tx.rows(sql, values![appointment]).await?.iter().map(payment).collect()
}

/// A clinic's payments, the newest first; of a patient or a visit, when one is named.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    patient: Option<&PatientId>,
    appointment: Option<&AppointmentId>,
    page: &PageRequest,
) -> Result<Page<Payment>, StoreError> {
    let sql = "SELECT body FROM payment
        WHERE clinic_id = $1 AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR patient_id = $3)
            AND (CAST($4 AS TEXT) IS NULL OR appointment_id = $4)
        ORDER BY id DESC LIMIT $5";
    let after = page.after.as_deref().unwrap_or("~");
    let row = values![clinic, after, patient, appointment, page.rows()];
    let all = tx.rows(sql, row).await?.iter().map(payment).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(all, page, |payment| payment.id.to_string()))
}

/// Payments that are to be looked at now.
pub(crate) async fn due(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Payment>, StoreError> {
    let sql = "SELECT body FROM payment WHERE look_ms IS NOT NULL AND look_ms <= $1 ORDER BY look_ms, id LIMIT $2";
    tx.rows(sql, values![now, limit]).await?.iter().map(payment).collect()
}

/// Payments made since then, and those that are open, after this one in the order of their ids.
pub(crate) async fn since(
    tx: &mut Tx,
    from: Timestamp,
    after: &str,
    limit: u32,
) -> Result<Vec<Payment>, StoreError> {
    let sql = "SELECT body FROM payment
        WHERE id > $2 AND (created_ms >= $1 OR state IN ('created', 'unknown', 'requires_action', 'authorized'))
        ORDER BY id LIMIT $3";
    tx.rows(sql, values![from, after, limit]).await?.iter().map(payment).collect()
}

/// Keeps a new refund.
pub(crate) async fn insert_refund(
    tx: &mut Tx,
    clinic: &ClinicId,
    refund: &Refund,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO refund (id, clinic_id, rev, payment_id, state, amount_minor, look_ms, body, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let row = values![
        &refund.id,
        clinic,
        refund.rev,
        &refund.payment,
        refund.state.name(),
        refund.amount.minor,
        refund.look_at,
        json(refund)?,
        refund.created_at,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a changed refund that had this revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update_refund(
    tx: &mut Tx,
    refund: &Refund,
    seen: Rev,
) -> Result<(), StoreError> {
    let sql = "UPDATE refund SET rev = $2, state = $3, look_ms = $4, body = $5 WHERE id = $1 AND rev = $6";
    let row =
        values![&refund.id, refund.rev, refund.state.name(), refund.look_at, json(refund)?, seen,];
    tx.execute_one(sql, row).await
}

/// One refund.
pub(crate) async fn find_refund(tx: &mut Tx, id: &RefundId) -> Result<Option<Refund>, StoreError> {
    let row = tx.row("SELECT body FROM refund WHERE id = $1", values![id]).await?;
    row.as_ref().map(|row| row.json("body")).transpose()
}

/// A payment's refunds, the oldest first.
pub(crate) async fn refunds(tx: &mut Tx, payment: &PaymentId) -> Result<Vec<Refund>, StoreError> {
    let sql = "SELECT body FROM refund WHERE payment_id = $1 ORDER BY id";
    tx.rows(sql, values![payment]).await?.iter().map(|row| row.json("body")).collect()
}

/// Refunds that are to be looked at now.
pub(crate) async fn due_refunds(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<Refund>, StoreError> {
    let sql = "SELECT body FROM refund WHERE look_ms IS NOT NULL AND look_ms <= $1 ORDER BY look_ms, id LIMIT $2";
    tx.rows(sql, values![now, limit]).await?.iter().map(|row| row.json("body")).collect()
}

/// Refunds that wait for a person.
pub(crate) async fn manual_refunds(tx: &mut Tx, limit: u32) -> Result<Vec<Refund>, StoreError> {
    let sql = "SELECT body FROM refund WHERE state = 'manual' ORDER BY id LIMIT $1";
    tx.rows(sql, values![limit]).await?.iter().map(|row| row.json("body")).collect()
}

fn payment(row: &Row) -> Result<Payment, StoreError> {
    row.json("body")
}
