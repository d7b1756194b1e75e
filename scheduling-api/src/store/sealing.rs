//! Seals what stood in open columns before there were sealed ones. Needs the key file, so no migration can do it.

use crate::{
    crypto::KeyRing,
    domain::id::{PasskeyId, PatientId, ProxyId, UserId},
    random::Random,
    store::{
        Scope, Store, StoreError, accounts, data_keys, memberships::relation_place,
        second_factors::called_place, values,
    },
};

/// Rows a transaction.
const BATCH: u32 = 200;

/// Seals all that is left; how many rows there were.
///
/// # Errors
/// When the database refuses, or the key file opens a key no more.
pub async fn seal_what_stood_open(
    store: &Store,
    ring: &KeyRing,
    random: &Random,
) -> Result<usize, StoreError> {
    let mut sealed = 0;
    loop {
        let rows = relations(store, ring, random).await? + names(store, ring, random).await?;
        sealed += rows;
        if rows == 0 {
            return Ok(sealed);
        }
    }
}

/// What people are to the patients that they act for.
async fn relations(store: &Store, ring: &KeyRing, random: &Random) -> Result<usize, StoreError> {
    let sql =
        "SELECT id, patient_id, relationship FROM patient_proxy WHERE relationship <> '' LIMIT $1";
    if store.glance(sql, values![1_u32]).await?.is_empty() {
        return Ok(0);
    }
    let mut tx = store.write(Scope::Platform).await?;
    let rows = tx.rows(sql, values![BATCH]).await?;
    for row in &rows {
        let (id, patient): (ProxyId, PatientId) = (row.parsed("id")?, row.parsed("patient_id")?);
        let text = row.text("relationship")?;
        let key = data_keys::find(&mut tx, ring, &patient).await?;
        let relation = key.map(|key| key.seal(random, &relation_place(&id), text.as_bytes()));
        let sql = "UPDATE patient_proxy SET relation = $2, relationship = '' WHERE id = $1";
        tx.execute_one(sql, values![&id, relation]).await?;
    }
    tx.commit().await?;
    Ok(rows.len())
}

/// What people call their passkeys.
async fn names(store: &Store, ring: &KeyRing, random: &Random) -> Result<usize, StoreError> {
    let sql = "SELECT id, user_id, name FROM passkey WHERE name <> '' LIMIT $1";
    if store.glance(sql, values![1_u32]).await?.is_empty() {
        return Ok(0);
    }
    let mut tx = store.write(Scope::Platform).await?;
    let rows = tx.rows(sql, values![BATCH]).await?;
    for row in &rows {
        let (id, user): (PasskeyId, UserId) = (row.parsed("id")?, row.parsed("user_id")?);
        let key = accounts::key(&mut tx, ring, &user).await?;
        let called = key.seal(random, &called_place(&id), row.text("name")?.as_bytes());
        let sql = "UPDATE passkey SET called = $2, name = '' WHERE id = $1";
        tx.execute_one(sql, values![&id, called]).await?;
    }
    tx.commit().await?;
    Ok(rows.len())
}
