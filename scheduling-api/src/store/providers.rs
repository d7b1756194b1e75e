//! Outside identity providers of clinics, and who is who there.

use jiff::Timestamp;

use crate::{
    crypto::{DataKey, KeyRing},
    domain::id::{ClinicId, ProviderId, UserId},
    random::Random,
    store::{Row, StoreError, Tx, values},
};

/// An outside identity provider.
pub(crate) struct Provider {
    pub(crate) id: ProviderId,
    pub(crate) clinic: ClinicId,
    pub(crate) name: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

const CORRUPT: StoreError = StoreError::Corrupt { column: "client_secret" };

/// Keeps a new provider.
pub(crate) async fn insert(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    provider: &Provider,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Provider { id, clinic, name, issuer, client_id, client_secret } = provider;
    let key = DataKey::mint(random);
    let (wrapped_by, wrapped) = ring.wrap(random, id.as_str(), &key)?;
    let sealed = key.seal(random, &place(id), client_secret.as_bytes());
    let sql = "INSERT INTO identity_provider (id, clinic_id, name, issuer, client_id, wrapped_by, wrapped,
            client_secret, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    tx.execute_one(
        sql,
        values![id, clinic, name, issuer, client_id, wrapped_by, wrapped, sealed, now],
    )
    .await
}

/// One provider.
pub(crate) async fn find(
    tx: &mut Tx,
    ring: &KeyRing,
    id: &ProviderId,
) -> Result<Option<Provider>, StoreError> {
    let sql = "SELECT * FROM identity_provider WHERE id = $1 AND ended_ms IS NULL";
    tx.row(sql, values![id]).await?.map(|row| provider(&row, ring)).transpose()
}

/// A clinic's providers.
pub(crate) async fn of_clinic(
    tx: &mut Tx,
    ring: &KeyRing,
    clinic: &ClinicId,
) -> Result<Vec<Provider>, StoreError> {
    let sql = "SELECT * FROM identity_provider WHERE clinic_id = $1 AND ended_ms IS NULL ORDER BY id LIMIT 50";
    tx.rows(sql, values![clinic]).await?.iter().map(|row| provider(row, ring)).collect()
}

/// The account of somebody at a provider.
pub(crate) async fn find_identity(
    tx: &mut Tx,
    ring: &KeyRing,
    provider: &ProviderId,
    subject: &str,
) -> Result<Option<UserId>, StoreError> {
    let sql = "SELECT user_id FROM identity WHERE provider_id = $1 AND subject = $2";
    let row = tx.row(sql, values![provider, &index(ring, provider, subject)[..]]).await?;
    row.map(|row| row.parsed("user_id")).transpose()
}

/// Keeps who somebody is at a provider.
///
/// # Errors
/// [`StoreError::Duplicate`] when they are somebody already.
pub(crate) async fn insert_identity(
    tx: &mut Tx,
    ring: &KeyRing,
    provider: &ProviderId,
    subject: &str,
    user: &UserId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql =
        "INSERT INTO identity (provider_id, subject, user_id, created_ms) VALUES ($1, $2, $3, $4)";
    tx.execute_one(sql, values![provider, &index(ring, provider, subject)[..], user, now]).await
}

fn provider(row: &Row, ring: &KeyRing) -> Result<Provider, StoreError> {
    let id: ProviderId = row.parsed("id")?;
    let key = ring.unwrap(id.as_str(), &row.text("wrapped_by")?, &row.bytes("wrapped")?)?;
    let secret = key.open(&place(&id), &row.bytes("client_secret")?).map_err(|_| CORRUPT)?;
    Ok(Provider {
        clinic: row.parsed("clinic_id")?,
        name: row.text("name")?,
        issuer: row.text("issuer")?,
        client_id: row.text("client_id")?,
        client_secret: String::from_utf8(secret).map_err(|_| CORRUPT)?,
        id,
    })
}

/// A subject means something at its provider only (ASVS 6.8.1).
fn index(ring: &KeyRing, provider: &ProviderId, subject: &str) -> [u8; 32] {
    ring.digest("identity.subject", &format!("{provider}/{subject}"))
}

fn place(id: &ProviderId) -> String {
    format!("identity_provider.client_secret/{id}")
}
