//! Reviews: one a visit, looked at first, answered, shown when there are enough.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::messages::held;
use crate::world::{World, practice::Practice};

async fn review(world: &World, practice: &Practice, number: usize, stars: u8) -> Value {
    let visit = held(world, practice, &format!("2026-03-02T{:02}:00:00Z", 7 + number)).await;
    let path = format!("/v1/appointments/{visit}/review");
    let body = json!({ "stars": stars, "text": format!("Canarywords {number}") });
    let made = world.post(&path).by(&practice.patient_token).send(body).await;
    assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
    world.clock.advance(Duration::from_secs(3600));
    made.body
}

async fn one_review_a_visit_and_none_of_one_that_was_not_held(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once("later");
    let later = ask.send(practice.booking("2026-03-02T20:00:00Z")).await.ok();
    let path = format!("/v1/appointments/{}/review", later["id"].as_str().unwrap());
    let body = json!({ "stars": 5 });
    let early = world.post(&path).by(&practice.patient_token).send(body.clone()).await;
    assert_eq!(early.problem(), (409, "not-possible"));
    let made = review(&world, &practice, 0, 4).await;
    assert_eq!((&made["state"], &made["stars"]), (&json!("pending"), &json!(4)));
    let path = format!("/v1/appointments/{}/review", made["appointment"].as_str().unwrap());
    let twice = world.post(&path).by(&practice.patient_token).send(body.clone()).await;
    assert_eq!(twice.problem(), (409, "exists"));
    for (stars, by) in [(0, &practice.patient_token), (6, &practice.patient_token)] {
        let odd = world.post(&path).by(by).send(json!({ "stars": stars })).await;
        assert_eq!(odd.problem(), (422, "invalid"));
    }
    for by in [&practice.practitioner_token, &practice.desk, &practice.admin] {
        let other = world.post(&path).by(by).send(body.clone()).await;
        assert_eq!(other.problem(), (403, "forbidden"), "only its patient");
    }
    let read = world.get(&path).by(&practice.patient_token).reply().await.ok();
    assert_eq!(read["text"], "Canarywords 0");
    let by_doctor = world.get(&path).by(&practice.practitioner_token).reply().await;
    assert_eq!(by_doctor.problem(), (403, "forbidden"), "not before it is published");
}

async fn reviews_are_shown_once_published_and_only_when_there_are_enough(world: World) {
    let practice = world.practice("UTC", (0, 23)).await;
    let settings = format!("/v1/clinics/{}/record-settings", practice.clinic);
    let three = json!({ "reviews_min": 3 });
    world.put(&settings).by(&practice.admin).seen(0).send(three).await.ok();
    let public = format!("/v1/practitioners/{}/reviews", practice.practitioner);
    let shown = async || world.get(&public).reply().await.ok();
    let mut ids = Vec::new();
    for (number, stars) in [5, 4, 4, 1].into_iter().enumerate() {
        let made = review(&world, &practice, number, stars).await;
        ids.push(made["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(shown().await, json!({ "enough": false, "reviews": { "items": [] } }));
    let waiting = world.get("/v1/reviews?state=pending").by(&practice.admin).reply().await.ok();
    assert_eq!(waiting["items"].as_array().unwrap().len(), 4);
    for by in [&practice.desk, &practice.practitioner_token, &practice.patient_token] {
        let other = world.get("/v1/reviews").by(by).reply().await;
        assert_eq!(other.problem(), (403, "forbidden"));
    }
    let moderate = |id: &str, seen, body: Value| {
        world.put(&format!("/v1/reviews/{id}/moderation")).by(&practice.admin).seen(seen).send(body)
    };
    for id in &ids[..2] {
        moderate(id, 1, json!({})).await.ok();
        assert_eq!(moderate(id, 1, json!({})).await.problem(), (412, "stale"));
        assert_eq!(moderate(id, 2, json!({})).await.problem(), (409, "not-possible"));
    }
    assert_eq!(shown().await["enough"], false, "two are not enough");
    // Who is reviewed is told what is published, with what it takes to answer, and not whose visit it was.
    let own = world.get("/v1/me/reviews").by(&practice.practitioner_token).reply().await.ok();
    let [later, earlier] = &own["items"].as_array().unwrap()[..] else { panic!("{own}") };
    assert_eq!((&later["id"], &earlier["id"]), (&json!(ids[1]), &json!(ids[0])));
    assert_eq!((&later["rev"], &later["text"]), (&json!(2), &json!("Canarywords 1")));
    assert!(later.get("appointment").is_none() && later.get("created_at").is_none());
    for by in [&practice.desk, &practice.admin, &practice.patient_token] {
        let other = world.get("/v1/me/reviews").by(by).reply().await;
        assert_eq!(other.problem(), (403, "forbidden"));
    }
    let reply = |id: &str, by: &str, seen| {
        let body = json!({ "text": "Canaryreply" });
        world.put(&format!("/v1/reviews/{id}/reply")).by(by).seen(seen).send(body)
    };
    let doctor = &practice.practitioner_token;
    assert_eq!(reply(&ids[2], doctor, 1).await.problem(), (409, "not-possible"));
    moderate(&ids[2], 1, json!({})).await.ok();
    moderate(&ids[3], 1, json!({ "refused_for": "It names somebody." })).await.ok();
    assert_eq!(reply(&ids[2], &practice.admin, 2).await.problem(), (403, "forbidden"));
    let answered = reply(&ids[2], doctor, 2).await.ok();
    assert!(answered.get("appointment").is_none(), "{answered}");
    let all = shown().await;
    assert_eq!((&all["count"], &all["mean"]), (&json!(3), &json!(4.3)));
    let items = all["reviews"]["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let answered = json!({
        "stars": 4, "text": "Canarywords 2", "reply": "Canaryreply", "month": "2026-03"
    });
    assert_eq!(items[0], answered, "and nothing that tells whose it is");
    for bytes in world.files() {
        assert!(!bytes.windows(6).any(|part| part == b"Canary"));
    }
}

stories! {
    one_review_a_visit_and_none_of_one_that_was_not_held
    reviews_are_shown_once_published_and_only_when_there_are_enough
}
