//! What goes out, as those who look after it see it.

use serde_json::json;

use super::notifications::{ANN, house};
use crate::world::World;
use scheduling_api::domain::actor::Role;

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

stories! {
    administrators_see_their_own_clinics_jobs_and_nobody_else_does
    letters_wait_for_a_mail_server_and_fail_visibly_without_one
}
