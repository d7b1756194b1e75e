//! Clinics.

use crate::{
    domain::{
        clinic::Clinic,
        id::ClinicId,
        page::{Page, PageRequest},
        retention::Retention,
        rev::Rev,
    },
    store::{Row, StoreError, Tx, json, values},
};

/// Keeps a new clinic.
pub(crate) async fn insert(tx: &mut Tx, clinic: &Clinic) -> Result<(), StoreError> {
    let sql = "INSERT INTO clinic (id, rev, name, time_zone, phone) VALUES ($1, $2, $3, $4, $5)";
    let Clinic { id, rev, name, time_zone, phone } = clinic;
    tx.execute_one(sql, values![id, *rev, name, time_zone, phone.as_deref()]).await
}

/// Keeps a changed clinic, if it still has the revision before.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, clinic: &Clinic) -> Result<(), StoreError> {
    let sql = "UPDATE clinic SET rev = $2, name = $3, time_zone = $4, phone = $5
        WHERE id = $1 AND rev = $2 - 1";
    let Clinic { id, rev, name, time_zone, phone } = clinic;
    tx.execute_one(sql, values![id, *rev, name, time_zone, phone.as_deref()]).await
}

/// One clinic.
pub(crate) async fn find(tx: &mut Tx, id: &ClinicId) -> Result<Option<Clinic>, StoreError> {
    let sql = "SELECT id, rev, name, time_zone, phone FROM clinic WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(clinic).transpose()
}

/// How long a clinic keeps what it may forget, with the revision: 0 while nothing was chosen.
pub(crate) async fn retention(
    tx: &mut Tx,
    id: &ClinicId,
) -> Result<Option<(Rev, Retention)>, StoreError> {
    let sql = "SELECT retention, retention_rev FROM clinic WHERE id = $1";
    let row = tx.row(sql, values![id]).await?;
    row.map(|row| Ok((Rev(row.int("retention_rev")?), kept(&row)?))).transpose()
}

/// Keeps how long a clinic keeps what it may forget.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn set_retention(
    tx: &mut Tx,
    id: &ClinicId,
    rev: Rev,
    retention: &Retention,
) -> Result<(), StoreError> {
    let sql = "UPDATE clinic SET retention_rev = $2, retention = $3 WHERE id = $1 AND retention_rev = $2 - 1";
    tx.execute_one(sql, values![id, rev, json(retention)?]).await
}

/// How long each clinic keeps what it may forget.
pub(crate) async fn retentions(tx: &mut Tx) -> Result<Vec<(ClinicId, Retention)>, StoreError> {
    let rows = tx.rows("SELECT id, retention FROM clinic ORDER BY id", vec![]).await?;
    rows.iter().map(|row| Ok((row.parsed("id")?, kept(row)?))).collect()
}

fn kept(row: &Row) -> Result<Retention, StoreError> {
    let text = row.text_maybe("retention")?;
    let kept = text.map(|text| serde_json::from_str(&text)).transpose();
    Ok(kept.map_err(|_| StoreError::Corrupt { column: "retention" })?.unwrap_or_default())
}

/// All clinics, the oldest first.
pub(crate) async fn list(tx: &mut Tx, page: &PageRequest) -> Result<Page<Clinic>, StoreError> {
    let sql =
        "SELECT id, rev, name, time_zone, phone FROM clinic WHERE id > $1 ORDER BY id LIMIT $2";
    let rows = tx.rows(sql, values![page.after.as_deref().unwrap_or(""), page.rows()]).await?;
    let clinics = rows.iter().map(clinic).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(clinics, page, |clinic| clinic.id.to_string()))
}

fn clinic(row: &Row) -> Result<Clinic, StoreError> {
    Ok(Clinic {
        id: row.parsed("id")?,
        rev: row.rev()?,
        name: row.text("name")?,
        time_zone: row.text("time_zone")?,
        phone: row.text_maybe("phone")?,
    })
}
