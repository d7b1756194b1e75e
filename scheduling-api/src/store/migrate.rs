//! Brings the schema up to date when the store is opened.
//!
//! All pending migrations run in one transaction, on both engines: one that fails half-way leaves the old schema, which
//! the old program goes on serving. Migrations are numbered alike for both engines and only add (expand, then in a
//! later release contract), so that an old program also serves the new schema while machines are replaced one by one.
//! A migration that has run is never edited: its hash is kept and compared.

use std::{collections::BTreeMap, fmt::Write as _};

use aws_lc_rs::digest::{SHA256, digest};

use crate::store::{Engine, Store, StoreError, StoreSettings, engine::Scope, sql::Tx, values};

/// One step of the schema, in both engines' words.
pub(super) struct Migration {
    pub(super) number: i64,
    pub(super) name: &'static str,
    pub(super) sqlite: &'static str,
    pub(super) postgres: &'static str,
}

/// Declares the migrations by their files' name.
macro_rules! migrations {
    ($($number:literal $name:literal;)+) => {
        &[$(Migration {
            number: $number,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),+]
    };
}

/// Every migration, in the order in which they run. Numbers may have gaps: parts of the program own ranges.
pub(super) const MIGRATIONS: &[Migration] = migrations! {
    1 "0001_foundation";
    2 "0002_people";
    20 "0020_accounts";
    21 "0021_oauth";
    40 "0040_scheduling";
    50 "0050_visit";
    60 "0060_outbound";
    61 "0061_webhooks";
    62 "0062_hygiene";
    63 "0063_privacy";
    64 "0064_break_glass";
    70 "0070_records";
    80 "0080_mends";
    81 "0081_waiting";
    90 "0090_documents";
    91 "0091_messages";
    92 "0092_reviews";
    93 "0093_prescription_codes";
    100 "0100_record";
    101 "0101_smart";
    110 "0110_payments";
    120 "0120_sealed_words";
    130 "0130_coverage";
    131 "0131_insurance_claim";
    132 "0132_remittance";
    140 "0140_no_show";
    150 "0150_recordings";
    160 "0160_key_origins";
    161 "0161_claim_calendar";
};

impl Migration {
    fn text(&self, engine: Engine) -> &'static str {
        match engine {
            Engine::Sqlite => self.sqlite,
            Engine::Postgres => self.postgres,
        }
    }

    fn hash(&self, engine: Engine) -> String {
        let digest = digest(&SHA256, self.text(engine).as_bytes());
        digest.as_ref().iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }
}

impl Store {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// When it cannot be reached, or a migration fails; then the schema is as it was.
    pub async fn open(settings: &StoreSettings) -> Result<Self, StoreError> {
        let store = Self::connect(settings).await?;
        run(&store, MIGRATIONS).await?;
        Ok(store)
    }
}

/// Runs what has not run yet.
///
/// # Errors
/// When a migration fails, or one that has run was edited. Nothing is changed then.
pub(super) async fn run(store: &Store, migrations: &[Migration]) -> Result<(), StoreError> {
    let mut tx = store.write(Scope::Platform).await?;
    if tx.engine() == Engine::Postgres {
        // Two processes that start together: the second waits here and then finds nothing to do. The number is ours.
        tx.rows("SELECT pg_advisory_xact_lock(4711230815) IS NULL AS locked", vec![]).await?;
    }
    tx.script(
        "CREATE TABLE IF NOT EXISTS schema_migration (
            number BIGINT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL)",
    )
    .await?;
    let done = done(&mut tx).await?;
    let engine = tx.engine();
    for migration in migrations {
        match done.get(&migration.number) {
            Some(hash) if *hash == migration.hash(engine) => {}
            Some(_) => {
                let text = format!("migration {} was edited after it had run", migration.name);
                return Err(StoreError::Schema(text));
            }
            None => apply(&mut tx, migration).await?,
        }
    }
    tx.commit().await
}

async fn done(tx: &mut Tx) -> Result<BTreeMap<i64, String>, StoreError> {
    let rows = tx.rows("SELECT number, hash FROM schema_migration ORDER BY number", vec![]).await?;
    rows.iter().map(|row| Ok((row.int("number")?, row.text("hash")?))).collect()
}

async fn apply(tx: &mut Tx, migration: &Migration) -> Result<(), StoreError> {
    let engine = tx.engine();
    tx.script(migration.text(engine)).await.map_err(|error| {
        StoreError::Schema(format!("migration {}: {}", migration.name, error.chain()))
    })?;
    let sql = "INSERT INTO schema_migration (number, name, hash) VALUES ($1, $2, $3)";
    let row = values![migration.number, migration.name, migration.hash(engine)];
    tx.execute_one(sql, row).await?;
    tracing::info!(name = migration.name, "migrated");
    Ok(())
}

#[cfg(test)]
mod tests;
