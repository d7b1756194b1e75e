//! The keys that sign tokens, sealed by the key file. One signs; those before it verify until their tokens have expired.

use jiff::{Timestamp, ToSpan as _};

use crate::{
    crypto::{
        DataKey, KeyRing,
        signing_key::{PublicKey, SigningKey},
    },
    random::Random,
    store::{StoreError, Tx, values},
};

const CORRUPT: StoreError = StoreError::Corrupt { column: "sealed" };

/// How long a retired key verifies: longer than any token of it lasts.
const VERIFIES_HOURS: i64 = 24;

/// Keeps a new key, which signs from now on; the one before is retired.
pub(crate) async fn insert(
    tx: &mut Tx,
    ring: &KeyRing,
    random: &Random,
    key: &SigningKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let public = key.public();
    let seal = DataKey::mint(random);
    let (wrapped_by, wrapped) = ring.wrap(random, &public.kid, &seal)?;
    let text = serde_json::to_string(public).map_err(|_| CORRUPT)?;
    tx.execute("UPDATE signing_key SET retired_ms = $1 WHERE retired_ms IS NULL", values![now])
        .await?;
    let sql = "INSERT INTO signing_key (kid, public_key, wrapped_by, wrapped, sealed, created_ms)
        VALUES ($1, $2, $3, $4, $5, $6)";
    let sealed = seal.seal(random, &place(&public.kid), key.pkcs8());
    tx.execute_one(sql, values![&public.kid, text, wrapped_by, wrapped, sealed, now]).await
}

/// The key that signs.
pub(crate) async fn current(tx: &mut Tx, ring: &KeyRing) -> Result<Option<SigningKey>, StoreError> {
    let sql =
        "SELECT * FROM signing_key WHERE retired_ms IS NULL ORDER BY created_ms DESC, kid LIMIT 1";
    let Some(row) = tx.row(sql, vec![]).await? else { return Ok(None) };
    let (kid, wrapped_by) = (row.text("kid")?, row.text("wrapped_by")?);
    let seal = ring.unwrap(&kid, &wrapped_by, &row.bytes("wrapped")?)?;
    let pkcs8 = seal.open(&place(&kid), &row.bytes("sealed")?).map_err(|_| CORRUPT)?;
    SigningKey::from_pkcs8(pkcs8).map(Some).map_err(|_| CORRUPT)
}

/// The keys whose tokens may still be good, the newest first.
pub(crate) async fn public(tx: &mut Tx, now: Timestamp) -> Result<Vec<PublicKey>, StoreError> {
    let sql = "SELECT public_key FROM signing_key WHERE retired_ms IS NULL OR retired_ms > $1
        ORDER BY created_ms DESC, kid";
    let rows = tx.rows(sql, values![now - VERIFIES_HOURS.hours()]).await?;
    rows.iter().map(|row| row.json("public_key")).collect()
}

fn place(kid: &str) -> String {
    format!("signing_key/{kid}")
}
