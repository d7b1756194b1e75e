//! Threads, messages, templates. Subjects and texts are sealed with the patient's data key.

use crate::{
    crypto::{DataKey, KeyRing},
    domain::{
        id::{ClinicId, PatientId, PractitionerId, TemplateId, ThreadId, UserId},
        page::{Page, PageRequest},
        thread::{Marks, Message, MessageText, Template, Thread},
    },
    random::Random,
    store::{Row, StoreError, Tx, data_keys, values},
};

/// Whose threads are listed.
pub(crate) enum Whose<'a> {
    /// A patient's.
    Patient(&'a PatientId),
    /// A practitioner's, and those that are assigned to their account.
    Practitioner(&'a PractitionerId, Option<&'a UserId>),
    /// The clinic's as a whole.
    Clinic(&'a ClinicId),
}

/// Keeps a new thread.
pub(crate) async fn insert(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    one: &Thread,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO thread (id, clinic_id, patient_id, practitioner_id, appointment_id, rev, subject, closed,
            assigned_to, open_until_ms, messages, patient_delivered, patient_read, clinic_delivered, clinic_read,
            created_ms, last_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    let row = values![
        &one.id,
        &one.clinic,
        &one.patient,
        one.practitioner.as_ref(),
        one.appointment.as_ref(),
        one.rev,
        key.seal(random, &subject_place(&one.id), one.subject.as_bytes()),
        one.closed,
        one.assigned.as_ref(),
        one.open_until,
        int(one.messages)?,
        int(one.patient_marks.delivered)?,
        int(one.patient_marks.read)?,
        int(one.clinic_marks.delivered)?,
        int(one.clinic_marks.read)?,
        one.created_at,
        one.last_at,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a thread's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(tx: &mut Tx, one: &Thread) -> Result<(), StoreError> {
    let sql = "UPDATE thread SET rev = $2, closed = $3, assigned_to = $4, open_until_ms = $5, messages = $6,
            patient_delivered = $7, patient_read = $8, clinic_delivered = $9, clinic_read = $10, last_ms = $11
        WHERE id = $1 AND rev = $2 - 1";
    let row = values![
        &one.id,
        one.rev,
        one.closed,
        one.assigned.as_ref(),
        one.open_until,
        int(one.messages)?,
        int(one.patient_marks.delivered)?,
        int(one.patient_marks.read)?,
        int(one.clinic_marks.delivered)?,
        int(one.clinic_marks.read)?,
        one.last_at,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps how far the sides have come, which is no revision. Never back.
pub(crate) async fn mark(tx: &mut Tx, one: &Thread) -> Result<(), StoreError> {
    let sql = "UPDATE thread SET
            patient_delivered = CASE WHEN patient_delivered < $2 THEN $2 ELSE patient_delivered END,
            patient_read = CASE WHEN patient_read < $3 THEN $3 ELSE patient_read END,
            clinic_delivered = CASE WHEN clinic_delivered < $4 THEN $4 ELSE clinic_delivered END,
            clinic_read = CASE WHEN clinic_read < $5 THEN $5 ELSE clinic_read END
        WHERE id = $1";
    let row = values![
        &one.id,
        int(one.patient_marks.delivered)?,
        int(one.patient_marks.read)?,
        int(one.clinic_marks.delivered)?,
        int(one.clinic_marks.read)?,
    ];
    tx.execute_one(sql, row).await
}

/// About whom a thread is.
pub(crate) async fn patient_of(
    tx: &mut Tx,
    id: &ThreadId,
) -> Result<Option<PatientId>, StoreError> {
    let sql = "SELECT patient_id FROM thread WHERE id = $1";
    tx.row(sql, values![id]).await?.map(|row| row.parsed("patient_id")).transpose()
}

/// One thread. Whoever writes in it next waits until this transaction has ended.
pub(crate) async fn find(
    tx: &mut Tx,
    key: &DataKey,
    id: &ThreadId,
) -> Result<Option<Thread>, StoreError> {
    let sql = "SELECT * FROM thread WHERE id = $1";
    let row = tx.row(sql, values![id]).await?;
    row.map(|row| thread(&row, key)).transpose()
}

/// Lets whoever changes the thread after us wait for us.
pub(crate) async fn lock(tx: &mut Tx, id: &ThreadId) -> Result<(), StoreError> {
    tx.execute("UPDATE thread SET rev = rev WHERE id = $1", values![id]).await.map(drop)
}

/// How many of a patient's threads are open.
pub(crate) async fn count_open(tx: &mut Tx, patient: &PatientId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS count FROM thread WHERE patient_id = $1 AND closed = 0";
    tx.row(sql, values![patient]).await?.map_or(Ok(0), |row| row.int("count"))
}

/// Threads, the newest first; of one patient alone if one is named. Those of patients who were forgotten are left out.
pub(crate) async fn list(
    tx: &mut Tx,
    ring: &KeyRing,
    whose: Whose<'_>,
    of: Option<&PatientId>,
    page: &PageRequest,
) -> Result<Page<Thread>, StoreError> {
    let before = page.after.as_deref().unwrap_or("~");
    let rows = match whose {
        Whose::Patient(patient) => {
            let sql =
                "SELECT * FROM thread WHERE patient_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
            tx.rows(sql, values![patient, before, page.rows()]).await?
        }
        Whose::Practitioner(practitioner, user) => {
            let sql = "SELECT * FROM thread WHERE (practitioner_id = $1 OR assigned_to = $2)
                    AND ($3 IS NULL OR patient_id = $3) AND id < $4
                ORDER BY id DESC LIMIT $5";
            tx.rows(sql, values![practitioner, user, of, before, page.rows()]).await?
        }
        Whose::Clinic(clinic) => {
            let sql = "SELECT * FROM thread WHERE clinic_id = $1 AND practitioner_id IS NULL
                    AND ($2 IS NULL OR patient_id = $2) AND id < $3
                ORDER BY id DESC LIMIT $4";
            tx.rows(sql, values![clinic, of, before, page.rows()]).await?
        }
    };
    // The page is cut by its rows, so that it ends where it should when some are left out.
    let page = Page::of(rows, page, |row| row.text("id").unwrap_or_default());
    let mut items = Vec::new();
    for row in &page.items {
        let patient = row.parsed("patient_id")?;
        if let Some(key) = data_keys::find(tx, ring, &patient).await? {
            items.push(thread(row, &key)?);
        }
    }
    Ok(Page { items, next: page.next })
}

/// Keeps a message.
pub(crate) async fn insert_message(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    of: &Thread,
    one: &Message,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO message (id, clinic_id, thread_id, number, side, written_by, body, sent_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let plain = serde_json::to_vec(&one.text)
        .map_err(|error| StoreError::Schema(format!("a message cannot be kept: {error}")))?;
    let row = values![
        &one.id,
        &of.clinic,
        &of.id,
        int(one.number)?,
        one.side.name(),
        &one.by,
        key.seal(random, &place(one.id.as_str()), &plain),
        one.sent_at,
    ];
    tx.execute_one(sql, row).await
}

/// A message that was sent, by its number.
pub(crate) async fn find_message(
    tx: &mut Tx,
    key: &DataKey,
    id: &ThreadId,
    number: u64,
) -> Result<Option<Message>, StoreError> {
    let sql = "SELECT * FROM message WHERE thread_id = $1 AND number = $2";
    let row = tx.row(sql, values![id, int(number)?]).await?;
    row.map(|row| message(&row, key)).transpose()
}

/// A thread's messages behind a number, the oldest first.
pub(crate) async fn messages(
    tx: &mut Tx,
    key: &DataKey,
    id: &ThreadId,
    page: &PageRequest,
) -> Result<Page<Message>, StoreError> {
    let sql = "SELECT * FROM message WHERE thread_id = $1 AND number > $2 ORDER BY number LIMIT $3";
    let after: i64 = page.after.as_deref().and_then(|after| after.parse().ok()).unwrap_or(0);
    let rows = tx.rows(sql, values![id, after, page.rows()]).await?;
    let found = rows.iter().map(|row| message(row, key)).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| last.number.to_string()))
}

/// Keeps a new template.
pub(crate) async fn insert_template(tx: &mut Tx, one: &Template) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO message_template (id, clinic_id, rev, name, text) VALUES ($1, $2, $3, $4, $5)";
    tx.execute_one(sql, values![&one.id, &one.clinic, one.rev, &one.name, &one.text]).await
}

/// Keeps a template's next revision, or its end.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update_template(
    tx: &mut Tx,
    one: &Template,
    ended: bool,
) -> Result<(), StoreError> {
    let sql = "UPDATE message_template SET rev = $2, name = $3, text = $4, ended = $5
        WHERE id = $1 AND rev = $2 - 1 AND ended = 0";
    tx.execute_one(sql, values![&one.id, one.rev, &one.name, &one.text, ended]).await
}

/// One template.
pub(crate) async fn find_template(
    tx: &mut Tx,
    id: &TemplateId,
) -> Result<Option<Template>, StoreError> {
    let sql = "SELECT * FROM message_template WHERE id = $1 AND ended = 0";
    tx.row(sql, values![id]).await?.as_ref().map(template).transpose()
}

/// A clinic's templates, the oldest first.
pub(crate) async fn templates(
    tx: &mut Tx,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<Template>, StoreError> {
    let sql = "SELECT * FROM message_template WHERE clinic_id = $1 AND ended = 0 AND id > $2 ORDER BY id LIMIT $3";
    let row = values![clinic, page.after.as_deref().unwrap_or(""), page.rows()];
    let rows = tx.rows(sql, row).await?;
    let found = rows.iter().map(template).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| last.id.to_string()))
}

/// How many templates a clinic has.
pub(crate) async fn count_templates(tx: &mut Tx, clinic: &ClinicId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS count FROM message_template WHERE clinic_id = $1 AND ended = 0";
    tx.row(sql, values![clinic]).await?.map_or(Ok(0), |row| row.int("count"))
}

fn thread(row: &Row, key: &DataKey) -> Result<Thread, StoreError> {
    let id: ThreadId = row.parsed("id")?;
    let subject = key.open(&subject_place(&id), &row.bytes("subject")?).ok();
    let subject = subject.and_then(|subject| String::from_utf8(subject).ok());
    let marks = |delivered, read| {
        Ok::<_, StoreError>(Marks { delivered: row.small(delivered)?, read: row.small(read)? })
    };
    Ok(Thread {
        subject: subject.ok_or(StoreError::Corrupt { column: "subject" })?,
        clinic: row.parsed("clinic_id")?,
        patient: row.parsed("patient_id")?,
        practitioner: row.parsed_maybe("practitioner_id")?,
        appointment: row.parsed_maybe("appointment_id")?,
        rev: row.rev()?,
        closed: row.flag("closed")?,
        assigned: row.parsed_maybe("assigned_to")?,
        open_until: row.time("open_until_ms")?,
        messages: row.small("messages")?,
        patient_marks: marks("patient_delivered", "patient_read")?,
        clinic_marks: marks("clinic_delivered", "clinic_read")?,
        created_at: row.time("created_ms")?,
        last_at: row.time("last_ms")?,
        id,
    })
}

fn message(row: &Row, key: &DataKey) -> Result<Message, StoreError> {
    let corrupt = || StoreError::Corrupt { column: "body" };
    let id = row.text("id")?;
    let plain = key.open(&place(&id), &row.bytes("body")?).map_err(|_| corrupt())?;
    let text: MessageText = serde_json::from_slice(&plain).map_err(|_| corrupt())?;
    Ok(Message {
        id: row.parsed("id")?,
        number: row.small("number")?,
        side: row.parsed("side")?,
        by: row.parsed("written_by")?,
        text,
        sent_at: row.time("sent_ms")?,
    })
}

fn template(row: &Row) -> Result<Template, StoreError> {
    Ok(Template {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        name: row.text("name")?,
        text: row.text("text")?,
    })
}

fn subject_place(id: &ThreadId) -> String {
    format!("thread.subject/{id}")
}

fn place(id: &str) -> String {
    format!("message.body/{id}")
}

fn int(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Schema("a number beyond 2^63".to_owned()))
}
