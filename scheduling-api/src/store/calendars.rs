//! A counter for each practitioner's calendar: one more with every change of it. Caches compare it; nothing is decided
//! by it.

use std::collections::BTreeMap;

use crate::{
    domain::id::{ClinicId, PractitionerId},
    store::{StoreError, Tx, values},
};

/// Counts a change.
pub(crate) async fn touch(
    tx: &mut Tx,
    clinic: &ClinicId,
    practitioner: &PractitionerId,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO calendar (practitioner_id, clinic_id, rev) VALUES ($1, $2, 1)
        ON CONFLICT (practitioner_id) DO UPDATE SET rev = calendar.rev + 1";
    tx.execute_one(sql, values![practitioner, clinic]).await
}

/// The counters of a clinic's practitioners.
pub(crate) async fn revisions(
    tx: &mut Tx,
    clinic: &ClinicId,
) -> Result<BTreeMap<PractitionerId, i64>, StoreError> {
    let sql = "SELECT practitioner_id, rev FROM calendar WHERE clinic_id = $1";
    let rows = tx.rows(sql, values![clinic]).await?;
    rows.iter().map(|row| Ok((row.parsed("practitioner_id")?, row.int("rev")?))).collect()
}
