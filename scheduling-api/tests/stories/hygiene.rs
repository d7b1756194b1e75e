//! Nothing that is over stays for ever.

use std::time::Duration;

use scheduling_api::{Location, sweep_once};
use serde_json::json;
use sqlx::{Connection as _, Row as _};

use super::notifications::{ANN, house};
use crate::world::World;

/// How many rows each table has.
async fn rows(world: &World) -> Vec<(&'static str, i64)> {
    const TABLES: [&str; 9] = [
        "idempotency_key",
        "one_time",
        "session",
        "known_device",
        "outbox",
        "delivery",
        "live_event",
        "join_link",
        "join_session",
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
    let booked = house.book("2026-03-09T09:00:00Z").await;
    let links = format!("/v1/appointments/{}/join-links", booked["id"].as_str().unwrap());
    let desk = &house.practice.desk;
    let link = house.world.post(&links).by(desk).send(json!({ "role": "patient" })).await.ok();
    let secret = json!({ "secret": link["secret"] });
    house.world.post("/v1/join/exchange").send(secret).await.ok();
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

async fn a_clinic_says_how_long_it_keeps_what_it_may_forget(world: World) {
    let house = house(world).await;
    house.book("2026-03-09T09:00:00Z").await;
    house.world.work().await;
    let path = format!("/v1/clinics/{}/retention", house.practice.clinic);
    let admin = super::webhooks::fresh_admin(&house.world, &house.practice);
    let kept = house.world.get(&path).by(&admin).reply().await;
    assert_eq!(kept.header("etag"), "\"0\"");
    let days = |deliveries: u32| json!({ "deliveries_days": deliveries, "exports_days": 30, "join_links_days": 30, "waitlist_days": 30 });
    assert_eq!(kept.ok()["deliveries_days"], 90);
    let put =
        |by: &str, rev: u32, kept: u32| house.world.put(&path).by(by).seen(rev).send(days(kept));
    assert_eq!(put(&house.practice.admin, 0, 7).await.problem(), (403, "step-up"));
    assert_eq!(put(&admin, 0, 6).await.problem(), (422, "invalid"));
    assert_eq!(put(&admin, 1, 7).await.problem(), (412, "stale"));
    put(&admin, 0, 7).await.ok();
    let sent = "SELECT id FROM delivery WHERE clinic_id IS NOT NULL AND done_ms IS NOT NULL";
    let before = house.world.raw(sent).await.len();
    assert!(before > 0);
    // Another clinic's are kept as it wants.
    house.world.clock.advance(Duration::from_secs(8 * 86_400));
    sweep_once(&house.world.api).await.unwrap();
    assert_eq!(house.world.raw(sent).await.len(), 0);
    let elsewhere = house.world.practice("UTC", (8, 18)).await;
    let other = format!("/v1/clinics/{}/retention", elsewhere.clinic);
    assert_eq!(house.world.get(&other).by(&admin).reply().await.problem(), (404, "not-found"));
}

stories! {
    a_clinic_says_how_long_it_keeps_what_it_may_forget
    what_is_over_is_forgotten_and_what_is_not_stays
}
