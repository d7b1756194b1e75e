//! Statements, parameters and rows that are the same on both engines.
//!
//! Three kinds of column exist: text, 64-bit integer, bytes. Instants are milliseconds since 1970, booleans 0 and 1,
//! structures JSON text. Placeholders are `$1`, `$2` on both. A statement is a text of this program, never put together
//! from input: [`Tx`] takes `&'static str` only.

use std::{str::FromStr, time::Duration};

use jiff::Timestamp;
use sqlx::{
    Column as _, Database, Executor, Postgres, Row as _, Sqlite, Transaction, TypeInfo as _,
    ValueRef as _, postgres::PgRow, sqlite::SqliteRow,
};

use crate::{
    domain::{id::Id, rev::Rev},
    store::{Engine, StoreError, group::Turn},
};

/// A parameter. Absent values keep their kind, which PostgreSQL asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bytes(Option<Vec<u8>>),
}

/// Parameters in the order of their placeholders.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$($crate::store::Value::from($value)),*] };
}
pub(crate) use values;

macro_rules! value_from {
    ($($type:ty => $kind:ident($value:ident) $convert:expr;)+) => {$(
        impl From<$type> for Value {
            fn from($value: $type) -> Self {
                Self::$kind(Some($convert))
            }
        }
        impl From<Option<$type>> for Value {
            fn from(value: Option<$type>) -> Self {
                Self::$kind(value.map(|$value| $convert))
            }
        }
    )+};
}

value_from! {
    &str => Text(value) value.to_owned();
    String => Text(value) value;
    &String => Text(value) value.clone();
    i64 => Int(value) value;
    u32 => Int(value) value.into();
    bool => Int(value) value.into();
    Timestamp => Int(value) value.as_millisecond();
    Rev => Int(value) value.0;
    &[u8] => Bytes(value) value.to_vec();
    Vec<u8> => Bytes(value) value;
}

impl<T: Id> From<&T> for Value {
    fn from(id: &T) -> Self {
        Self::Text(Some(id.as_ref().to_owned()))
    }
}

impl<T: Id> From<Option<&T>> for Value {
    fn from(id: Option<&T>) -> Self {
        Self::Text(id.map(|id| id.as_ref().to_owned()))
    }
}

/// A structure as JSON text.
pub(crate) fn json<T: serde::Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Schema(error.to_string()))
}

/// An open transaction. Dropped without [`Tx::commit`], it never happened.
pub(crate) struct Tx {
    transaction: Either,
    statement_max: Duration,
}

enum Either {
    Sqlite(Transaction<'static, Sqlite>),
    Turn(Turn),
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn sqlite(
        transaction: Transaction<'static, Sqlite>,
        statement_max: Duration,
    ) -> Self {
        Self { transaction: Either::Sqlite(transaction), statement_max }
    }

    pub(super) fn turn(turn: Turn, statement_max: Duration) -> Self {
        Self { transaction: Either::Turn(turn), statement_max }
    }

    pub(super) fn postgres(
        transaction: Transaction<'static, Postgres>,
        statement_max: Duration,
    ) -> Self {
        Self { transaction: Either::Postgres(transaction), statement_max }
    }

    /// Which engine this is, for the few texts that differ.
    pub(crate) fn engine(&self) -> Engine {
        match self.transaction {
            Either::Sqlite(_) | Either::Turn(_) => Engine::Sqlite,
            Either::Postgres(_) => Engine::Postgres,
        }
    }

    /// Runs a statement; the number of rows that it touched.
    pub(crate) async fn execute(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<u64, StoreError> {
        let work = async {
            Ok(match &mut self.transaction {
                Either::Sqlite(tx) => {
                    let query = bind_sqlite(sqlx::query(sql), values);
                    query.execute(&mut **tx).await?.rows_affected()
                }
                Either::Turn(turn) => {
                    let query = bind_sqlite(sqlx::query(sql), values);
                    query.execute(turn.connection()?).await?.rows_affected()
                }
                Either::Postgres(tx) => {
                    let query = bind_postgres(sqlx::query(sql), values);
                    query.execute(&mut **tx).await?.rows_affected()
                }
            })
        };
        in_time(self.statement_max, work).await
    }

    /// Runs a statement that must touch exactly one row.
    ///
    /// # Errors
    /// [`StoreError::Stale`] when it touched none: its condition, mostly a revision, did not hold.
    pub(crate) async fn execute_one(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<(), StoreError> {
        match self.execute(sql, values).await? {
            0 => Err(StoreError::Stale),
            touched => {
                debug_assert_eq!(touched, 1, "the statement names one row: {sql}");
                Ok(())
            }
        }
    }

    /// Runs a query.
    pub(crate) async fn rows(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreError> {
        let work = async {
            Ok(match &mut self.transaction {
                Either::Sqlite(tx) => {
                    let query = bind_sqlite(sqlx::query(sql), values);
                    query.fetch_all(&mut **tx).await?.into_iter().map(Row::Sqlite).collect()
                }
                Either::Turn(turn) => {
                    let query = bind_sqlite(sqlx::query(sql), values);
                    let rows = query.fetch_all(turn.connection()?).await?;
                    rows.into_iter().map(Row::Sqlite).collect()
                }
                Either::Postgres(tx) => {
                    let query = bind_postgres(sqlx::query(sql), values);
                    query.fetch_all(&mut **tx).await?.into_iter().map(Row::Postgres).collect()
                }
            })
        };
        in_time(self.statement_max, work).await
    }

    /// Runs a query that gives at most one row.
    pub(crate) async fn row(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Option<Row>, StoreError> {
        let rows = self.rows(sql, values).await?;
        debug_assert!(rows.len() <= 1, "the query names one row: {sql}");
        Ok(rows.into_iter().next())
    }

    /// Runs several statements without parameters: DDL.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), StoreError> {
        match &mut self.transaction {
            Either::Sqlite(tx) => (&mut **tx).execute(sqlx::raw_sql(sql)).await.map(drop)?,
            Either::Turn(turn) => {
                turn.connection()?.execute(sqlx::raw_sql(sql)).await.map(drop)?;
            }
            Either::Postgres(tx) => (&mut **tx).execute(sqlx::raw_sql(sql)).await.map(drop)?,
        }
        Ok(())
    }

    /// Makes durable what others did whom this transaction sees: for who is about to answer from it. Comes before
    /// anything is written here.
    pub(crate) async fn settle(&mut self) -> Result<(), StoreError> {
        match &mut self.transaction {
            Either::Turn(turn) => turn.settle().await,
            Either::Sqlite(_) | Either::Postgres(_) => Ok(()),
        }
    }

    /// Makes everything done here durable.
    pub(crate) async fn commit(self) -> Result<(), StoreError> {
        let work = async {
            match self.transaction {
                Either::Sqlite(tx) => tx.commit().await?,
                Either::Turn(turn) => turn.commit().await?,
                Either::Postgres(tx) => tx.commit().await?,
            }
            Ok(())
        };
        in_time(self.statement_max, work).await
    }
}

/// Runs one query outside of a transaction.
pub(super) async fn glance(
    readers: &sqlx::Pool<Sqlite>,
    limit: Duration,
    sql: &'static str,
    values: Vec<Value>,
) -> Result<Vec<Row>, StoreError> {
    let work = async {
        let rows = bind_sqlite(sqlx::query(sql), values).fetch_all(readers).await?;
        Ok(rows.into_iter().map(Row::Sqlite).collect())
    };
    in_time(limit, work).await
}

async fn in_time<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(StoreError::TimedOut))
}

type Query<'q, DB> = sqlx::query::Query<'q, DB, <DB as Database>::Arguments>;

/// One function an engine: a generic one would need a dozen bounds to say the same.
macro_rules! bind {
    ($name:ident, $engine:ty) => {
        fn $name<'q>(mut query: Query<'q, $engine>, values: Vec<Value>) -> Query<'q, $engine> {
            for value in values {
                query = match value {
                    Value::Text(text) => query.bind(text),
                    Value::Int(int) => query.bind(int),
                    Value::Bytes(bytes) => query.bind(bytes),
                };
            }
            query
        }
    };
}
bind!(bind_sqlite, Sqlite);
bind!(bind_postgres, Postgres);

/// What stands in one column, for who copies rows without knowing them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell {
    Absent,
    Text(String),
    Int(i64),
    Bytes(Vec<u8>),
}

/// One function an engine, as above.
macro_rules! cells {
    ($row:expr) => {
        $row.columns()
            .iter()
            .map(|column| {
                let corrupt = |_| StoreError::Corrupt { column: "of a copy" };
                let at = column.ordinal();
                let raw = $row.try_get_raw(at).map_err(corrupt)?;
                let is_null = raw.is_null();
                let kind = raw.type_info().name().to_owned();
                let cell = match kind.as_str() {
                    _ if is_null => Cell::Absent,
                    "INTEGER" | "INT8" => Cell::Int($row.try_get(at).map_err(corrupt)?),
                    "BLOB" | "BYTEA" => Cell::Bytes($row.try_get(at).map_err(corrupt)?),
                    _ => Cell::Text($row.try_get(at).map_err(corrupt)?),
                };
                Ok((column.name().to_owned(), cell))
            })
            .collect()
    };
}

/// One row of an answer. Reading a column that holds something else fails loudly.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    /// A text.
    pub(crate) fn text(&self, column: &'static str) -> Result<String, StoreError> {
        self.text_maybe(column)?.ok_or(StoreError::Corrupt { column })
    }

    /// A text, or nothing.
    pub(crate) fn text_maybe(&self, column: &'static str) -> Result<Option<String>, StoreError> {
        let read = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        read.map_err(|_| StoreError::Corrupt { column })
    }

    /// A number.
    pub(crate) fn int(&self, column: &'static str) -> Result<i64, StoreError> {
        self.int_maybe(column)?.ok_or(StoreError::Corrupt { column })
    }

    /// A number, or nothing.
    pub(crate) fn int_maybe(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        let read = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        read.map_err(|_| StoreError::Corrupt { column })
    }

    /// A number that fits into something smaller than 64 bits.
    pub(crate) fn small<T: TryFrom<i64>>(&self, column: &'static str) -> Result<T, StoreError> {
        T::try_from(self.int(column)?).map_err(|_| StoreError::Corrupt { column })
    }

    /// Yes or no.
    pub(crate) fn flag(&self, column: &'static str) -> Result<bool, StoreError> {
        match self.int(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(StoreError::Corrupt { column }),
        }
    }

    /// Bytes.
    pub(crate) fn bytes(&self, column: &'static str) -> Result<Vec<u8>, StoreError> {
        self.bytes_maybe(column)?.ok_or(StoreError::Corrupt { column })
    }

    /// Bytes, or nothing.
    pub(crate) fn bytes_maybe(&self, column: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        let read = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        read.map_err(|_| StoreError::Corrupt { column })
    }

    /// An instant.
    pub(crate) fn time(&self, column: &'static str) -> Result<Timestamp, StoreError> {
        self.time_maybe(column)?.ok_or(StoreError::Corrupt { column })
    }

    /// An instant, or nothing.
    pub(crate) fn time_maybe(&self, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
        let read = self.int_maybe(column)?.map(Timestamp::from_millisecond).transpose();
        read.map_err(|_| StoreError::Corrupt { column })
    }

    /// An identifier, or another text that is parsed.
    pub(crate) fn parsed<T: FromStr>(&self, column: &'static str) -> Result<T, StoreError> {
        self.parsed_maybe(column)?.ok_or(StoreError::Corrupt { column })
    }

    /// An identifier, or another text that is parsed, or nothing.
    pub(crate) fn parsed_maybe<T: FromStr>(
        &self,
        column: &'static str,
    ) -> Result<Option<T>, StoreError> {
        let read = self.text_maybe(column)?.map(|text| text.parse()).transpose();
        read.map_err(|_| StoreError::Corrupt { column })
    }

    /// All columns with their names.
    pub(crate) fn cells(&self) -> Result<Vec<(String, Cell)>, StoreError> {
        match self {
            Self::Sqlite(row) => cells!(row),
            Self::Postgres(row) => cells!(row),
        }
    }

    /// The revision, in the column of that name.
    pub(crate) fn rev(&self) -> Result<Rev, StoreError> {
        self.int("rev").map(Rev)
    }

    /// A structure that was written as JSON.
    pub(crate) fn json<T: serde::de::DeserializeOwned>(
        &self,
        column: &'static str,
    ) -> Result<T, StoreError> {
        serde_json::from_str(&self.text(column)?).map_err(|_| StoreError::Corrupt { column })
    }
}
