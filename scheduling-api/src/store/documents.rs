//! Documents, their parts and shares. What they are called and contain is sealed.

use jiff::Timestamp;

use crate::{
    crypto::{DataKey, content::ContentKey},
    domain::{
        document::{Card, Document, RefusedFor, Share, Standing},
        id::{AppointmentId, ClinicId, DocumentId, PatientId, PractitionerId, ShareId, UserId},
        page::{Page, PageRequest},
    },
    random::Random,
    store::{Row, StoreError, Tx, values},
};

/// Keeps a new document and its sealed key.
pub(crate) async fn insert(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    one: &Document,
    content_key: &[u8],
) -> Result<(), StoreError> {
    let sql = "INSERT INTO document (id, clinic_id, patient_id, appointment_id, created_by, side, rev, state, size,
            body, content_key, created_ms, touched_ms, recorded_as)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'uploading', $8, $9, $10, $11, $11, $12)";
    let row = values![
        &one.id,
        &one.clinic,
        &one.patient,
        one.appointment.as_ref(),
        one.by.as_ref().map_or("", UserId::as_str),
        one.side.name(),
        one.rev,
        int(one.size)?,
        sealed(key, random, one)?,
        content_key,
        one.created_at,
        one.recorded_as.as_deref(),
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a document's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    one: &Document,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE document SET rev = $2, state = $3, body = $4, scanned = $5, refused_for = $6, finding = $7,
            touched_ms = $8, lease_ms = 0
        WHERE id = $1 AND rev = $2 - 1";
    let (scanned, why, finding) = match &one.standing {
        Standing::Ready { scanned } => (Some(*scanned), None, None),
        Standing::Refused { why, finding } => (None, Some(why.name()), finding.as_deref()),
        Standing::Uploading | Standing::Checking | Standing::Discarded => (None, None, None),
    };
    let row = values![
        &one.id,
        one.rev,
        one.standing.name(),
        sealed(key, random, one)?,
        scanned,
        why,
        finding,
        now,
    ];
    tx.execute_one(sql, row).await?;
    if matches!(one.standing, Standing::Refused { .. } | Standing::Discarded) {
        // Its objects are deleted later, and a copy of them somewhere opens no more.
        let sql = "UPDATE document SET content_key = $2 WHERE id = $1";
        tx.execute_one(sql, values![&one.id, Vec::new()]).await?;
    }
    Ok(())
}

/// Keeps that a part is there, and with the first what the document is.
///
/// # Errors
/// [`StoreError::Duplicate`] when the part is there already; [`StoreError::Stale`] when the upload has ended.
pub(crate) async fn insert_part(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    one: &Document,
    (number, object): (u64, &str),
    now: Timestamp,
) -> Result<(), StoreError> {
    // First the document: whoever completes it meanwhile waits here, or is seen here.
    if number == 0 {
        let sql =
            "UPDATE document SET touched_ms = $2, body = $3 WHERE id = $1 AND state = 'uploading'";
        tx.execute_one(sql, values![&one.id, now, sealed(key, random, one)?]).await?;
    } else {
        let sql = "UPDATE document SET touched_ms = $2 WHERE id = $1 AND state = 'uploading'";
        tx.execute_one(sql, values![&one.id, now]).await?;
    }
    let sql = "INSERT INTO document_part (document_id, number, clinic_id, object) VALUES ($1, $2, $3, $4)";
    tx.execute_one(sql, values![&one.id, int(number)?, &one.clinic, object]).await
}

/// About whom a document is; nothing of what it says.
pub(crate) async fn patient_of(
    tx: &mut Tx,
    id: &DocumentId,
) -> Result<Option<PatientId>, StoreError> {
    let sql = "SELECT patient_id FROM document WHERE id = $1";
    tx.row(sql, values![id]).await?.map(|row| row.parsed("patient_id")).transpose()
}

/// One document.
pub(crate) async fn find(
    tx: &mut Tx,
    key: &DataKey,
    id: &DocumentId,
) -> Result<Option<Document>, StoreError> {
    let sql = "SELECT * FROM document WHERE id = $1 AND state <> 'erased'";
    let row = tx.row(sql, values![id]).await?;
    row.map(|row| document(&row, key)).transpose()
}

/// The key of a document's parts.
pub(crate) async fn content_key(
    tx: &mut Tx,
    key: &DataKey,
    id: &DocumentId,
) -> Result<Option<ContentKey>, StoreError> {
    let sql = "SELECT content_key FROM document WHERE id = $1 AND state <> 'erased'";
    let Some(row) = tx.row(sql, values![id]).await? else { return Ok(None) };
    let opened = ContentKey::open(key, id.as_str(), &row.bytes("content_key")?);
    opened.map(Some).map_err(|_| StoreError::Corrupt { column: "content_key" })
}

/// Which document objects are a patient's, discarded and refused ones left out; newest first.
pub(crate) async fn of_patient(
    tx: &mut Tx,
    key: &DataKey,
    patient: &PatientId,
    page: &PageRequest,
) -> Result<Page<Document>, StoreError> {
    let sql = "SELECT * FROM document
        WHERE patient_id = $1 AND state IN ('uploading', 'checking', 'ready', 'refused') AND id < $2
        ORDER BY id DESC LIMIT $3";
    let before = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![patient, before, page.rows()]).await?;
    let found = rows.iter().map(|row| document(row, key)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| last.id.to_string()))
}

/// The document that a file of a recording is; also if it was forgotten.
pub(crate) async fn recorded_as(
    tx: &mut Tx,
    recorded_as: &str,
) -> Result<Option<DocumentId>, StoreError> {
    let sql = "SELECT id FROM document WHERE recorded_as = $1";
    tx.row(sql, values![recorded_as]).await?.map(|row| row.parsed("id")).transpose()
}

/// The recordings of a visit, in the order in which they were taken in.
pub(crate) async fn recordings_of(
    tx: &mut Tx,
    key: &DataKey,
    visit: &AppointmentId,
    patient: &PatientId,
    page: &PageRequest,
) -> Result<Page<Document>, StoreError> {
    let sql = "SELECT * FROM document
        WHERE patient_id = $1 AND appointment_id = $2 AND recorded_as IS NOT NULL
            AND state IN ('uploading', 'checking', 'ready', 'refused') AND id > $3
        ORDER BY id LIMIT $4";
    let after = page.after.as_deref().unwrap_or("");
    let rows = tx.rows(sql, values![patient, visit, after, page.rows()]).await?;
    let found = rows.iter().map(|row| document(row, key)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| last.id.to_string()))
}

/// Recordings that a clinic had already then.
pub(crate) async fn recorded_before(
    tx: &mut Tx,
    clinic: &ClinicId,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<(ClinicId, DocumentId)>, StoreError> {
    let sql = "SELECT clinic_id, id FROM document
        WHERE clinic_id = $1 AND created_ms < $2 AND recorded_as IS NOT NULL AND state = 'ready'
        ORDER BY created_ms LIMIT $3";
    ids(&tx.rows(sql, values![clinic, before, limit]).await?)
}

/// How many uploads of a patient are not complete.
pub(crate) async fn open_uploads(tx: &mut Tx, patient: &PatientId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS count FROM document WHERE patient_id = $1 AND state = 'uploading'
        AND recorded_as IS NULL";
    tx.row(sql, values![patient]).await?.map_or(Ok(0), |row| row.int("count"))
}

/// The parts that are there, each with its object's name, in order.
pub(crate) async fn parts(tx: &mut Tx, id: &DocumentId) -> Result<Vec<(u64, String)>, StoreError> {
    let sql = "SELECT number, object FROM document_part WHERE document_id = $1 ORDER BY number";
    let rows = tx.rows(sql, values![id]).await?;
    rows.iter().map(|row| Ok((row.small("number")?, row.text("object")?))).collect()
}

/// Documents that wait for their verdict, the oldest first.
pub(crate) async fn to_check(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(ClinicId, DocumentId)>, StoreError> {
    let sql = "SELECT clinic_id, id FROM document WHERE state = 'checking' AND emptied = 0 AND lease_ms <= $1
        ORDER BY touched_ms LIMIT $2";
    ids(&tx.rows(sql, values![now, limit]).await?)
}

/// Documents whose bytes are to be deleted.
pub(crate) async fn to_empty(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(ClinicId, DocumentId)>, StoreError> {
    let sql = "SELECT clinic_id, id FROM document
        WHERE state IN ('refused', 'discarded', 'erased') AND emptied = 0 AND lease_ms <= $1
        ORDER BY touched_ms LIMIT $2";
    ids(&tx.rows(sql, values![now, limit]).await?)
}

/// Uploads that nobody went on with since. A recording is gone on with until it is in the record.
pub(crate) async fn abandoned(
    tx: &mut Tx,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<(ClinicId, DocumentId)>, StoreError> {
    let sql = "SELECT clinic_id, id FROM document WHERE state = 'uploading' AND emptied = 0 AND touched_ms < $1
            AND recorded_as IS NULL
        ORDER BY touched_ms LIMIT $2";
    ids(&tx.rows(sql, values![before, limit]).await?)
}

/// Takes a document to work on until then.
///
/// # Errors
/// [`StoreError::Stale`] when another process has it.
pub(crate) async fn lease(
    tx: &mut Tx,
    id: &DocumentId,
    until: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE document SET lease_ms = $2 WHERE id = $1 AND lease_ms <= $3";
    tx.execute_one(sql, values![id, until, now]).await
}

/// Keeps that a document's bytes are deleted.
pub(crate) async fn emptied(tx: &mut Tx, id: &DocumentId) -> Result<(), StoreError> {
    tx.execute("DELETE FROM document_part WHERE document_id = $1", values![id]).await?;
    tx.execute_one("UPDATE document SET emptied = 1 WHERE id = $1", values![id]).await
}

/// Forgets a patient's documents; their bytes are deleted by the worker.
pub(crate) async fn erase(
    tx: &mut Tx,
    patient: &PatientId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE document SET state = 'erased', rev = rev + 1, body = $2, content_key = $2, scanned = NULL,
            refused_for = NULL, finding = NULL, lease_ms = 0, touched_ms = $3
        WHERE patient_id = $1 AND state <> 'erased'";
    tx.execute(sql, values![patient, Vec::new(), now]).await.map(drop)
}

/// Keeps a new share.
pub(crate) async fn insert_share(tx: &mut Tx, share: &Share) -> Result<(), StoreError> {
    let sql = "INSERT INTO document_share (id, clinic_id, patient_id, document_id, practitioner_id, created_by,
            created_ms, until_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let row = values![
        &share.id,
        &share.clinic,
        &share.patient,
        share.document.as_ref(),
        &share.practitioner,
        &share.by,
        share.created_at,
        share.until,
    ];
    tx.execute_one(sql, row).await
}

/// One share.
pub(crate) async fn find_share(tx: &mut Tx, id: &ShareId) -> Result<Option<Share>, StoreError> {
    let sql = "SELECT * FROM document_share WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(share).transpose()
}

/// Takes a share back.
///
/// # Errors
/// [`StoreError::Stale`] when it was.
pub(crate) async fn revoke_share(
    tx: &mut Tx,
    id: &ShareId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE document_share SET revoked_ms = $2 WHERE id = $1 AND revoked_ms IS NULL";
    tx.execute_one(sql, values![id, now]).await
}

/// A patient's shares, newest first, those that ended too.
pub(crate) async fn shares_of(
    tx: &mut Tx,
    patient: &PatientId,
    page: &PageRequest,
) -> Result<Page<Share>, StoreError> {
    let sql =
        "SELECT * FROM document_share WHERE patient_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let before = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![patient, before, page.rows()]).await?;
    let found = rows.iter().map(share).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| last.id.to_string()))
}

/// How many of a patient's shares are in force.
pub(crate) async fn live_shares(
    tx: &mut Tx,
    patient: &PatientId,
    now: Timestamp,
) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS count FROM document_share
        WHERE patient_id = $1 AND revoked_ms IS NULL AND until_ms > $2";
    tx.row(sql, values![patient, now]).await?.map_or(Ok(0), |row| row.int("count"))
}

/// Whether a patient lets a practitioner read a document, or all of them when none is named, now.
pub(crate) async fn is_shared(
    tx: &mut Tx,
    patient: &PatientId,
    practitioner: &PractitionerId,
    document: Option<&DocumentId>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let sql = "SELECT id FROM document_share
        WHERE patient_id = $1 AND practitioner_id = $2 AND (document_id IS NULL OR document_id = $3)
            AND revoked_ms IS NULL AND until_ms > $4
        LIMIT 1";
    Ok(tx.row(sql, values![patient, practitioner, document, now]).await?.is_some())
}

/// The single documents that a patient lets a practitioner read now.
pub(crate) async fn shared_with(
    tx: &mut Tx,
    key: &DataKey,
    patient: &PatientId,
    practitioner: &PractitionerId,
    now: Timestamp,
) -> Result<Vec<Document>, StoreError> {
    let sql = "SELECT d.* FROM document d
        WHERE d.patient_id = $1 AND d.state = 'ready' AND EXISTS (SELECT 1 FROM document_share s
            WHERE s.document_id = d.id AND s.practitioner_id = $2 AND s.revoked_ms IS NULL AND s.until_ms > $3)
        ORDER BY d.id DESC LIMIT 100";
    let rows = tx.rows(sql, values![patient, practitioner, now]).await?;
    rows.iter().map(|row| document(row, key)).collect()
}

fn ids(rows: &[Row]) -> Result<Vec<(ClinicId, DocumentId)>, StoreError> {
    rows.iter().map(|row| Ok((row.parsed("clinic_id")?, row.parsed("id")?))).collect()
}

fn document(row: &Row, key: &DataKey) -> Result<Document, StoreError> {
    let id: DocumentId = row.parsed("id")?;
    let corrupt = |column| StoreError::Corrupt { column };
    let plain = key.open(&place(&id), &row.bytes("body")?).map_err(|_| corrupt("body"))?;
    let card: Card = serde_json::from_slice(&plain).map_err(|_| corrupt("body"))?;
    let standing = match row.text("state")?.as_str() {
        "uploading" => Standing::Uploading,
        "checking" => Standing::Checking,
        "ready" => Standing::Ready { scanned: row.flag("scanned")? },
        "refused" => {
            let why = RefusedFor::named(&row.text("refused_for")?);
            let why = why.ok_or(corrupt("refused_for"))?;
            Standing::Refused { why, finding: row.text_maybe("finding")? }
        }
        "discarded" => Standing::Discarded,
        _ => return Err(corrupt("state")),
    };
    Ok(Document {
        id,
        clinic: row.parsed("clinic_id")?,
        patient: row.parsed("patient_id")?,
        appointment: row.parsed_maybe("appointment_id")?,
        by: match row.text("created_by")? {
            nobody if nobody.is_empty() => None,
            _ => Some(row.parsed("created_by")?),
        },
        recorded_as: row.text_maybe("recorded_as")?,
        side: row.parsed("side")?,
        rev: row.rev()?,
        size: row.small("size")?,
        card,
        standing,
        created_at: row.time("created_ms")?,
    })
}

fn share(row: &Row) -> Result<Share, StoreError> {
    Ok(Share {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        patient: row.parsed("patient_id")?,
        document: row.parsed_maybe("document_id")?,
        practitioner: row.parsed("practitioner_id")?,
        by: row.parsed("created_by")?,
        created_at: row.time("created_ms")?,
        until: row.time("until_ms")?,
        revoked_at: row.time_maybe("revoked_ms")?,
    })
}

fn sealed(key: &DataKey, random: &Random, one: &Document) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(&one.card)
        .map_err(|error| StoreError::Schema(format!("a document cannot be kept: {error}")))?;
    Ok(key.seal(random, &place(&one.id), &plain))
}

fn place(id: &DocumentId) -> String {
    format!("document.body/{id}")
}

fn int(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Schema("a size beyond 2^63".to_owned()))
}
