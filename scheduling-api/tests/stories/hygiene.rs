//! Nothing that is over stays for ever.

use std::time::Duration;

use scheduling_api::{Location, sweep_once};
use serde_json::json;
use sqlx::{Connection as _, Row as _};

use super::notifications::{ANN, house};
use crate::world::World;

/// How many rows each table has.
async fn rows(world: &World) -> Vec<(&'static str, i64)> {
    const TABLES: [&str; 7] = [
        "idempotency_key",
        "one_time",
        "session",
        "known_device",
        "outbox",
        "delivery",
        "live_event",
    ];
    let mut counts = Vec::new();
    for table in TABLES {
        let sql = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let count: i64 = match &world.location {
            Location::Sqlite(path) => {
                let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
                let mut db = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
                sqlx::query(sql).fetch_one(&mut db).await.unwrap().get(0)
            }
            Location::Postgres(options) => {
                let mut db = sqlx::PgConnection::connect_with(options).await.unwrap();
                sqlx::query("SELECT set_config('bedside.clinic', '*', false)")
                    .execute(&mut db)
                    .await
                    .unwrap();
                sqlx::query(sql).fetch_one(&mut db).await.unwrap().get(0)
            }
        };
        counts.push((table, count));
    }
    counts
}

async fn what_is_over_is_forgotten_and_what_is_not_stays(world: World) {
    let house = house(world).await;
    house.book("2026-03-09T09:00:00Z").await;
    house.world.post("/v1/auth/magic-link").send(json!({ "email": ANN })).await.ok();
    house.world.work().await;
    let before = rows(&house.world).await;
    assert!(before.iter().all(|(_, count)| *count > 0), "{before:?}");
    assert_eq!(sweep_once(&house.world.api).await, Ok(0), "everything is still good");
    house.world.clock.advance(Duration::from_secs(200 * 86_400));
    house.world.work().await;
    assert!(sweep_once(&house.world.api).await.unwrap() > 0);
    let after = rows(&house.world).await;
    let left: Vec<_> = after.iter().filter(|(_, count)| *count > 0).collect();
    // The reminders were looked at, and skipped, only just now.
    assert!(matches!(left[..], [("delivery", 3)]), "{after:?}");
    house.world.clock.advance(Duration::from_secs(91 * 86_400));
    sweep_once(&house.world.api).await.unwrap();
    assert!(rows(&house.world).await.iter().all(|(_, count)| *count == 0));
}

stories! {
    what_is_over_is_forgotten_and_what_is_not_stays
}
