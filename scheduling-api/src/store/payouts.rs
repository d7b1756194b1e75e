//! What practitioners were paid. A row is never changed.

use crate::{
    domain::{
        id::{ClinicId, PayoutId, PractitionerId},
        money::Money,
        page::{Page, PageRequest},
        payout::Payout,
    },
    store::{Row, StoreError, Tx, values},
};

/// Makes others who would pay this practitioner wait until this transaction ends; whether the clinic has them.
pub(crate) async fn lock(
    tx: &mut Tx,
    clinic: &ClinicId,
    practitioner: &PractitionerId,
) -> Result<bool, StoreError> {
    let sql = "UPDATE practitioner SET rev = rev WHERE id = $1 AND clinic_id = $2";
    Ok(tx.execute(sql, values![practitioner, clinic]).await? == 1)
}

/// Keeps a payout.
pub(crate) async fn insert(tx: &mut Tx, payout: &Payout) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO payout (id, clinic_id, practitioner_id, minor, currency, reference, made_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let Payout { id, clinic, practitioner, amount, reference, made_at } = payout;
    let (minor, currency) = (amount.minor, amount.currency.to_string());
    let row = values![id, clinic, practitioner, minor, currency, reference, *made_at];
    tx.execute_one(sql, row).await
}

/// One payout.
pub(crate) async fn find(tx: &mut Tx, id: &PayoutId) -> Result<Option<Payout>, StoreError> {
    let sql = "SELECT * FROM payout WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(payout).transpose()
}

/// A clinic's payouts, the newest first; to one practitioner, when one is named.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    practitioner: Option<&PractitionerId>,
    page: &PageRequest,
) -> Result<Page<Payout>, StoreError> {
    let sql = "SELECT * FROM payout
        WHERE clinic_id = $1 AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR practitioner_id = $3)
        ORDER BY id DESC LIMIT $4";
    let after = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![clinic, after, practitioner, page.rows()]).await?;
    let all = rows.iter().map(payout).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(all, page, |payout| payout.id.to_string()))
}

fn payout(row: &Row) -> Result<Payout, StoreError> {
    Ok(Payout {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        practitioner: row.parsed("practitioner_id")?,
        amount: Money { minor: row.int("minor")?, currency: row.parsed("currency")? },
        reference: row.text("reference")?,
        made_at: row.time("made_ms")?,
    })
}
