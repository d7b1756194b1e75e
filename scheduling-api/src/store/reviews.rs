//! Reviews. What is written is sealed with the patient's data key; the stars stand alone, and stay when it is destroyed.

use crate::{
    crypto::{DataKey, KeyRing},
    domain::{
        id::{AppointmentId, ClinicId, PatientId, PractitionerId, ReviewId},
        page::{Page, PageRequest},
        review::{Review, Standing, Words},
    },
    random::Random,
    store::{Row, StoreError, Tx, data_keys, values},
};

/// Keeps a new review.
///
/// # Errors
/// [`StoreError::Duplicate`] when the visit has one.
pub(crate) async fn insert(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    one: &Review,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO review (id, clinic_id, appointment_id, patient_id, practitioner_id, rev, state, stars, body,
            created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    let row = values![
        &one.id,
        &one.clinic,
        &one.appointment,
        &one.patient,
        &one.practitioner,
        one.rev,
        one.standing.name(),
        i64::from(one.stars),
        sealed(key, random, one)?,
        one.created_at,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps a review's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(
    tx: &mut Tx,
    key: &DataKey,
    random: &Random,
    one: &Review,
) -> Result<(), StoreError> {
    let sql = "UPDATE review SET rev = $2, state = $3, body = $4 WHERE id = $1 AND rev = $2 - 1";
    let row = values![&one.id, one.rev, one.standing.name(), sealed(key, random, one)?];
    tx.execute_one(sql, row).await
}

/// By whom a review is.
pub(crate) async fn patient_of(
    tx: &mut Tx,
    id: &ReviewId,
) -> Result<Option<PatientId>, StoreError> {
    let sql = "SELECT patient_id FROM review WHERE id = $1";
    tx.row(sql, values![id]).await?.map(|row| row.parsed("patient_id")).transpose()
}

/// One review.
pub(crate) async fn find(
    tx: &mut Tx,
    key: &DataKey,
    id: &ReviewId,
) -> Result<Option<Review>, StoreError> {
    let sql = "SELECT * FROM review WHERE id = $1";
    let row = tx.row(sql, values![id]).await?;
    row.map(|row| review(&row, key)).transpose()
}

/// The review of a visit.
pub(crate) async fn of_appointment(
    tx: &mut Tx,
    key: &DataKey,
    appointment: &AppointmentId,
) -> Result<Option<Review>, StoreError> {
    let sql = "SELECT * FROM review WHERE appointment_id = $1";
    let row = tx.row(sql, values![appointment]).await?;
    row.map(|row| review(&row, key)).transpose()
}

/// A clinic's reviews in one standing, or in all, newest first. Those of patients who were forgotten are left out.
pub(crate) async fn of_clinic(
    tx: &mut Tx,
    ring: &KeyRing,
    clinic: &ClinicId,
    standing: Option<Standing>,
    page: &PageRequest,
) -> Result<Page<Review>, StoreError> {
    let sql = "SELECT * FROM review WHERE clinic_id = $1 AND ($2 IS NULL OR state = $2) AND id < $3
        ORDER BY id DESC LIMIT $4";
    let before = page.after.as_deref().unwrap_or("~");
    let standing = standing.map(Standing::name);
    let rows = tx.rows(sql, values![clinic, standing, before, page.rows()]).await?;
    opened(tx, ring, rows, page).await
}

/// A practitioner's published reviews, newest first. Those of patients who were forgotten are left out.
pub(crate) async fn published(
    tx: &mut Tx,
    ring: &KeyRing,
    practitioner: &PractitionerId,
    page: &PageRequest,
) -> Result<Page<Review>, StoreError> {
    let sql = "SELECT * FROM review WHERE practitioner_id = $1 AND state = 'published' AND id < $2
        ORDER BY id DESC LIMIT $3";
    let before = page.after.as_deref().unwrap_or("~");
    let rows = tx.rows(sql, values![practitioner, before, page.rows()]).await?;
    opened(tx, ring, rows, page).await
}

/// How many reviews of a practitioner are published, and all their stars.
pub(crate) async fn sums(
    tx: &mut Tx,
    practitioner: &PractitionerId,
) -> Result<(u64, u64), StoreError> {
    // PostgreSQL's sum of integers is no integer.
    let sql = "SELECT COUNT(*) AS count, CAST(COALESCE(SUM(stars), 0) AS BIGINT) AS stars
        FROM review WHERE practitioner_id = $1 AND state = 'published'";
    let row = tx.row(sql, values![practitioner]).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.small("count")?, row.small("stars")?)))
}

async fn opened(
    tx: &mut Tx,
    ring: &KeyRing,
    rows: Vec<Row>,
    page: &PageRequest,
) -> Result<Page<Review>, StoreError> {
    // The page is cut by its rows, so that it ends where it should when some are left out.
    let page = Page::of(rows, page, |row| row.text("id").unwrap_or_default());
    let mut items = Vec::new();
    for row in &page.items {
        let patient = row.parsed("patient_id")?;
        if let Some(key) = data_keys::find(tx, ring, &patient).await? {
            items.push(review(row, &key)?);
        }
    }
    Ok(Page { items, next: page.next })
}

fn review(row: &Row, key: &DataKey) -> Result<Review, StoreError> {
    let corrupt = || StoreError::Corrupt { column: "body" };
    let id: ReviewId = row.parsed("id")?;
    let plain = key.open(&place(&id), &row.bytes("body")?).map_err(|_| corrupt())?;
    let words: Words = serde_json::from_slice(&plain).map_err(|_| corrupt())?;
    Ok(Review {
        id,
        clinic: row.parsed("clinic_id")?,
        appointment: row.parsed("appointment_id")?,
        patient: row.parsed("patient_id")?,
        practitioner: row.parsed("practitioner_id")?,
        rev: row.rev()?,
        standing: row.parsed("state")?,
        stars: row.small("stars")?,
        words,
        created_at: row.time("created_ms")?,
    })
}

fn sealed(key: &DataKey, random: &Random, one: &Review) -> Result<Vec<u8>, StoreError> {
    let plain = serde_json::to_vec(&one.words)
        .map_err(|error| StoreError::Schema(format!("a review cannot be kept: {error}")))?;
    Ok(key.seal(random, &place(&one.id), &plain))
}

fn place(id: &ReviewId) -> String {
    format!("review.body/{id}")
}
