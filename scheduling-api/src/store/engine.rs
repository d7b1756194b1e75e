//! The two engines: how connections are opened, how a transaction begins.
//!
//! SQLite writes through one connection, one turn at a time, and commits turns that wait for each other together
//! (`group`; a second writer would only wait or fail: a deferred transaction that reads and
//! then writes dies at once when another has written in between) and reads through several. PostgreSQL has one pool;
//! every transaction says which clinic it works for, and row-level security hides the others'.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Pool, Postgres, Sqlite,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::Notify;

use crate::{
    domain::id::ClinicId,
    store::{
        Row, StoreError, Tx, Value,
        group::Writer,
        location::{Engine, Location},
        sql,
    },
};

/// How the store is opened.
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// Where.
    pub location: Location,
    /// Most connections: to PostgreSQL, or reading from SQLite.
    pub connections_max: u32,
    /// Longest wait for a free connection; after it the answer is 503.
    pub acquire_max: Duration,
    /// Longest time that one statement may take.
    pub statement_max: Duration,
}

impl StoreSettings {
    /// The defaults: 8 connections keep two cores and a disk busy; a caller waits 2 s for one, since a browser's user
    /// waits no longer; no statement of this program needs 5 s.
    #[must_use]
    pub fn at(location: Location) -> Self {
        Self {
            location,
            connections_max: 8,
            acquire_max: Duration::from_secs(2),
            statement_max: Duration::from_secs(5),
        }
    }
}

/// For whom a transaction works. On PostgreSQL, row-level security enforces it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// One clinic: rows of others do not exist.
    Clinic(&'a ClinicId),
    /// All of them: signing in, the directory of clinics, workers.
    Platform,
}

/// The open database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Store {
    pools: Pools,
    statement_max: Duration,
    news: Arc<Notify>,
}

#[derive(Debug, Clone)]
enum Pools {
    Sqlite { writer: Arc<Writer>, readers: Pool<Sqlite> },
    Postgres(Pool<Postgres>),
}

impl Store {
    /// The database as it is, whatever its schema.
    pub(super) async fn connect(settings: &StoreSettings) -> Result<Self, StoreError> {
        let pools = match &settings.location {
            Location::Sqlite(path) => sqlite(path.clone(), settings).await?,
            Location::Postgres(options) => postgres(options, settings).await?,
        };
        let news = Arc::default();
        Ok(Self { pools, statement_max: settings.statement_max, news })
    }

    /// Connects and asks for one answer; migrates nothing.
    ///
    /// # Errors
    /// When the database cannot be reached, or refuses.
    pub async fn reach(settings: &StoreSettings) -> Result<(), StoreError> {
        let store = Self::connect(settings).await?;
        let checked = store.check().await;
        store.close().await;
        checked
    }

    /// Which engine this is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// Rings when this process has committed messages for others to hear of. Another process' are found by looking.
    pub(crate) fn news(&self) -> &Arc<Notify> {
        &self.news
    }

    /// A transaction that only reads. It sees one state of the data throughout.
    pub(crate) async fn read(&self, scope: Scope<'_>) -> Result<Tx, StoreError> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                Ok(Tx::sqlite(readers.begin().await?, self.statement_max))
            }
            Pools::Postgres(pool) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                let tx = Tx::postgres(pool.begin_with(begin).await?, self.statement_max);
                scoped(tx, scope).await
            }
        }
    }

    /// One query about all clinics, for what is compared with something that was read before: what follows is read in
    /// another state of the data, which is this one or a later one.
    pub(crate) async fn glance(
        &self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        match &self.pools {
            Pools::Sqlite { readers, .. } => {
                sql::glance(readers, self.statement_max, sql, values).await
            }
            Pools::Postgres(_) => self.read(Scope::Platform).await?.rows(sql, values).await,
        }
    }

    /// A transaction that writes. Use cases open it through `Change`.
    pub(crate) async fn write(&self, scope: Scope<'_>) -> Result<Tx, StoreError> {
        match &self.pools {
            Pools::Sqlite { writer, .. } => Ok(Tx::turn(writer.turn().await?, self.statement_max)),
            Pools::Postgres(pool) => {
                scoped(Tx::postgres(pool.begin().await?, self.statement_max), scope).await
            }
        }
    }

    /// Copies the database into a new file while it is in use: one state of it, whole. SQLite only.
    ///
    /// # Errors
    /// When the file exists or cannot be written; on PostgreSQL, which has tools of its own for this.
    pub async fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let Pools::Sqlite { readers, .. } = &self.pools else {
            return Err(StoreError::Schema("back PostgreSQL up with pg_dump".to_owned()));
        };
        let to =
            to.to_str().ok_or_else(|| StoreError::Schema("the path is not text".to_owned()))?;
        sqlx::query("VACUUM INTO $1").bind(to).execute(readers).await?;
        Ok(())
    }

    /// Writes the journal into the database and empties it, so that nothing that was overwritten is left there. SQLite
    /// only; PostgreSQL does so in its own time.
    ///
    /// # Errors
    /// When the database refuses.
    pub(crate) async fn empty_journal(&self) -> Result<(), StoreError> {
        if let Pools::Sqlite { writer, .. } = &self.pools {
            // A reader in the way is told in the answer, and is no error to SQLite.
            let checkpoint = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)");
            let busy: i64 = checkpoint.fetch_one(writer.pool()).await?;
            if busy != 0 {
                return Err(StoreError::Unavailable(None));
            }
        }
        Ok(())
    }

    /// Whether the database's file is whole, as SQLite sees it; PostgreSQL looks after its own.
    ///
    /// # Errors
    /// When it is not, or cannot be read.
    pub async fn check(&self) -> Result<(), StoreError> {
        let Pools::Sqlite { readers, .. } = &self.pools else { return Ok(()) };
        let found: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(readers).await?;
        if found == "ok" { Ok(()) } else { Err(StoreError::Schema(found)) }
    }

    /// Closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                readers.close().await;
                writer.pool().close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

/// Says for whom a PostgreSQL transaction works; the policies compare with it.
async fn scoped(mut tx: Tx, scope: Scope<'_>) -> Result<Tx, StoreError> {
    let clinic = match scope {
        Scope::Clinic(clinic) => clinic.as_str(),
        Scope::Platform => "*",
    };
    let sql = "SELECT set_config('bedside.clinic', $1, true) AS clinic";
    tx.rows(sql, super::values![clinic]).await?;
    Ok(tx)
}

/// Pages that the writer keeps, in KiB below zero as SQLite has it: 64 MiB. With its own 2 MiB a booking among 48,000 read
/// 533 pages from the system anew.
const WRITER_CACHE: &str = "-65536";

/// The same for each that reads: 8 MiB.
const READER_CACHE: &str = "-8192";

async fn sqlite(path: PathBuf, settings: &StoreSettings) -> Result<Pools, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        // A commit that was answered survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        // What is deleted is overwritten: a key that was destroyed is not to be read from a free page.
        .pragma("secure_delete", "ON")
        .busy_timeout(settings.acquire_max);
    let pool = || SqlitePoolOptions::new().acquire_timeout(settings.acquire_max);
    let writer = options.clone().pragma("cache_size", WRITER_CACHE);
    let writer = pool().max_connections(1).connect_with(writer).await?;
    let reader = options.pragma("cache_size", READER_CACHE);
    let readers = pool()
        .max_connections(settings.connections_max.max(1))
        .connect_with(reader.read_only(true).create_if_missing(false))
        .await?;
    Ok(Pools::Sqlite { writer: Arc::new(Writer::new(writer)), readers })
}

async fn postgres(
    options: &PgConnectOptions,
    settings: &StoreSettings,
) -> Result<Pools, StoreError> {
    let milliseconds = |time: Duration| time.as_millis().to_string();
    let options = options.clone().application_name("bedside").options([
        ("statement_timeout", milliseconds(settings.statement_max)),
        ("lock_timeout", milliseconds(settings.acquire_max)),
        // A process that died without a word must not hold its locks for hours.
        ("idle_in_transaction_session_timeout", milliseconds(settings.statement_max * 2)),
    ]);
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections_max.max(2))
        .acquire_timeout(settings.acquire_max)
        .connect_with(options)
        .await?;
    Ok(Pools::Postgres(pool))
}
