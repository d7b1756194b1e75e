//! What patients ask for about their data, and the copies that were made.

use jiff::Timestamp;

use crate::{
    domain::{
        data_request::DataRequest,
        id::{ClinicId, DataRequestId, PatientId},
        page::{Page, PageRequest},
    },
    store::{Row, StoreError, Tx, values},
};

/// Keeps a new request.
///
/// # Errors
/// [`StoreError::Duplicate`] when the same is asked for already.
pub(crate) async fn insert(tx: &mut Tx, request: &DataRequest) -> Result<(), StoreError> {
    let sql = "INSERT INTO data_request (id, rev, clinic_id, patient_id, kind, state, requested_by, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let DataRequest { id, rev, clinic, patient, kind, state, requested_by, created, .. } = request;
    let row = values![
        id,
        *rev,
        clinic,
        patient,
        kind.name(),
        state.name(),
        requested_by.as_ref(),
        *created,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a request's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, request: &DataRequest) -> Result<(), StoreError> {
    let sql = "UPDATE data_request SET rev = $2, state = $3, reviewed_by = $4, reviewed_ms = $5, done_ms = $6
        WHERE id = $1 AND rev = $2 - 1";
    let row = values![
        &request.id,
        request.rev,
        request.state.name(),
        request.reviewed_by.as_ref(),
        request.reviewed,
        request.done,
    ];
    tx.execute_one(sql, row).await
}

/// One.
pub(crate) async fn find(
    tx: &mut Tx,
    id: &DataRequestId,
) -> Result<Option<DataRequest>, StoreError> {
    let sql = "SELECT * FROM data_request WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(request).transpose()
}

/// A clinic's, or one patient's, the newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    patient: Option<&PatientId>,
    page: &PageRequest,
) -> Result<Page<DataRequest>, StoreError> {
    let sql = "SELECT * FROM data_request
        WHERE clinic_id = $1 AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR patient_id = $3)
        ORDER BY id DESC LIMIT $4";
    let row = values![clinic, page.after.as_deref().unwrap_or("~"), patient, page.rows()];
    let found = tx.rows(sql, row).await?.iter().map(request).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |request| request.id.to_string()))
}

/// Those that wait for the worker, the longest waiting first.
pub(crate) async fn approved(
    tx: &mut Tx,
    limit: u32,
) -> Result<Vec<(ClinicId, DataRequestId)>, StoreError> {
    let sql = "SELECT clinic_id, id FROM data_request WHERE state = 'approved' ORDER BY reviewed_ms LIMIT $1";
    let rows = tx.rows(sql, values![limit]).await?;
    rows.iter().map(|row| Ok((row.parsed("clinic_id")?, row.parsed("id")?))).collect()
}

/// Keeps the copy, sealed.
pub(crate) async fn set_bundle(
    tx: &mut Tx,
    id: &DataRequestId,
    sealed: &[u8],
) -> Result<(), StoreError> {
    let sql = "UPDATE data_request SET bundle = $2 WHERE id = $1";
    tx.execute_one(sql, values![id, sealed]).await
}

/// The copy, sealed.
pub(crate) async fn bundle(tx: &mut Tx, id: &DataRequestId) -> Result<Option<Vec<u8>>, StoreError> {
    let row = tx.row("SELECT bundle FROM data_request WHERE id = $1", values![id]).await?;
    Ok(row.map(|row| row.bytes_maybe("bundle")).transpose()?.flatten())
}

/// Forgets copies that were made before then: who wants one asks again.
pub(crate) async fn sweep(
    tx: &mut Tx,
    clinic: &ClinicId,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let sql = "UPDATE data_request SET bundle = NULL
        WHERE bundle IS NOT NULL AND clinic_id = $1 AND done_ms < $2";
    tx.execute(sql, values![clinic, before]).await
}

fn request(row: &Row) -> Result<DataRequest, StoreError> {
    Ok(DataRequest {
        id: row.parsed("id")?,
        rev: row.rev()?,
        clinic: row.parsed("clinic_id")?,
        patient: row.parsed("patient_id")?,
        kind: row.parsed("kind")?,
        state: row.parsed("state")?,
        requested_by: row.parsed_maybe("requested_by")?,
        reviewed_by: row.parsed_maybe("reviewed_by")?,
        created: row.time("created_ms")?,
        reviewed: row.time_maybe("reviewed_ms")?,
        done: row.time_maybe("done_ms")?,
    })
}
