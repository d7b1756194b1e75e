//! What insurers are asked to pay. One claim a visit; its codes are sealed with the patient's key.

use crate::{
    crypto::DataKey,
    domain::{
        id::{AppointmentId, ClinicId, InsuranceClaimId, PatientId, PayerId},
        insurance::{claim::InsuranceClaim, codes::ClaimCodes},
        page::{Page, PageRequest},
    },
    random::Random,
    store::{StoreError, Tx, json, values},
};

/// Keeps a new claim.
///
/// # Errors
/// [`StoreError::Duplicate`] when the visit is claimed already.
pub(crate) async fn insert(tx: &mut Tx, claim: &InsuranceClaim) -> Result<(), StoreError> {
    let sql = "INSERT INTO insurance_claim (id, clinic_id, rev, appointment_id, patient_id, coverage_id, payer_id, control,
            state, currency, patient_minor, insurer_minor, paid_minor, adjusted_minor, decided_minor, body, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    let row = values![
        &claim.id,
        &claim.clinic,
        claim.rev,
        &claim.appointment,
        &claim.patient,
        &claim.coverage,
        &claim.payer,
        &claim.control,
        claim.state.name(),
        claim.currency.to_string(),
        claim.parts.patient.total(),
        claim.parts.insurer.total(),
        claim.decided.paid,
        claim.decided.adjusted,
        claim.decided.patient,
        json(claim)?,
        claim.created_at,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a claim's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, claim: &InsuranceClaim) -> Result<(), StoreError> {
    let sql = "UPDATE insurance_claim SET rev = $2, state = $3, paid_minor = $4, adjusted_minor = $5, decided_minor = $6,
            body = $7
        WHERE id = $1 AND rev = $2 - 1";
    let row = values![
        &claim.id,
        claim.rev,
        claim.state.name(),
        claim.decided.paid,
        claim.decided.adjusted,
        claim.decided.patient,
        json(claim)?,
    ];
    tx.execute_one(sql, row).await
}

/// One claim.
pub(crate) async fn find(
    tx: &mut Tx,
    id: &InsuranceClaimId,
) -> Result<Option<InsuranceClaim>, StoreError> {
    let row = tx.row("SELECT body FROM insurance_claim WHERE id = $1", values![id]).await?;
    row.map(|row| row.json("body")).transpose()
}

/// The claim that a payer knows by this name.
pub(crate) async fn of_control(
    tx: &mut Tx,
    payer: &PayerId,
    control: &str,
) -> Result<Option<InsuranceClaim>, StoreError> {
    let sql = "SELECT body FROM insurance_claim WHERE payer_id = $1 AND control = $2";
    tx.row(sql, values![payer, control]).await?.map(|row| row.json("body")).transpose()
}

/// Keeps a claim's codes, which belong to its next revision.
pub(crate) async fn set_codes(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    claim: &InsuranceClaim,
    codes: &ClaimCodes,
) -> Result<(), StoreError> {
    let plain = serde_json::to_vec(codes)
        .map_err(|error| StoreError::Schema(format!("codes cannot be kept: {error}")))?;
    let sealed = key.seal(random, &place(&claim.id), &plain);
    let sql = "UPDATE insurance_claim SET codes = $2 WHERE id = $1";
    tx.execute_one(sql, values![&claim.id, sealed]).await
}

/// Whether a claim has codes.
pub(crate) async fn has_codes(tx: &mut Tx, id: &InsuranceClaimId) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM insurance_claim WHERE id = $1 AND codes IS NOT NULL";
    Ok(tx.row(sql, values![id]).await?.is_some())
}

/// A claim's codes.
pub(crate) async fn codes(
    tx: &mut Tx,
    key: &DataKey,
    id: &InsuranceClaimId,
) -> Result<Option<ClaimCodes>, StoreError> {
    let corrupt = || StoreError::Corrupt { column: "codes" };
    let sql = "SELECT codes FROM insurance_claim WHERE id = $1 AND codes IS NOT NULL";
    let Some(row) = tx.row(sql, values![id]).await? else { return Ok(None) };
    let plain = key.open(&place(id), &row.bytes("codes")?).map_err(|_| corrupt())?;
    serde_json::from_slice(&plain).map(Some).map_err(|_| corrupt())
}

fn place(id: &InsuranceClaimId) -> String {
    format!("insurance_claim.codes/{id}")
}

/// A visit's claim.
pub(crate) async fn of_appointment(
    tx: &mut Tx,
    visit: &AppointmentId,
) -> Result<Option<InsuranceClaim>, StoreError> {
    let sql = "SELECT body FROM insurance_claim WHERE appointment_id = $1";
    tx.row(sql, values![visit]).await?.map(|row| row.json("body")).transpose()
}

/// A clinic's claims, the newest first; of a patient, when one is named.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    patient: Option<&PatientId>,
    page: &PageRequest,
) -> Result<Page<InsuranceClaim>, StoreError> {
    let sql = "SELECT body FROM insurance_claim
        WHERE clinic_id = $1 AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR patient_id = $3)
        ORDER BY id DESC LIMIT $4";
    let after = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![clinic, after, patient, page.rows()]).await?;
    let all =
        rows.iter().map(|row| row.json("body")).collect::<Result<Vec<InsuranceClaim>, _>>()?;
    Ok(Page::of(all, page, |claim| claim.id.to_string()))
}

/// Has the money of a patient's visits looked at that are over and not claimed.
pub(crate) async fn look_at_unclaimed(
    tx: &mut Tx,
    patient: &PatientId,
    now: jiff::Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO settlement_due (appointment_id, clinic_id, due_ms)
        SELECT a.id, a.clinic_id, $2 FROM appointment a
        WHERE a.patient_id = $1 AND a.state = 'completed'
            AND NOT EXISTS (SELECT 1 FROM insurance_claim c WHERE c.appointment_id = a.id)
        ON CONFLICT (appointment_id) DO NOTHING";
    tx.execute(sql, values![patient, now]).await.map(drop)
}
