//! Who broke the glass, why, and what the clinic says of it. The reason is sealed with the patient's key.

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::{
    crypto::KeyRing,
    domain::{
        break_glass::{BreakGlass, Review},
        id::{BreakGlassId, ClinicId, PatientId, UserId},
        page::{Page, PageRequest},
    },
    random::Random,
    store::{Row, StoreError, Tx, data_keys, values},
};

/// Keeps a new one.
///
/// # Errors
/// [`StoreError::Stale`] when the patient is forgotten.
pub(crate) async fn insert(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    glass: &BreakGlass,
    reason: &str,
) -> Result<(), StoreError> {
    let key = data_keys::find(tx, ring, &glass.patient).await?.ok_or(StoreError::Stale)?;
    let sealed = key.seal(random, &place(&glass.id), reason.as_bytes());
    let sql = "INSERT INTO break_glass (id, rev, clinic_id, user_id, practitioner_id, patient_id, code, reason,
            created_ms, until_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let row = values![
        &glass.id,
        glass.rev,
        &glass.clinic,
        &glass.user,
        &glass.practitioner,
        &glass.patient,
        glass.why.name(),
        sealed,
        glass.created,
        glass.until,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps what the clinic says.
///
/// # Errors
/// [`StoreError::Stale`] when it has said so.
pub(crate) async fn review(
    tx: &mut Tx,
    id: &BreakGlassId,
    review: &Review,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE break_glass SET rev = rev + 1, reviewed_by = $2, reviewed_ms = $3, justified = $4
        WHERE id = $1 AND reviewed_ms IS NULL";
    tx.execute_one(sql, values![id, review.by.as_ref(), review.at, review.justified]).await
}

/// One.
pub(crate) async fn find(
    tx: &mut Tx,
    ring: &KeyRing,
    id: &BreakGlassId,
) -> Result<Option<BreakGlass>, StoreError> {
    let row = tx.row("SELECT * FROM break_glass WHERE id = $1", values![id]).await?;
    match row {
        Some(row) => break_glass(tx, ring, &row).await.map(Some),
        None => Ok(None),
    }
}

/// A clinic's, the newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    ring: &KeyRing,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<BreakGlass>, StoreError> {
    let sql =
        "SELECT * FROM break_glass WHERE clinic_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let row = values![clinic, page.after.as_deref().unwrap_or("~"), page.rows()];
    let mut found = Vec::new();
    for row in &tx.rows(sql, row).await? {
        found.push(break_glass(tx, ring, row).await?);
    }
    Ok(Page::of(found, page, |glass| glass.id.to_string()))
}

/// The patients whose glass somebody has broken, and may look at now.
pub(crate) async fn open_for(
    tx: &mut Tx,
    user: &UserId,
    clinic: &ClinicId,
    now: Timestamp,
) -> Result<Vec<PatientId>, StoreError> {
    let sql =
        "SELECT patient_id FROM break_glass WHERE user_id = $1 AND until_ms > $2 AND clinic_id = $3
            AND (justified IS NULL OR justified = 1)";
    let rows = tx.rows(sql, values![user, now, clinic]).await?;
    rows.iter().map(|row| row.parsed("patient_id")).collect()
}

async fn break_glass(tx: &mut Tx, ring: &KeyRing, row: &Row) -> Result<BreakGlass, StoreError> {
    let (id, patient): (BreakGlassId, PatientId) = (row.parsed("id")?, row.parsed("patient_id")?);
    let corrupt = || StoreError::Corrupt { column: "reason" };
    let reason = match data_keys::find(tx, ring, &patient).await? {
        None => None,
        Some(key) => {
            let plain = key.open(&place(&id), &row.bytes("reason")?).map_err(|_| corrupt())?;
            Some(Redacted::new(String::from_utf8(plain).map_err(|_| corrupt())?))
        }
    };
    let review = match row.time_maybe("reviewed_ms")? {
        None => None,
        Some(at) => {
            let by = row.parsed_maybe("reviewed_by")?;
            Some(Review { by, at, justified: row.flag("justified")? })
        }
    };
    Ok(BreakGlass {
        rev: row.rev()?,
        clinic: row.parsed("clinic_id")?,
        user: row.parsed("user_id")?,
        practitioner: row.parsed("practitioner_id")?,
        why: row.parsed("code")?,
        reason,
        created: row.time("created_ms")?,
        until: row.time("until_ms")?,
        review,
        patient,
        id,
    })
}

fn place(id: &BreakGlassId) -> String {
    format!("break_glass.reason/{id}")
}
