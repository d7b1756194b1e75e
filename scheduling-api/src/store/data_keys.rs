//! Patients' data keys, wrapped by the key file's.

use crate::{
    crypto::{DataKey, KeyRing},
    domain::id::{ClinicId, PatientId},
    random::Random,
    store::{StoreError, Tx, values},
};

/// A new patient's key.
pub(crate) async fn create(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    clinic: &ClinicId,
    patient: &PatientId,
) -> Result<DataKey, StoreError> {
    let key = DataKey::mint(random);
    let (wrapped_by, wrapped) = ring.wrap(random, patient.as_str(), &key)?;
    let sql = "INSERT INTO data_key (patient_id, clinic_id, wrapped_by, wrapped)
        VALUES ($1, $2, $3, $4)";
    tx.execute_one(sql, values![patient, clinic, wrapped_by, wrapped]).await?;
    Ok(key)
}

/// A patient's key; none when there is none, or it was destroyed.
///
/// # Errors
/// [`StoreError::Corrupt`] when the key file cannot unwrap it, [`StoreError::KeysClosed`] when it is guarded and not open.
pub(crate) async fn find(
    tx: &mut Tx,
    ring: &KeyRing,
    patient: &PatientId,
) -> Result<Option<DataKey>, StoreError> {
    let sql =
        "SELECT wrapped_by, wrapped FROM data_key WHERE patient_id = $1 AND wrapped IS NOT NULL";
    let Some(row) = tx.row(sql, values![patient]).await? else { return Ok(None) };
    let (wrapped_by, wrapped) = (row.text("wrapped_by")?, row.bytes("wrapped")?);
    Ok(Some(ring.unwrap(patient.as_str(), &wrapped_by, &wrapped)?))
}
