//! Claims on time: the rows whose overlap the database refuses, on both engines.
//!
//! Before the first claim of a transaction every resource is locked, in order: on PostgreSQL two inserts that wait for
//! each other's constraint would die as a deadlock a second later. SQLite has one writer anyway. The lock keeps it fast;
//! the constraint keeps it true. `ON CONFLICT` must never be used here: it is swallowed on one engine only.

use jiff::Timestamp;

use crate::{
    domain::{
        availability::Span,
        claim::{Claim, ClaimState, Resource},
        id::{AppointmentId, ClinicId},
    },
    store::{Engine, StoreError, Tx, values},
};

/// Locks resources until the end of the transaction, so that claims on them come one after another.
pub(crate) async fn lock(tx: &mut Tx, resources: &[Resource]) -> Result<(), StoreError> {
    if tx.engine() == Engine::Sqlite {
        return Ok(());
    }
    let mut resources: Vec<_> = resources.iter().collect();
    resources.sort();
    resources.dedup();
    for resource in resources {
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) IS NULL AS locked";
        tx.rows(sql, values![resource.as_str()]).await?;
    }
    Ok(())
}

/// Claims time.
///
/// # Errors
/// [`StoreError::SlotTaken`] when the resource has another active claim in that time.
pub(crate) async fn insert(tx: &mut Tx, claim: &Claim) -> Result<(), StoreError> {
    let sql = "INSERT INTO claim (id, clinic_id, resource_id, appointment_id, start_ms, end_ms, state, expires_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let row = values![
        &claim.id,
        &claim.clinic,
        claim.resource.as_str(),
        claim.appointment.as_ref(),
        claim.span.start,
        claim.span.end,
        claim.state.name(),
        claim.state.until(),
    ];
    match tx.execute_one(sql, row).await {
        // No row and no error would mean that a constraint was swallowed.
        Err(StoreError::Stale) => Err(StoreError::SlotTaken),
        other => other,
    }
}

/// Gives an appointment's active claims another state: confirmed when it is booked, released when it ends.
pub(crate) async fn set_state(
    tx: &mut Tx,
    appointment: &AppointmentId,
    state: ClaimState,
) -> Result<u64, StoreError> {
    let sql = "UPDATE claim SET state = $2, expires_ms = $3
        WHERE appointment_id = $1 AND state IN ('held', 'confirmed', 'overbooked')";
    tx.execute(sql, values![appointment, state.name(), state.until()]).await
}

/// Says both active states, although only a held claim ends by itself: SQLite uses the partial index `claim_active` only
/// where the condition of the index is repeated word for word.
const OVERDUE: &str = "SELECT DISTINCT appointment_id FROM claim
    WHERE clinic_id = $1 AND resource_id = $2 AND state IN ('held', 'confirmed') AND expires_ms <= $5
        AND start_ms > $3 - 172800000 AND start_ms < $4 AND end_ms > $3 AND appointment_id IS NOT NULL";

/// Appointments whose kept time on a resource has ended, in a span: the booking that wants it ends them first.
pub(crate) async fn overdue(
    tx: &mut Tx,
    clinic: &ClinicId,
    resource: &Resource,
    span: Span,
    now: Timestamp,
) -> Result<Vec<AppointmentId>, StoreError> {
    let row = values![clinic, resource.as_str(), span.start, span.end, now];
    let rows = tx.rows(OVERDUE, row).await?;
    rows.iter().map(|row| row.parsed("appointment_id")).collect()
}

/// All in one row: a row for each claim costs more than the claims do.
const ACTIVE: &str = "SELECT string_agg(start_ms || ' ' || end_ms || ' ' || COALESCE(expires_ms, -1), ';' ORDER BY start_ms)
        AS claims
    FROM claim
    WHERE clinic_id = $1 AND resource_id = $2 AND state IN ('held', 'confirmed')
        AND start_ms > $3 - 172800000 AND start_ms < $4 AND end_ms > $3";

/// What occupies a resource within a span, in order, with when each ends by itself.
pub(crate) async fn active(
    tx: &mut Tx,
    clinic: &ClinicId,
    resource: &Resource,
    span: Span,
) -> Result<Vec<(Span, Option<Timestamp>)>, StoreError> {
    let row = tx.row(ACTIVE, values![clinic, resource.as_str(), span.start, span.end]).await?;
    let claims = row.map(|row| row.text_maybe("claims")).transpose()?.flatten();
    claims.iter().flat_map(|claims| claims.split(';')).map(claim).collect()
}

/// One claim, as `ACTIVE` writes it.
fn claim(text: &str) -> Result<(Span, Option<Timestamp>), StoreError> {
    let corrupt = StoreError::Corrupt { column: "claims" };
    let mut words = text.split(' ').map(|word| word.parse::<i64>().ok());
    let (Some(Some(start)), Some(Some(end)), Some(Some(until))) =
        (words.next(), words.next(), words.next())
    else {
        return Err(corrupt);
    };
    let at =
        |ms| Timestamp::from_millisecond(ms).map_err(|_| StoreError::Corrupt { column: "claims" });
    let until = if until < 0 { None } else { Some(at(until)?) };
    Ok((Span { start: at(start)?, end: at(end)? }, until))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Location, Scope, Store, StoreSettings};

    #[tokio::test]
    async fn looking_at_claims_reads_one_calendar_and_not_all() {
        let file = std::env::temp_dir().join(format!("bedside-plan-{}.db", std::process::id()));
        let settings = StoreSettings::at(Location::Sqlite(file.clone()));
        let store = Store::open(&settings).await.unwrap();
        let mut tx = store.read(Scope::Platform).await.unwrap();
        let one = values!["clinic", "resource", 0_i64, 1_i64, 1_i64];
        let other = one[..4].to_vec();
        for (text, row) in [(OVERDUE, one), (ACTIVE, other)] {
            let sql: &'static str = format!("EXPLAIN QUERY PLAN {text}").leak();
            let rows = tx.rows(sql, row).await.unwrap();
            let plan: Vec<_> = rows.iter().map(|row| row.text("detail").unwrap()).collect();
            let reads = |line: &String| {
                line.contains("COVERING INDEX claim_active (clinic_id=? AND resource_id=?")
            };
            assert!(plan.iter().any(reads), "{plan:?}");
        }
        drop(tx);
        store.close().await;
        std::fs::remove_file(file).unwrap();
    }
}
