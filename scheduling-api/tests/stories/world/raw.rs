//! The database itself, past the program.

use scheduling_api::Location;
use sqlx::{Connection as _, Row as _};

use super::World;

impl World {
    /// The first column, a text, of what a query finds; of all clinics.
    pub async fn raw(&self, sql: &str) -> Vec<String> {
        self.raw_in("*", sql).await
    }

    /// The same, of what PostgreSQL shows to who works for a clinic; SQLite shows all.
    pub async fn raw_in(&self, clinic: &str, sql: &str) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        match &self.location {
            Location::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
                let rows = sqlx::query(sql).fetch_all(&mut db).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
            Location::Postgres(options) => {
                let mut db = sqlx::PgConnection::connect_with(options).await.unwrap();
                let scope = "SELECT set_config('bedside.clinic', $1, false)";
                sqlx::query(scope).bind(clinic).execute(&mut db).await.unwrap();
                let rows = sqlx::query(sql).fetch_all(&mut db).await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }
}
