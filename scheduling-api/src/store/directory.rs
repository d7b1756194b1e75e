//! Who belongs to a clinic, and what practitioners are found by. Their profiles have files of their own.

use std::collections::BTreeMap;

use crate::{
    domain::{
        directory::{Card, Wish},
        id::{ClinicId, PatientId, PractitionerId},
    },
    store::{StoreError, Tx, values},
};

/// Whether a practitioner is a clinic's, and active.
pub(crate) async fn is_practitioner_of(
    tx: &mut Tx,
    clinic: &ClinicId,
    id: &PractitionerId,
) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM practitioner WHERE id = $1 AND clinic_id = $2 AND active = 1";
    Ok(tx.row(sql, values![id, clinic]).await?.is_some())
}

/// Whether a patient is a clinic's, and active.
pub(crate) async fn is_patient_of(
    tx: &mut Tx,
    clinic: &ClinicId,
    id: &PatientId,
) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM patient WHERE id = $1 AND clinic_id = $2 AND active = 1";
    Ok(tx.row(sql, values![id, clinic]).await?.is_some())
}

/// Active practitioners of a clinic, by what they do, speak and are called.
pub(crate) async fn search(
    tx: &mut Tx,
    clinic: &ClinicId,
    wish: &Wish,
) -> Result<Vec<Card>, StoreError> {
    let sql = "SELECT id, display_name, biography, time_zone, licence_region FROM practitioner p
        WHERE clinic_id = $1 AND active = 1
            AND ($2 IS NULL OR EXISTS (SELECT 1 FROM practitioner_specialty s
                WHERE s.practitioner_id = p.id AND s.specialty = $2))
            AND ($3 IS NULL OR EXISTS (SELECT 1 FROM practitioner_language l
                WHERE l.practitioner_id = p.id AND l.language = $3))
        ORDER BY id LIMIT 2000";
    let row = values![clinic, wish.specialty.as_deref(), wish.language.as_deref()];
    let rows = tx.rows(sql, row).await?;
    let specialties = words(
        tx,
        clinic,
        "SELECT practitioner_id AS id, specialty AS word
        FROM practitioner_specialty WHERE clinic_id = $1 ORDER BY specialty",
    )
    .await?;
    let languages = words(
        tx,
        clinic,
        "SELECT practitioner_id AS id, language AS word
        FROM practitioner_language WHERE clinic_id = $1 ORDER BY language",
    )
    .await?;
    let text = wish.text.as_deref().map(str::to_lowercase);
    let mut cards = Vec::new();
    for row in &rows {
        let id: PractitionerId = row.parsed("id")?;
        let card = Card {
            display_name: row.text("display_name")?,
            biography: row.text("biography")?,
            time_zone: row.text("time_zone")?,
            licence_region: row.text_maybe("licence_region")?,
            specialties: specialties.get(&id).cloned().unwrap_or_default(),
            languages: languages.get(&id).cloned().unwrap_or_default(),
            id,
        };
        // In the program, since the engines fold case differently beyond ASCII.
        if text.as_deref().is_none_or(|text| card.mentions(text)) {
            cards.push(card);
        }
    }
    Ok(cards)
}

async fn words(
    tx: &mut Tx,
    clinic: &ClinicId,
    sql: &'static str,
) -> Result<BTreeMap<PractitionerId, Vec<String>>, StoreError> {
    let mut words: BTreeMap<PractitionerId, Vec<String>> = BTreeMap::new();
    for row in tx.rows(sql, values![clinic]).await? {
        words.entry(row.parsed("id")?).or_default().push(row.text("word")?);
    }
    Ok(words)
}
