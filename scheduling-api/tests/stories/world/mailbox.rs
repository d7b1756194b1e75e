//! The letters that wait to be sent, read from the outbox as the mail worker reads them.

use scheduling_api::{
    Location,
    ports::mail::{Letter, Mail},
};
use sqlx::{Connection as _, Row as _};

use super::World;

const WAITING: &str =
    "SELECT aggregate_id, payload FROM outbox WHERE topic = 'mail.send' ORDER BY id";

impl World {
    /// All letters to an address, the oldest first.
    pub async fn letters(&self, to: &str) -> Vec<Mail> {
        let rows: Vec<(String, String)> = match &self.location {
            Location::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
                let rows = sqlx::query(WAITING).fetch_all(&mut db).await.unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
            Location::Postgres(options) => {
                let mut db = sqlx::PgConnection::connect_with(options).await.unwrap();
                sqlx::query("SELECT set_config('bedside.clinic', '*', false)")
                    .execute(&mut db)
                    .await
                    .unwrap();
                let rows = sqlx::query(WAITING).fetch_all(&mut db).await.unwrap();
                rows.iter().map(|row| (row.get(0), row.get(1))).collect()
            }
        };
        let open = |(aggregate, payload): (String, String)| {
            Mail::open(&self.api.keys, &aggregate, &payload).unwrap()
        };
        // What was handed to the mail worker is gone from here.
        let waiting = rows.into_iter().filter(|(_, payload)| payload != "{}");
        waiting.map(open).filter(|mail| mail.to == to).collect()
    }

    /// The secret in the newest letter of a kind.
    pub async fn secret(&self, to: &str, letter: Letter) -> String {
        let letters = self.letters(to).await;
        let mail = letters.iter().rev().find(|mail| mail.letter == letter).expect("such a letter");
        let link = mail.link.as_deref().expect("with a link");
        link.split_once('#')
            .and_then(|(_, fragment)| fragment.split_once('='))
            .unwrap()
            .1
            .to_owned()
    }
}

impl World {
    /// The bytes of every file of a SQLite database; none on PostgreSQL.
    pub fn files(&self) -> Vec<Vec<u8>> {
        let Location::Sqlite(path) = &self.location else { return Vec::new() };
        let folder = std::fs::read_dir(path.parent().unwrap()).unwrap();
        let files = folder.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        files.map(|path| std::fs::read(path).unwrap()).collect()
    }
}
