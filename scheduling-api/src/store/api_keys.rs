//! Clinics' API keys, by their hash.

use jiff::{Timestamp, ToSpan as _};

use crate::{
    crypto::secret_token::TokenHash,
    domain::{
        id::{ApiKeyId, ClinicId, UserId},
        oauth::scope::Scopes,
        page::{Page, PageRequest},
        web_origin::WebOrigin,
    },
    store::{Row, StoreError, Tx, values},
};

/// A clinic's API key, without its secret.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey {
    pub(crate) id: ApiKeyId,
    pub(crate) clinic: ClinicId,
    pub(crate) name: String,
    pub(crate) scopes: Scopes,
    /// The pages that may ask with it; none for a key of servers.
    pub(crate) pages: Vec<WebOrigin>,
    pub(crate) created: Timestamp,
    /// To the hour.
    pub(crate) used: Option<Timestamp>,
    pub(crate) expires: Option<Timestamp>,
    pub(crate) revoked: Option<Timestamp>,
}

/// Keeps a new key.
pub(crate) async fn insert(
    tx: &mut Tx,
    secret: &TokenHash,
    key: &ApiKey,
    by: Option<&UserId>,
) -> Result<(), StoreError> {
    let ApiKey { id, clinic, name, scopes, created, expires, .. } = key;
    let sql = "INSERT INTO api_key
            (id, clinic_id, name, secret_hash, scopes, origins, created_by, created_ms, expires_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (scopes, secret) = (scopes.to_words(), secret.as_str());
    let pages = key.pages.iter().map(WebOrigin::as_str).collect::<Vec<_>>().join(" ");
    let row = values![id, clinic, name, secret, scopes, pages, by, *created, *expires];
    tx.execute_one(sql, row).await
}

/// A clinic's keys.
pub(crate) async fn list(
    tx: &mut Tx,
    clinic: &ClinicId,
    page: &PageRequest,
) -> Result<Page<ApiKey>, StoreError> {
    let sql = "SELECT * FROM api_key WHERE clinic_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    let rows =
        tx.rows(sql, values![clinic, page.after.as_deref().unwrap_or(""), page.rows()]).await?;
    let keys = rows.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::of(keys, page, |key| key.id.to_string()))
}

/// The key of a secret, if it still works.
pub(crate) async fn find_by_secret(
    tx: &mut Tx,
    secret: &TokenHash,
    now: Timestamp,
) -> Result<Option<ApiKey>, StoreError> {
    let sql = "SELECT * FROM api_key
        WHERE secret_hash = $1 AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > $2)";
    tx.row(sql, values![secret.as_str(), now]).await?.as_ref().map(key).transpose()
}

/// Notes a use, at most once an hour.
pub(crate) async fn touch(tx: &mut Tx, id: &ApiKeyId, now: Timestamp) -> Result<(), StoreError> {
    let sql =
        "UPDATE api_key SET used_ms = $2 WHERE id = $1 AND (used_ms IS NULL OR used_ms <= $3)";
    tx.execute(sql, values![id, now, now - 1.hour()]).await.map(drop)
}

/// Ends a key.
///
/// # Errors
/// [`StoreError::Stale`] when it has ended, or is another clinic's.
pub(crate) async fn revoke(
    tx: &mut Tx,
    clinic: &ClinicId,
    id: &ApiKeyId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "UPDATE api_key SET revoked_ms = $3 WHERE id = $1 AND clinic_id = $2 AND revoked_ms IS NULL";
    tx.execute_one(sql, values![id, clinic, now]).await
}

fn key(row: &Row) -> Result<ApiKey, StoreError> {
    Ok(ApiKey {
        id: row.parsed("id")?,
        clinic: row.parsed("clinic_id")?,
        name: row.text("name")?,
        scopes: Scopes::parse(&row.text("scopes")?)
            .ok_or(StoreError::Corrupt { column: "scopes" })?,
        pages: pages(&row.text("origins")?)?,
        created: row.time("created_ms")?,
        used: row.time_maybe("used_ms")?,
        expires: row.time_maybe("expires_ms")?,
        revoked: row.time_maybe("revoked_ms")?,
    })
}

fn pages(text: &str) -> Result<Vec<WebOrigin>, StoreError> {
    let pages = text.split_whitespace().map(str::parse);
    pages.collect::<Result<_, _>>().map_err(|_| StoreError::Corrupt { column: "origins" })
}
