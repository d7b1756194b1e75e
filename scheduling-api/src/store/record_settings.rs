//! What clinics chose about their records.

use crate::{
    domain::{id::ClinicId, record_settings::RecordSettings, rev::Rev},
    store::{StoreError, Tx, json, values},
};

/// A clinic's choices, and how often it chose; the defaults, never chosen, when it has not.
pub(crate) async fn find(
    tx: &mut Tx,
    clinic: &ClinicId,
) -> Result<(Rev, RecordSettings), StoreError> {
    let sql = "SELECT rev, body FROM record_settings WHERE clinic_id = $1";
    match tx.row(sql, values![clinic]).await? {
        Some(row) => Ok((row.rev()?, row.json("body")?)),
        None => Ok((Rev(0), RecordSettings::default())),
    }
}

/// Keeps a clinic's next choices.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn set(
    tx: &mut Tx,
    clinic: &ClinicId,
    rev: Rev,
    settings: &RecordSettings,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO record_settings (clinic_id, rev, body) VALUES ($1, $2, $3)
        ON CONFLICT (clinic_id) DO UPDATE SET rev = excluded.rev, body = excluded.body
        WHERE record_settings.rev = excluded.rev - 1";
    tx.execute_one(sql, values![clinic, rev, json(settings)?]).await
}
