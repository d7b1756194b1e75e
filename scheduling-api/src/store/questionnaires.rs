//! Questionnaires and their revisions. What they ask says nothing about people, so it is not sealed.

use jiff::Timestamp;

use crate::{
    domain::{
        id::{ClinicId, QuestionnaireId},
        page::{Page, PageRequest},
        questionnaire::{Definition, Questionnaire},
        rev::Rev,
    },
    store::{Row, StoreError, Tx, json, values},
};

/// Keeps a new questionnaire.
pub(crate) async fn insert(
    tx: &mut Tx,
    one: &Questionnaire,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO questionnaire (id, clinic_id, rev, status, definition, created_ms, changed_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $6)";
    let status = one.definition.status.word();
    let row = values![&one.id, &one.clinic, one.rev, status, json(&one.definition)?, now];
    tx.execute_one(sql, row).await?;
    insert_version(tx, one).await
}

/// Keeps a questionnaire's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(
    tx: &mut Tx,
    one: &Questionnaire,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE questionnaire SET rev = $2, status = $3, definition = $4, changed_ms = $5
        WHERE id = $1 AND rev = $2 - 1";
    let status = one.definition.status.word();
    tx.execute_one(sql, values![&one.id, one.rev, status, json(&one.definition)?, now]).await?;
    insert_version(tx, one).await
}

async fn insert_version(tx: &mut Tx, one: &Questionnaire) -> Result<(), StoreError> {
    let sql = "INSERT INTO questionnaire_version (questionnaire_id, rev, clinic_id, definition) VALUES ($1, $2, $3, $4)";
    tx.execute_one(sql, values![&one.id, one.rev, &one.clinic, json(&one.definition)?]).await
}

/// How many questionnaires a clinic has.
pub(crate) async fn count_of(tx: &mut Tx, clinic: &ClinicId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) AS count FROM questionnaire WHERE clinic_id = $1";
    tx.row(sql, values![clinic]).await?.map_or(Ok(0), |row| row.int("count"))
}

/// One questionnaire.
pub(crate) async fn find(
    tx: &mut Tx,
    id: &QuestionnaireId,
) -> Result<Option<Questionnaire>, StoreError> {
    let sql = "SELECT * FROM questionnaire WHERE id = $1";
    tx.row(sql, values![id]).await?.as_ref().map(questionnaire).transpose()
}

/// What a questionnaire asked in one of its revisions.
pub(crate) async fn version(
    tx: &mut Tx,
    id: &QuestionnaireId,
    rev: Rev,
) -> Result<Option<Definition>, StoreError> {
    let sql =
        "SELECT definition FROM questionnaire_version WHERE questionnaire_id = $1 AND rev = $2";
    tx.row(sql, values![id, rev]).await?.map(|row| row.json("definition")).transpose()
}

/// A clinic's questionnaires in order of their making, in one state if it is named.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    status: Option<&str>,
    page: &PageRequest,
) -> Result<Page<Questionnaire>, StoreError> {
    let sql = "SELECT * FROM questionnaire WHERE clinic_id = $1 AND ($2 IS NULL OR status = $2) AND id > $3
        ORDER BY id LIMIT $4";
    let after = page.after.as_deref().unwrap_or("");
    let rows = tx.rows(sql, values![clinic, status, after, page.rows()]).await?;
    let found = rows.iter().map(questionnaire).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(found, page, |last| last.id.to_string()))
}

fn questionnaire(row: &Row) -> Result<Questionnaire, StoreError> {
    Ok(Questionnaire {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        rev: row.rev()?,
        definition: row.json("definition")?,
    })
}
