//! Where a provider's books and ours differ.

use jiff::Timestamp;

use crate::{
    domain::{
        id::{ClinicId, PaymentId},
        page::{Page, PageRequest},
        payment::Method,
    },
    store::{Row, StoreError, Tx, values},
};

/// One difference.
#[derive(Debug, Clone)]
pub(crate) struct Difference {
    /// What it is about and how it differs: the same for as long as it lasts.
    pub(crate) key: String,
    pub(crate) clinic: Option<ClinicId>,
    pub(crate) kind: String,
    pub(crate) method: Method,
    pub(crate) payment: Option<PaymentId>,
    pub(crate) provider_id: Option<String>,
    pub(crate) ours: Option<String>,
    pub(crate) theirs: Option<String>,
    pub(crate) found: Timestamp,
}

/// Keeps a difference; whether it is new.
pub(crate) async fn keep(
    tx: &mut Tx,
    difference: &Difference,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE payment_difference SET seen_ms = $2, ours = $3, theirs = $4, cleared_ms = NULL WHERE key = $1";
    let (ours, theirs) = (difference.ours.as_deref(), difference.theirs.as_deref());
    if tx.execute(sql, values![&difference.key, now, ours, theirs]).await? > 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO payment_difference (key, clinic_id, kind, method, payment_id, provider_id, ours, theirs,
            found_ms, seen_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)";
    let row = values![
        &difference.key,
        difference.clinic.as_ref(),
        &difference.kind,
        difference.method.name(),
        difference.payment.as_ref(),
        difference.provider_id.as_deref(),
        ours,
        theirs,
        now,
    ];
    tx.execute_one(sql, row).await?;
    Ok(true)
}

/// Ends differences that a whole comparison has not seen again; how many.
pub(crate) async fn clear(
    tx: &mut Tx,
    before: Timestamp,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let sql =
        "UPDATE payment_difference SET cleared_ms = $2 WHERE cleared_ms IS NULL AND seen_ms < $1";
    tx.execute(sql, values![before, now]).await
}

/// Differences that last; a clinic's, or everybody's.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: Option<&ClinicId>,
    page: &PageRequest,
) -> Result<Page<Difference>, StoreError> {
    let sql = "SELECT * FROM payment_difference
        WHERE cleared_ms IS NULL AND key > $1 AND (CAST($2 AS TEXT) IS NULL OR clinic_id = $2) ORDER BY key LIMIT $3";
    let after = page.after.as_deref().unwrap_or("");
    let rows = tx.rows(sql, values![after, clinic, page.rows()]).await?;
    let all = rows.iter().map(difference).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(all, page, |one| one.key.clone()))
}

/// Takes the next comparison upon oneself: from when it is to compare, or nothing when another has, or it is too early.
pub(crate) async fn take_turn(
    tx: &mut Tx,
    not_since: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "UPDATE reconciliation SET last_ms = $2 WHERE id = 1 AND last_ms <= $1";
    Ok(tx.execute(sql, values![not_since, now]).await? > 0)
}

fn difference(row: &Row) -> Result<Difference, StoreError> {
    Ok(Difference {
        key: row.text("key")?,
        clinic: row.parsed_maybe("clinic_id")?,
        kind: row.text("kind")?,
        method: row.parsed("method")?,
        payment: row.parsed_maybe("payment_id")?,
        provider_id: row.text_maybe("provider_id")?,
        ours: row.text_maybe("ours")?,
        theirs: row.text_maybe("theirs")?,
        found: row.time("found_ms")?,
    })
}
