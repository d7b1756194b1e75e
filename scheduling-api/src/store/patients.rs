//! Patients. The profile is one value sealed with the patient's own key; language and zone stand beside it, because
//! reminders are sorted by them and they name nobody.

use jiff::Timestamp;

use crate::{
    crypto::{DataKey, KeyRing},
    domain::{
        id::{ClinicId, PatientId},
        profile::patient::PatientProfile,
        rev::Rev,
    },
    random::Random,
    store::{StoreError, Tx, data_keys, values},
};

/// A patient as kept.
pub(crate) struct Patient {
    pub(crate) id: PatientId,
    pub(crate) clinic: ClinicId,
    pub(crate) rev: Rev,
    pub(crate) profile: PatientProfile,
}

/// Keeps a new patient, with a new key.
pub(crate) async fn insert(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    clinic: &ClinicId,
    id: &PatientId,
    profile: &PatientProfile,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = data_keys::create(tx, ring, random, clinic, id).await?;
    let sql = "INSERT INTO patient (id, clinic_id, rev, time_zone, language, profile, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let sealed = seal(&key, random, id, profile)?;
    let row = values![id, clinic, Rev::FIRST, &profile.time_zone, &profile.language, sealed, now];
    tx.execute_one(sql, row).await
}

/// One patient whose key is not destroyed.
pub(crate) async fn find(
    tx: &mut Tx,
    ring: &KeyRing,
    id: &PatientId,
) -> Result<Option<Patient>, StoreError> {
    let sql = "SELECT clinic_id, rev, profile FROM patient WHERE id = $1 AND profile IS NOT NULL";
    let Some(row) = tx.row(sql, values![id]).await? else { return Ok(None) };
    let Some(key) = data_keys::find(tx, ring, id).await? else { return Ok(None) };
    let corrupt = || StoreError::Corrupt { column: "profile" };
    let plain = key.open(&place(id), &row.bytes("profile")?).map_err(|_| corrupt())?;
    let profile = serde_json::from_slice(&plain).map_err(|_| corrupt())?;
    Ok(Some(Patient { id: id.clone(), clinic: row.parsed("clinic_id")?, rev: row.rev()?, profile }))
}

/// Keeps a patient's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    patient: &Patient,
) -> Result<(), StoreError> {
    let Patient { id, rev, profile, .. } = patient;
    let key = data_keys::find(tx, ring, id).await?.ok_or(StoreError::Stale)?;
    let sql = "UPDATE patient SET rev = $2, time_zone = $3, language = $4, profile = $5
        WHERE id = $1 AND rev = $2 - 1";
    let sealed = seal(&key, random, id, profile)?;
    tx.execute_one(sql, values![id, *rev, &profile.time_zone, &profile.language, sealed]).await
}

/// Makes others who would lock the patient wait until this transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: &PatientId) -> Result<(), StoreError> {
    tx.execute("UPDATE patient SET rev = rev WHERE id = $1", values![id]).await.map(drop)
}

fn seal(
    key: &DataKey,
    random: &Random,
    id: &PatientId,
    profile: &PatientProfile,
) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(profile)
        .map_err(|error| StoreError::Schema(format!("a profile cannot be kept: {error}")))?;
    Ok(key.seal(random, &place(id), &plain))
}

fn place(id: &PatientId) -> String {
    format!("patient.profile/{id}")
}

/// Some of a clinic's patients whose key is not destroyed, in order of their making, behind one.
pub(crate) async fn batch(
    tx: &mut Tx,
    ring: &KeyRing,
    clinic: &ClinicId,
    after: &str,
    limit: u32,
) -> Result<Vec<Patient>, StoreError> {
    let sql = "SELECT p.id, p.clinic_id, p.rev, p.profile, k.wrapped_by, k.wrapped FROM patient p
        JOIN data_key k ON k.patient_id = p.id AND k.wrapped IS NOT NULL
        WHERE p.clinic_id = $1 AND p.id > $2 AND p.active = 1 AND p.profile IS NOT NULL ORDER BY p.id LIMIT $3";
    let rows = tx.rows(sql, values![clinic, after, limit]).await?;
    let opened = rows.iter().map(|row| {
        let corrupt = |column| StoreError::Corrupt { column };
        let id: PatientId = row.parsed("id")?;
        let key = ring.unwrap(id.as_str(), &row.text("wrapped_by")?, &row.bytes("wrapped")?)?;
        let plain =
            key.open(&place(&id), &row.bytes("profile")?).map_err(|_| corrupt("profile"))?;
        let profile = serde_json::from_slice(&plain).map_err(|_| corrupt("profile"))?;
        Ok(Patient { id, clinic: row.parsed("clinic_id")?, rev: row.rev()?, profile })
    });
    opened.collect()
}
