//! Payers, and coverages. What identifies a patient at an insurer is sealed with the patient's key.

use crate::{
    crypto::{DataKey, KeyRing},
    domain::{
        id::{ClinicId, CoverageId, PatientId, PayerId},
        insurance::{Coverage, CoverageCard, Payer},
        page::{Page, PageRequest},
    },
    random::Random,
    store::{Row, StoreError, Tx, data_keys, json, values},
};

/// Keeps a new payer.
///
/// # Errors
/// [`StoreError::Duplicate`] when the clinic has one of this code.
pub(crate) async fn insert_payer(tx: &mut Tx, payer: &Payer) -> Result<(), StoreError> {
    let sql = "INSERT INTO payer (id, clinic_id, rev, code, body, created_ms) VALUES ($1, $2, $3, $4, $5, $6)";
    let Payer { id, clinic, rev, card, created_at } = payer;
    tx.execute_one(sql, values![id, clinic, *rev, &card.code, json(payer)?, *created_at]).await
}

/// Keeps a payer's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster, [`StoreError::Duplicate`] as above.
pub(crate) async fn update_payer(tx: &mut Tx, payer: &Payer) -> Result<(), StoreError> {
    let sql = "UPDATE payer SET rev = $2, code = $3, body = $4 WHERE id = $1 AND rev = $2 - 1";
    tx.execute_one(sql, values![&payer.id, payer.rev, &payer.card.code, json(payer)?]).await
}

/// One payer.
pub(crate) async fn find_payer(tx: &mut Tx, id: &PayerId) -> Result<Option<Payer>, StoreError> {
    let row = tx.row("SELECT body FROM payer WHERE id = $1", values![id]).await?;
    row.map(|row| row.json("body")).transpose()
}

/// A clinic's payers, in the order of their making.
pub(crate) async fn payers(
    tx: &mut Tx,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<Payer>, StoreError> {
    let sql = "SELECT body FROM payer WHERE clinic_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    let after = page.after.as_deref().unwrap_or_default();
    let rows = tx.rows(sql, values![clinic, after, page.rows()]).await?;
    let all = rows.iter().map(|row| row.json("body")).collect::<Result<Vec<Payer>, _>>()?;
    Ok(Page::of(all, page, |payer| payer.id.to_string()))
}

/// How many payers a clinic has.
pub(crate) async fn count_of_payers(tx: &mut Tx, clinic: &ClinicId) -> Result<usize, StoreError> {
    let sql = "SELECT COUNT(*) AS number FROM payer WHERE clinic_id = $1";
    count(tx.row(sql, values![clinic]).await?)
}

/// How many coverages a patient has, ended ones too.
pub(crate) async fn count_of_coverages(
    tx: &mut Tx,
    patient: &PatientId,
) -> Result<usize, StoreError> {
    let sql = "SELECT COUNT(*) AS number FROM coverage WHERE patient_id = $1";
    count(tx.row(sql, values![patient]).await?)
}

fn count(row: Option<Row>) -> Result<usize, StoreError> {
    row.ok_or(StoreError::Stale)?.small("number")
}

/// Keeps a new coverage.
pub(crate) async fn insert_coverage(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    coverage: &Coverage,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO coverage (id, clinic_id, rev, patient_id, payer_id, active, starts_on, ends_on, document_id,
            body, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let card = &coverage.card;
    let row = values![
        &coverage.id,
        &coverage.clinic,
        coverage.rev,
        &coverage.patient,
        &coverage.payer,
        card.active,
        card.starts_on.map(|day| day.to_string()),
        card.ends_on.map(|day| day.to_string()),
        card.document.as_ref(),
        sealed(key, random, coverage)?,
        coverage.created_at,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a coverage's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update_coverage(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    coverage: &Coverage,
) -> Result<(), StoreError> {
    let sql = "UPDATE coverage SET rev = $2, active = $3, starts_on = $4, ends_on = $5, document_id = $6, body = $7
        WHERE id = $1 AND rev = $2 - 1";
    let card = &coverage.card;
    let row = values![
        &coverage.id,
        coverage.rev,
        card.active,
        card.starts_on.map(|day| day.to_string()),
        card.ends_on.map(|day| day.to_string()),
        card.document.as_ref(),
        sealed(key, random, coverage)?,
    ];
    tx.execute_one(sql, row).await
}

/// One coverage; none of a patient who was forgotten.
pub(crate) async fn find_coverage(
    tx: &mut Tx,
    ring: &KeyRing,
    id: &CoverageId,
) -> Result<Option<Coverage>, StoreError> {
    let sql = "SELECT * FROM coverage WHERE id = $1 AND body IS NOT NULL";
    match tx.row(sql, values![id]).await? {
        Some(row) => opened(tx, ring, &row).await,
        None => Ok(None),
    }
}

/// A clinic's coverages, the newest first; of a patient, when one is named.
pub(crate) async fn coverages(
    tx: &mut Tx,
    ring: &KeyRing,
    clinic: &ClinicId,
    patient: Option<&PatientId>,
    page: &PageRequest,
) -> Result<Page<Coverage>, StoreError> {
    let sql = "SELECT * FROM coverage
        WHERE clinic_id = $1 AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR patient_id = $3) AND body IS NOT NULL
        ORDER BY id DESC LIMIT $4";
    let after = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![clinic, after, patient, page.rows()]).await?;
    let mut all = Vec::new();
    for row in &rows {
        all.extend(opened(tx, ring, row).await?);
    }
    Ok(Page::of(all, page, |coverage| coverage.id.to_string()))
}

/// A patient's coverages, the oldest first.
pub(crate) async fn coverages_of(
    tx: &mut Tx,
    ring: &KeyRing,
    patient: &PatientId,
) -> Result<Vec<Coverage>, StoreError> {
    let sql = "SELECT * FROM coverage WHERE patient_id = $1 AND body IS NOT NULL ORDER BY id";
    let rows = tx.rows(sql, values![patient]).await?;
    let mut all = Vec::new();
    for row in &rows {
        all.extend(opened(tx, ring, row).await?);
    }
    Ok(all)
}

async fn opened(tx: &mut Tx, ring: &KeyRing, row: &Row) -> Result<Option<Coverage>, StoreError> {
    let (id, patient): (CoverageId, PatientId) = (row.parsed("id")?, row.parsed("patient_id")?);
    let Some(key) = data_keys::find(tx, ring, &patient).await? else { return Ok(None) };
    let corrupt = || StoreError::Corrupt { column: "body" };
    let plain = key.open(&place(&id), &row.bytes("body")?).map_err(|_| corrupt())?;
    Ok(Some(Coverage {
        id,
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        patient,
        payer: row.parsed("payer_id")?,
        card: CoverageCard {
            active: row.flag("active")?,
            starts_on: row.parsed_maybe("starts_on")?,
            ends_on: row.parsed_maybe("ends_on")?,
            document: row.parsed_maybe("document_id")?,
            text: serde_json::from_slice(&plain).map_err(|_| corrupt())?,
        },
        created_at: row.time("created_ms")?,
    }))
}

fn sealed(key: &DataKey, random: &Random, coverage: &Coverage) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(&coverage.card.text)
        .map_err(|error| StoreError::Schema(format!("a coverage cannot be kept: {error}")))?;
    Ok(key.seal(random, &place(&coverage.id), &plain))
}

fn place(id: &CoverageId) -> String {
    format!("coverage.body/{id}")
}
