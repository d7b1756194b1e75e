//! What insurers have paid at once. A row is never changed.

use crate::{
    domain::{
        id::ClinicId,
        insurance::remittance::Posted,
        money::Money,
        page::{Page, PageRequest},
    },
    store::{Row, StoreError, Tx, values},
};

/// Keeps one.
///
/// # Errors
/// [`StoreError::Duplicate`] when this payer's transfer was posted before.
pub(crate) async fn insert(tx: &mut Tx, one: &Posted) -> Result<(), StoreError> {
    let sql = "INSERT INTO remittance (id, clinic_id, payer_id, trace, currency, paid_minor, posted_minor, posted, misfits,
            received_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let row = values![
        &one.id,
        &one.clinic,
        &one.payer,
        &one.trace,
        one.paid.currency.to_string(),
        one.paid.minor,
        one.posted_minor,
        one.posted,
        one.misfits,
        one.received_at,
    ];
    tx.execute_one(sql, row).await
}

/// A clinic's, the newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<Posted>, StoreError> {
    let sql = "SELECT * FROM remittance WHERE clinic_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let after = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![clinic, after, page.rows()]).await?;
    let all = rows.iter().map(posted).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(all, page, |one| one.id.to_string()))
}

fn posted(row: &Row) -> Result<Posted, StoreError> {
    Ok(Posted {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        payer: row.parsed("payer_id")?,
        trace: row.text("trace")?,
        paid: Money { minor: row.int("paid_minor")?, currency: row.parsed("currency")? },
        posted_minor: row.int("posted_minor")?,
        posted: row.small("posted")?,
        misfits: row.small("misfits")?,
        received_at: row.time("received_ms")?,
    })
}
