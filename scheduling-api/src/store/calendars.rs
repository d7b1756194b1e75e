//! A counter for each practitioner's calendar: one more with every change of it. Caches compare it; nothing is decided
//! by it.

use std::collections::BTreeMap;

use crate::{
    domain::{
        id::{ClinicId, PractitionerId, ServiceId},
        rev::Rev,
    },
    store::{Row, Store, StoreError, Tx, values},
};

/// A visit type's revision, and a practitioner's counter: all that a search of what was read before has to know.
pub(crate) async fn glance(
    store: &Store,
    service: &ServiceId,
    practitioner: Option<&PractitionerId>,
) -> Result<Option<(Rev, i64)>, StoreError> {
    let sql = "SELECT rev, (SELECT rev FROM calendar WHERE practitioner_id = $2) AS calendar_rev
        FROM service WHERE id = $1";
    let rows = store.glance(sql, values![service, practitioner]).await?;
    let read = |row: &Row| Ok((row.rev()?, row.int_maybe("calendar_rev")?.unwrap_or_default()));
    rows.first().map(read).transpose()
}

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
