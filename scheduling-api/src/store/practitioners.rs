//! Practitioners' public cards: columns to search by, the rest as one JSON text. Nothing here is secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    domain::{
        id::{ClinicId, PractitionerId},
        profile::practitioner::{Fee, Licence, PractitionerProfile, Qualification},
        rev::Rev,
    },
    store::{StoreError, Tx, values},
};

/// A practitioner as kept.
pub(crate) struct Practitioner {
    pub(crate) id: PractitionerId,
    pub(crate) clinic: ClinicId,
    pub(crate) rev: Rev,
    pub(crate) time_zone: String,
    pub(crate) profile: PractitionerProfile,
}

/// What is shown and never searched.
#[derive(Default, Serialize, Deserialize)]
struct Credentials {
    #[serde(default)]
    qualifications: Vec<Qualification>,
    #[serde(default)]
    licences: Vec<Licence>,
}

/// Keeps a new practitioner.
pub(crate) async fn insert(
    tx: &mut Tx,
    clinic: &ClinicId,
    id: &PractitionerId,
    profile: &PractitionerProfile,
    time_zone: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO practitioner (id, clinic_id, rev, display_name, time_zone, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6)";
    tx.execute_one(sql, values![id, clinic, Rev::FIRST, &profile.display_name, time_zone, now])
        .await?;
    words(tx, clinic, id, profile).await
}

/// One practitioner.
pub(crate) async fn find(
    tx: &mut Tx,
    id: &PractitionerId,
) -> Result<Option<Practitioner>, StoreError> {
    let sql = "SELECT * FROM practitioner WHERE id = $1 AND active = 1";
    let Some(row) = tx.row(sql, values![id]).await? else { return Ok(None) };
    let sql = "SELECT specialty AS word FROM practitioner_specialty WHERE practitioner_id = $1 ORDER BY specialty";
    let specialties = texts(tx, sql, id).await?;
    let sql = "SELECT language AS word FROM practitioner_language WHERE practitioner_id = $1 ORDER BY language";
    let languages = texts(tx, sql, id).await?;
    let Credentials { qualifications, licences } = row.json("credentials")?;
    let fee = row.int_maybe("fee_minor")?.zip(row.text_maybe("fee_currency")?);
    Ok(Some(Practitioner {
        id: id.clone(),
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        time_zone: row.text("time_zone")?,
        profile: PractitionerProfile {
            display_name: row.text("display_name")?,
            specialties,
            languages,
            qualifications,
            licences,
            photo: row.text_maybe("photo")?,
            fee: fee.map(|(amount_minor, currency)| Fee { amount_minor, currency }),
            bio: row.text("biography")?,
        },
    }))
}

/// Keeps a practitioner's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, practitioner: &Practitioner) -> Result<(), StoreError> {
    let Practitioner { id, clinic, rev, time_zone, profile } = practitioner;
    let credentials = Credentials {
        qualifications: profile.qualifications.clone(),
        licences: profile.licences.clone(),
    };
    let credentials = serde_json::to_string(&credentials)
        .map_err(|error| StoreError::Schema(format!("credentials cannot be kept: {error}")))?;
    let sql = "UPDATE practitioner SET rev = $2, display_name = $3, time_zone = $4, biography = $5,
            licence_region = $6, fee_minor = $7, fee_currency = $8, photo = $9, credentials = $10
        WHERE id = $1 AND rev = $2 - 1";
    let row = values![
        id,
        *rev,
        &profile.display_name,
        time_zone,
        &profile.bio,
        profile.licences.first().map(|licence| licence.region.as_str()),
        profile.fee.as_ref().map(|fee| fee.amount_minor),
        profile.fee.as_ref().map(|fee| fee.currency.as_str()),
        profile.photo.as_deref(),
        credentials,
    ];
    tx.execute_one(sql, row).await?;
    tx.execute("DELETE FROM practitioner_specialty WHERE practitioner_id = $1", values![id])
        .await?;
    tx.execute("DELETE FROM practitioner_language WHERE practitioner_id = $1", values![id]).await?;
    words(tx, clinic, id, profile).await
}

async fn words(
    tx: &mut Tx,
    clinic: &ClinicId,
    id: &PractitionerId,
    profile: &PractitionerProfile,
) -> Result<(), StoreError> {
    for specialty in &profile.specialties {
        let sql = "INSERT INTO practitioner_specialty (practitioner_id, clinic_id, specialty) VALUES ($1, $2, $3)";
        tx.execute_one(sql, values![id, clinic, specialty]).await?;
    }
    for language in &profile.languages {
        let sql = "INSERT INTO practitioner_language (practitioner_id, clinic_id, language) VALUES ($1, $2, $3)";
        tx.execute_one(sql, values![id, clinic, language]).await?;
    }
    Ok(())
}

async fn texts(
    tx: &mut Tx,
    sql: &'static str,
    id: &PractitionerId,
) -> Result<Vec<String>, StoreError> {
    tx.rows(sql, values![id]).await?.iter().map(|row| row.text("word")).collect()
}
