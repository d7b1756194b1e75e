//! Prescriptions, sealed with the patient's data key.

use super::notes::signature;
use crate::{
    crypto::DataKey,
    domain::{
        id::{AppointmentId, PatientId, PrescriptionId},
        page::{Page, PageRequest},
        prescription::{Prescription, PrescriptionText, Standing},
    },
    random::Random,
    store::{Row, StoreError, Tx, values},
};

/// Keeps a new draft.
pub(crate) async fn insert(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    one: &Prescription,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO prescription (id, clinic_id, appointment_id, patient_id, practitioner_id, rev, state, body,
            created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, $8)";
    let row = values![
        &one.id,
        &one.clinic,
        &one.appointment,
        &one.patient,
        &one.practitioner,
        one.rev,
        sealed(key, random, one)?,
        one.created_at,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a draft's next revision, or its signature.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update_draft(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    one: &Prescription,
) -> Result<(), StoreError> {
    let sql = "UPDATE prescription SET rev = $2, state = $3, body = $4, signed_by = $5, signed_ms = $6, hash = $7
        WHERE id = $1 AND rev = $2 - 1 AND state = 'draft'";
    let signature = one.standing.signature();
    let row = values![
        &one.id,
        one.rev,
        one.standing.name(),
        sealed(key, random, one)?,
        signature.map(|signature| &signature.by),
        signature.map(|signature| signature.at),
        signature.map(|signature| signature.hash.clone()),
    ];
    tx.execute_one(sql, row).await
}

/// Forgets a draft.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster, or it is no draft.
pub(crate) async fn discard(tx: &mut Tx, one: &Prescription) -> Result<(), StoreError> {
    let sql = "DELETE FROM prescription WHERE id = $1 AND rev = $2 - 1 AND state = 'draft'";
    tx.execute_one(sql, values![&one.id, one.rev]).await
}

/// Keeps that one was taken back, and why.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster, or it is not in force.
pub(crate) async fn cancel(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    one: &Prescription,
) -> Result<(), StoreError> {
    let Standing::Cancelled { at, reason, .. } = &one.standing else {
        return Err(StoreError::Stale);
    };
    let sql = "UPDATE prescription SET rev = $2, state = 'cancelled', cancelled_ms = $3, cancel_reason = $4
        WHERE id = $1 AND rev = $2 - 1 AND state = 'active'";
    let reason = key.seal(random, &reason_place(&one.id), reason.as_bytes());
    tx.execute_one(sql, values![&one.id, one.rev, *at, reason]).await
}

/// For whom a prescription is, and of which visit; nothing of what it says.
pub(crate) async fn about(
    tx: &mut Tx,
    id: &PrescriptionId,
) -> Result<Option<(AppointmentId, PatientId)>, StoreError> {
    let sql = "SELECT appointment_id, patient_id FROM prescription WHERE id = $1";
    let row = tx.row(sql, values![id]).await?;
    row.map(|row| Ok((row.parsed("appointment_id")?, row.parsed("patient_id")?))).transpose()
}

/// One prescription.
pub(crate) async fn find(
    tx: &mut Tx,
    key: &DataKey,
    id: &PrescriptionId,
) -> Result<Option<Prescription>, StoreError> {
    let sql = "SELECT * FROM prescription WHERE id = $1";
    let row = tx.row(sql, values![id]).await?;
    row.map(|row| prescription(&row, key)).transpose()
}

/// A patient's prescriptions, newest first; of the drafts only those of one visit's practitioner, if one is named.
pub(crate) async fn of_patient(
    tx: &mut Tx,
    key: &DataKey,
    patient: &PatientId,
    drafts_of: Option<&crate::domain::id::PractitionerId>,
    page: &PageRequest,
) -> Result<Page<Prescription>, StoreError> {
    let sql = "SELECT * FROM prescription
        WHERE patient_id = $1 AND (state <> 'draft' OR practitioner_id = $2) AND id < $3
        ORDER BY id DESC LIMIT $4";
    let before = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![patient, drafts_of, before, page.rows()]).await?;
    let found = rows.iter().map(|row| prescription(row, key)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| last.id.to_string()))
}

/// How many a visit has.
pub(crate) async fn count_of(tx: &mut Tx, appointment: &AppointmentId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS count FROM prescription WHERE appointment_id = $1";
    tx.row(sql, values![appointment]).await?.map_or(Ok(0), |row| row.int("count"))
}

/// Keeps by what a printed prescription is found.
pub(crate) async fn keep_code(
    tx: &mut Tx,
    one: &Prescription,
    hash: &[u8],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO prescription_code (hash, clinic_id, prescription_id) VALUES ($1, $2, $3)
        ON CONFLICT DO NOTHING";
    tx.execute(sql, values![hash, &one.clinic, &one.id]).await.map(drop)
}

/// Where the prescription stands that has a code; nothing else of it.
pub(crate) async fn state_by_code(tx: &mut Tx, hash: &[u8]) -> Result<Option<String>, StoreError> {
    let sql = "SELECT p.state AS state FROM prescription_code c JOIN prescription p ON p.id = c.prescription_id
        WHERE c.hash = $1";
    tx.row(sql, values![hash]).await?.map(|row| row.text("state")).transpose()
}

fn prescription(row: &Row, key: &DataKey) -> Result<Prescription, StoreError> {
    let id: PrescriptionId = row.parsed("id")?;
    let corrupt = |column| StoreError::Corrupt { column };
    let plain = key.open(&place(&id), &row.bytes("body")?).map_err(|_| corrupt("body"))?;
    let text: PrescriptionText = serde_json::from_slice(&plain).map_err(|_| corrupt("body"))?;
    let standing = match row.text("state")?.as_str() {
        "draft" => Standing::Draft,
        "active" => Standing::Active(signature(row)?),
        "cancelled" => {
            let reason = key.open(&reason_place(&id), &row.bytes("cancel_reason")?);
            let reason = reason.ok().and_then(|reason| String::from_utf8(reason).ok());
            Standing::Cancelled {
                signature: signature(row)?,
                at: row.time("cancelled_ms")?,
                reason: reason.ok_or_else(|| corrupt("cancel_reason"))?,
            }
        }
        _ => return Err(corrupt("state")),
    };
    Ok(Prescription {
        id,
        clinic: row.parsed("clinic_id")?,
        appointment: row.parsed("appointment_id")?,
        patient: row.parsed("patient_id")?,
        practitioner: row.parsed("practitioner_id")?,
        rev: row.rev()?,
        text,
        standing,
        created_at: row.time("created_ms")?,
    })
}

fn sealed(key: &DataKey, random: &Random, one: &Prescription) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(&one.text)
        .map_err(|error| StoreError::Schema(format!("a prescription cannot be kept: {error}")))?;
    Ok(key.seal(random, &place(&one.id), &plain))
}

fn place(id: &PrescriptionId) -> String {
    format!("prescription.body/{id}")
}

fn reason_place(id: &PrescriptionId) -> String {
    format!("prescription.cancel_reason/{id}")
}
