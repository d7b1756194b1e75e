//! Clinics' rules about money, and the numbers of their documents.

use crate::{
    domain::{billing::Billing, id::ClinicId, invoice::Kind, rev::Rev},
    store::{StoreError, Tx, json, values},
};

/// A clinic's rules; those that hold before anything was said, when nothing was.
pub(crate) async fn find(tx: &mut Tx, clinic: &ClinicId) -> Result<Billing, StoreError> {
    let sql = "SELECT rev, rules FROM billing WHERE clinic_id = $1";
    match tx.row(sql, values![clinic]).await? {
        Some(row) => {
            Ok(Billing { clinic: clinic.clone(), rev: row.rev()?, rules: row.json("rules")? })
        }
        None => Ok(Billing::unsaid(clinic.clone())),
    }
}

/// Keeps a clinic's rules in their next revision.
///
/// # Errors
/// [`StoreError::Stale`] or `Duplicate` when somebody else was faster.
pub(crate) async fn put(tx: &mut Tx, billing: &Billing) -> Result<(), StoreError> {
    let row = values![&billing.clinic, billing.rev, json(&billing.rules)?];
    let sql = if billing.rev == Rev::FIRST {
        "INSERT INTO billing (clinic_id, rev, rules) VALUES ($1, $2, $3)"
    } else {
        "UPDATE billing SET rev = $2, rules = $3 WHERE clinic_id = $1 AND rev = $2 - 1"
    };
    tx.execute_one(sql, row).await
}

/// The number that a clinic's next document gets. It is taken with the transaction, or not at all: there are no gaps.
pub(crate) async fn next_number(
    tx: &mut Tx,
    clinic: &ClinicId,
    kind: Kind,
) -> Result<i64, StoreError> {
    let sql = "INSERT INTO billing_counter (clinic_id, kind, last) VALUES ($1, $2, 1)
        ON CONFLICT (clinic_id, kind) DO UPDATE SET last = billing_counter.last + 1 RETURNING last";
    let row = tx.row(sql, values![clinic, kind.name()]).await?.ok_or(StoreError::Stale)?;
    row.int("last")
}
