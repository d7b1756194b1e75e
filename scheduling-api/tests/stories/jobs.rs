//! What goes out, as those who look after it see it.

use std::{sync::Arc, time::Duration};

use serde_json::json;

use super::notifications::{ANN, house};
use crate::world::World;
use scheduling_api::{
    domain::actor::Role,
    ports::machine::{Disk, Machine, MachineState},
};

async fn administrators_see_their_own_clinics_jobs_and_nobody_else_does(world: World) {
    let house = house(world).await;
    house.book("2026-03-09T09:00:00Z").await;
    house.world.work().await;
    let list = |by: &str| house.world.get("/v1/admin/jobs").by(by).reply();
    let mine = list(&house.practice.admin).await.ok();
    // The letter that proved the address, the booking and three reminders.
    assert_eq!(mine["items"].as_array().unwrap().len(), 5, "{mine}");
    let other = house.world.practice("UTC", (8, 18)).await;
    assert_eq!(list(&other.admin).await.ok(), json!({ "items": [] }));
    let root = house.world.member(Role::PlatformAdmin, None);
    let all = list(&root).await.ok();
    let letters = all["items"].as_array().unwrap().iter().filter(|job| job["message"] == "letter");
    assert_eq!(letters.count(), 1);
    assert!(!all.to_string().contains(ANN));
    for (by, status) in [(&house.practice.desk, 403), (&house.ann, 403)] {
        assert_eq!(list(by).await.status.as_u16(), status);
    }
    assert_eq!(house.world.get("/v1/admin/jobs").reply().await.problem(), (401, "not-signed-in"));
    let sent = mine["items"].as_array().unwrap().iter().find(|job| job["state"] == "sent");
    let job = sent.unwrap()["id"].as_str().unwrap();
    let replay = format!("/v1/admin/jobs/{job}/replay");
    let sent = house.world.post(&replay).by(&house.practice.admin).reply().await;
    assert_eq!(sent.problem(), (409, "not-possible"), "a person has it already");
    let stranger = house.world.post(&replay).by(&other.admin).reply().await;
    assert_eq!(stranger.problem(), (404, "not-found"));
}

async fn letters_wait_for_a_mail_server_and_fail_visibly_without_one(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    world.patient(practice.clinic.as_str(), ANN).await;
    world.work().await;
    let root = world.member(Role::PlatformAdmin, None);
    let failed = world.get("/v1/admin/jobs?state=failed").by(&root).reply().await.ok();
    let [job] = &failed["items"].as_array().unwrap()[..] else { panic!("{failed}") };
    assert_eq!(job["reason"], "the channel is not set up");
    let mail = crate::fakes::smtp::Smtp::start().await;
    let world = world.with_mail(&mail);
    let replay = format!("/v1/admin/jobs/{}/replay", job["id"].as_str().unwrap());
    assert_eq!(world.post(&replay).by(&root).reply().await.status.as_u16(), 204);
    world.work().await;
    assert_eq!(mail.to(ANN).len(), 1);
    // What it carried is gone from the database.
    let words = world.get("/v1/admin/jobs?state=nonsense").by(&root).reply().await;
    assert_eq!(words.problem(), (400, "bad-request"));
}

/// A machine in trouble.
struct Troubled;

impl Machine for Troubled {
    fn state(&self) -> MachineState {
        let disk = Some(Disk { free_bytes: 5, size_bytes: 1_000 });
        MachineState { shards: 2, silent_shards: vec![1], disk }
    }
}

async fn those_who_run_the_installation_see_what_waits_fails_and_is_missing(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let root = world.member(Role::PlatformAdmin, None);
    let health = async |world: &World| world.get("/v1/admin/health").by(&root).reply().await.ok();
    world.work().await;
    let well = health(&world).await;
    assert_eq!((&well["concerns"], &well["messages"]["due"]), (&json!([]), &json!(0)), "{well}");
    assert!(["sqlite", "postgres"].contains(&well["database"].as_str().unwrap()));
    assert!(well["database_answered_ms"].as_i64().unwrap() >= 0);
    assert_eq!(well["data_keys_are_open"], true);

    // A letter that nobody hands out, and then one that cannot be sent: there is no mail server.
    world.patient(practice.clinic.as_str(), ANN).await;
    world.clock.advance(Duration::from_secs(180));
    let late = health(&world).await;
    assert_eq!(late["concerns"], json!(["messages_are_late"]));
    assert!(late["messages"]["due"].as_u64().unwrap() >= 1);
    assert_eq!(late["messages"]["oldest_due_s"], 180);
    world.work().await;
    let failed = health(&world).await;
    assert_eq!(failed["concerns"], json!(["deliveries_failed"]));
    let email = failed["deliveries"].as_array().unwrap().iter();
    let email = email.clone().find(|channel| channel["channel"] == "email").unwrap();
    assert_eq!((&email["failed_in_a_day"], &email["due"]), (&json!(1), &json!(0)));
    world.clock.advance(Duration::from_secs(25 * 3600));
    assert_eq!(health(&world).await["concerns"], json!([]), "a day later");

    world.api.keys.close();
    let world = world.with_machine(Arc::new(Troubled));
    let troubled = health(&world).await;
    let concerns = ["data_keys_are_closed", "media_shards_are_silent", "disk_is_nearly_full"];
    assert_eq!(troubled["concerns"], json!(concerns));
    assert_eq!(
        (&troubled["media_shards"], &troubled["silent_media_shards"]),
        (&json!(2), &json!([1]))
    );
    assert_eq!(
        (&troubled["disk_free_bytes"], &troubled["disk_size_bytes"]),
        (&json!(5), &json!(1_000))
    );

    let clinics = world.get("/v1/admin/health").by(&practice.admin).reply().await;
    assert_eq!(clinics.problem(), (403, "forbidden"));
}

stories! {
    those_who_run_the_installation_see_what_waits_fails_and_is_missing
    administrators_see_their_own_clinics_jobs_and_nobody_else_does
    letters_wait_for_a_mail_server_and_fail_visibly_without_one
}
