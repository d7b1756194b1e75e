//! Clinics' own programs that are told of events. Their keys are sealed.

use jiff::Timestamp;
use protocol::redact::Redacted;

use crate::{
    crypto::{DataKey, KeyRing},
    domain::{
        id::{ClinicId, WebhookId},
        webhook::{Webhook, WebhookCard},
    },
    random::Random,
    store::{Row, StoreError, Tx, json, values},
};

const CORRUPT: StoreError = StoreError::Corrupt { column: "webhook_endpoint" };

/// Keeps a new endpoint.
pub(crate) async fn insert(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    hook: &Webhook,
) -> Result<(), StoreError> {
    let key = DataKey::mint(random);
    let (wrapped_by, wrapped) = ring.wrap(random, hook.id.as_str(), &key)?;
    let Webhook { id, rev, clinic, card, created, .. } = hook;
    let sql = "INSERT INTO webhook_endpoint (id, rev, clinic_id, url, description, topics, active, wrapped_by, wrapped,
            secret, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let row = values![
        id,
        *rev,
        clinic,
        &card.url,
        &card.description,
        json(&card.topics)?,
        card.active,
        wrapped_by,
        wrapped,
        key.seal(random, &place(id), hook.secret.expose()),
        *created,
    ];
    tx.execute_one(sql, row).await
}

/// Keeps an endpoint's next revision.
///
/// # Errors
/// [`StoreError::Stale`] when somebody else was faster.
pub(crate) async fn update(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    hook: &Webhook,
) -> Result<(), StoreError> {
    let Webhook { id, rev, card, .. } = hook;
    let sql = "SELECT wrapped_by, wrapped FROM webhook_endpoint WHERE id = $1";
    let row = tx.row(sql, values![id]).await?.ok_or(StoreError::Stale)?;
    let key = unwrap(&row, ring, id)?;
    let sql = "UPDATE webhook_endpoint SET rev = $2, url = $3, description = $4, topics = $5, active = $6, secret = $7,
            old_secret = $8, old_until_ms = $9
        WHERE id = $1 AND rev = $2 - 1 AND ended_ms IS NULL";
    let old = hook.old.as_ref();
    let row = values![
        id,
        *rev,
        &card.url,
        &card.description,
        json(&card.topics)?,
        card.active,
        key.seal(random, &place(id), hook.secret.expose()),
        old.map(|(secret, _)| key.seal(random, &place(id), secret.expose())),
        old.map(|(_, until)| *until),
    ];
    tx.execute_one(sql, row).await
}

/// Ends an endpoint; its keys are forgotten.
///
/// # Errors
/// [`StoreError::Stale`] when it has ended.
pub(crate) async fn end(tx: &mut Tx, id: &WebhookId, now: Timestamp) -> Result<(), StoreError> {
    let sql = "UPDATE webhook_endpoint SET ended_ms = $2, active = 0, secret = wrapped, old_secret = NULL,
            old_until_ms = NULL
        WHERE id = $1 AND ended_ms IS NULL";
    tx.execute_one(sql, values![id, now]).await
}

/// One that has not ended.
pub(crate) async fn find(
    tx: &mut Tx,
    ring: &KeyRing,
    id: &WebhookId,
) -> Result<Option<Webhook>, StoreError> {
    let sql = "SELECT * FROM webhook_endpoint WHERE id = $1 AND ended_ms IS NULL";
    tx.row(sql, values![id]).await?.map(|row| webhook(&row, ring)).transpose()
}

/// All of a clinic's.
pub(crate) async fn of_clinic(
    tx: &mut Tx,
    ring: &KeyRing,
    clinic: &ClinicId,
) -> Result<Vec<Webhook>, StoreError> {
    let sql =
        "SELECT * FROM webhook_endpoint WHERE clinic_id = $1 AND ended_ms IS NULL ORDER BY id";
    tx.rows(sql, values![clinic]).await?.iter().map(|row| webhook(row, ring)).collect()
}

/// Who of a clinic hears of a topic.
pub(crate) async fn listeners(
    tx: &mut Tx,
    clinic: &ClinicId,
    topic: &str,
) -> Result<Vec<WebhookId>, StoreError> {
    let sql = "SELECT id, url, description, topics, active FROM webhook_endpoint
        WHERE clinic_id = $1 AND ended_ms IS NULL AND active = 1 ORDER BY id";
    let rows = tx.rows(sql, values![clinic]).await?;
    let mut found = Vec::new();
    for row in &rows {
        if card(row)?.hears(topic) {
            found.push(row.parsed("id")?);
        }
    }
    Ok(found)
}

fn webhook(row: &Row, ring: &KeyRing) -> Result<Webhook, StoreError> {
    let id: WebhookId = row.parsed("id")?;
    let key = unwrap(row, ring, &id)?;
    let opened = |sealed: &[u8]| key.open(&place(&id), sealed).map_err(|_| CORRUPT);
    let old = match (row.bytes_maybe("old_secret")?, row.time_maybe("old_until_ms")?) {
        (Some(sealed), Some(until)) => Some((Redacted::new(opened(&sealed)?), until)),
        _ => None,
    };
    Ok(Webhook {
        rev: row.rev()?,
        clinic: row.parsed("clinic_id")?,
        card: card(row)?,
        secret: opened(&row.bytes("secret")?)?.into(),
        old,
        created: row.time("created_ms")?,
        id,
    })
}

fn card(row: &Row) -> Result<WebhookCard, StoreError> {
    Ok(WebhookCard {
        url: row.text("url")?,
        description: row.text("description")?,
        topics: row.json("topics")?,
        active: row.flag("active")?,
    })
}

fn unwrap(row: &Row, ring: &KeyRing, id: &WebhookId) -> Result<DataKey, StoreError> {
    let (wrapped_by, wrapped) = (row.text("wrapped_by")?, row.bytes("wrapped")?);
    Ok(ring.unwrap(id.as_str(), &wrapped_by, &wrapped)?)
}

fn place(id: &WebhookId) -> String {
    format!("webhook_endpoint.secret/{id}")
}
