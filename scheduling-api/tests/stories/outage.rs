//! A database that is busy, silent or gone: whoever asks is told so soon, and all is well again when it is back.

use std::time::Duration;

use scheduling_api::{Location, domain::actor::Role};
use serde_json::json;
use sqlx::Connection as _;

use crate::world::{Ask, World, line::State};

/// Longer than any request may take: `http/limits.rs`.
const NEVER: Duration = Duration::from_secs(20);

/// Asks; it is told that the service is not available, and when to come again.
async fn is_turned_away(ask: Ask) {
    let reply = tokio::time::timeout(NEVER, ask.reply()).await.expect("no request hangs");
    assert_eq!(reply.problem(), (503, "unavailable"), "{reply:?}");
    let after: u32 = reply.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&after), "{after}");
}

#[tokio::test]
async fn a_silent_and_a_lost_database_hang_nobody_and_are_found_again() {
    let (world, line) = World::on_a_line().await;
    let id = world.clinic("Mwangaza").await;
    let read = || world.get(&format!("/v1/clinics/{id}"));
    for state in [State::Held, State::Cut] {
        line.turn(state);
        let many = (0..20).map(|_| is_turned_away(read()));
        futures_util::future::join_all(many).await;
        line.turn(State::Open);
        let found = async { while !read().reply().await.status.is_success() {} };
        tokio::time::timeout(NEVER, found)
            .await
            .unwrap_or_else(|_| panic!("{state:?}: not found again"));
    }
}

async fn a_database_that_another_program_keeps_busy_is_told_as_busy(world: World) {
    let root = world.member(Role::PlatformAdmin, None);
    world.clinic("Mwangaza").await;
    let open = async |key: &str| {
        let ask = world.post("/v1/clinics").by(&root).once(key);
        let card = json!({ "name": "Upendo", "time_zone": "Africa/Nairobi" });
        tokio::time::timeout(NEVER, ask.send(card)).await.expect("no request hangs")
    };
    let busy = async {
        let refused = open("one").await;
        assert_eq!(refused.problem(), (503, "unavailable"), "{refused:?}");
        assert!(!refused.header("retry-after").is_empty());
        // Who only reads does not wait for who writes.
        world.get("/v1/clinics").reply().await.ok();
    };
    match &world.location {
        Location::Sqlite(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut other = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
            busy.await;
            sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
        }
        Location::Postgres(options) => {
            let mut other = sqlx::PgConnection::connect_with(options).await.unwrap();
            sqlx::query("BEGIN").execute(&mut other).await.unwrap();
            let lock = "LOCK TABLE clinic IN EXCLUSIVE MODE";
            sqlx::query(lock).execute(&mut other).await.unwrap();
            busy.await;
            sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
        }
    }
    open("one").await.ok();
}

stories! { a_database_that_another_program_keeps_busy_is_told_as_busy }
