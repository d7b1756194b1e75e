//! Notes and their addenda, sealed with the patient's data key.

use crate::{
    crypto::DataKey,
    domain::{
        id::{AddendumId, AppointmentId, NoteId, PatientId},
        note::{Addendum, Note, NoteText},
        page::{Page, PageRequest},
        signature::Signature,
    },
    random::Random,
    store::{Row, StoreError, Tx, values},
};

/// Keeps a new draft.
///
/// # Errors
/// [`StoreError::Duplicate`] when the visit has a note already.
pub(crate) async fn insert(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    note: &Note,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO note (id, clinic_id, appointment_id, patient_id, practitioner_id, rev, state, body,
            created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, $8)";
    let row = values![
        &note.id,
        &note.clinic,
        &note.appointment,
        &note.patient,
        &note.practitioner,
        note.rev,
        sealed(key, random, note)?,
        note.created_at,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a draft's next revision, or its signature.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    note: &Note,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE note SET rev = $2, state = $3, body = $4, signed_by = $5, signed_ms = $6, hash = $7
        WHERE id = $1 AND rev = $2 - 1 AND state = 'draft'";
    let signature = note.signature.as_ref();
    let row = values![
        &note.id,
        note.rev,
        if signature.is_some() { "signed" } else { "draft" },
        sealed(key, random, note)?,
        signature.map(|signature| &signature.by),
        signature.map(|signature| signature.at),
        signature.map(|signature| signature.hash.clone()),
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a note's last addendum.
///
/// # Errors
/// [`StoreError::Duplicate`] when somebody else was faster.
pub(crate) async fn insert_addendum(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    note: &Note,
    addendum: &Addendum,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO note_addendum (id, clinic_id, note_id, number, body, signed_by, signed_ms, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let body = key.seal(random, &addendum_place(&addendum.id), addendum.text.as_bytes());
    let Signature { by, at, hash } = &addendum.signature;
    let number = i64::try_from(note.addenda.len()).unwrap_or(i64::MAX);
    let row = values![&addendum.id, &note.clinic, &note.id, number, body, by, *at, hash];
    tx.execute_one(sql, row).await
}

/// The note of a visit, with its addenda.
pub(crate) async fn of_appointment(
    tx: &mut Tx,
    key: &DataKey,
    appointment: &AppointmentId,
) -> Result<Option<Note>, StoreError> {
    let sql = "SELECT * FROM note WHERE appointment_id = $1";
    let Some(row) = tx.row(sql, values![appointment]).await? else { return Ok(None) };
    let mut found = note(&row, key)?;
    found.addenda = addenda(tx, key, &found.id).await?;
    Ok(Some(found))
}

/// A patient's signed notes, newest first, with their addenda.
pub(crate) async fn signed_of(
    tx: &mut Tx,
    key: &DataKey,
    patient: &PatientId,
    page: &PageRequest,
) -> Result<Page<Note>, StoreError> {
    // Identifiers sort by the time of their making; none is beyond `~`.
    let sql = "SELECT * FROM note WHERE patient_id = $1 AND state = 'signed' AND id < $2
        ORDER BY id DESC LIMIT $3";
    let before = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![patient, before, page.rows()]).await?;
    let found = rows.iter().map(|row| note(row, key)).collect::<Result<Vec<_>, _>>()?;
    let mut found = Page::of(found, page, |last| last.id.to_string());
    for one in &mut found.items {
        one.addenda = addenda(tx, key, &one.id).await?;
    }
    Ok(found)
}

async fn addenda(tx: &mut Tx, key: &DataKey, note: &NoteId) -> Result<Vec<Addendum>, StoreError> {
    let sql = "SELECT id, body, signed_by, signed_ms, hash FROM note_addendum WHERE note_id = $1 ORDER BY number";
    let rows = tx.rows(sql, values![note]).await?;
    rows.iter().map(|row| addendum(row, key)).collect()
}

fn note(row: &Row, key: &DataKey) -> Result<Note, StoreError> {
    let id: NoteId = row.parsed("id")?;
    let corrupt = || StoreError::Corrupt { column: "body" };
    let plain = key.open(&place(&id), &row.bytes("body")?).map_err(|_| corrupt())?;
    let text: NoteText = serde_json::from_slice(&plain).map_err(|_| corrupt())?;
    let signature = match row.text("state")?.as_str() {
        "draft" => None,
        "signed" => Some(signature(row)?),
        _ => return Err(StoreError::Corrupt { column: "state" }),
    };
    Ok(Note {
        id,
        clinic: row.parsed("clinic_id")?,
        appointment: row.parsed("appointment_id")?,
        patient: row.parsed("patient_id")?,
        practitioner: row.parsed("practitioner_id")?,
        rev: row.rev()?,
        text,
        signature,
        addenda: Vec::new(),
        created_at: row.time("created_ms")?,
    })
}

fn addendum(row: &Row, key: &DataKey) -> Result<Addendum, StoreError> {
    let id: AddendumId = row.parsed("id")?;
    let corrupt = || StoreError::Corrupt { column: "body" };
    let plain = key.open(&addendum_place(&id), &row.bytes("body")?).map_err(|_| corrupt())?;
    let text = String::from_utf8(plain).map_err(|_| corrupt())?;
    Ok(Addendum { id, text, signature: signature(row)? })
}

/// The signature that stands in a row.
pub(super) fn signature(row: &Row) -> Result<Signature, StoreError> {
    Ok(Signature {
        by: row.parsed("signed_by")?,
        at: row.time("signed_ms")?,
        hash: row.text("hash")?,
    })
}

fn sealed(key: &DataKey, random: &Random, note: &Note) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(&note.text)
        .map_err(|error| StoreError::Schema(format!("a note cannot be kept: {error}")))?;
    Ok(key.seal(random, &place(&note.id), &plain))
}

fn place(id: &NoteId) -> String {
    format!("note.body/{id}")
}

fn addendum_place(id: &AddendumId) -> String {
    format!("note_addendum.body/{id}")
}
