//! Waiting: for a time that becomes free, for the next practitioner; and visits that repeat.

use std::time::Duration;

use scheduling_api::{
    demo,
    domain::{
        actor::{Actor, Role},
        id::{PractitionerId, UserId},
    },
};
use serde_json::{Value, json};

use super::notifications::{ANN, House, house};
use crate::world::{Reply, World, practice::Practice};

/// The only visit of the day after the stories begin.
const TUESDAY: &str = "2026-03-03T08:00:00Z";

async fn booked(world: &World, practice: &Practice, by: &str, start: &str) -> Value {
    let ask = world.post("/v1/appointments").by(by).once(&format!("{start}{by}"));
    ask.send(practice.booking(start)).await.ok()
}

async fn cancelled(world: &World, practice: &Practice, appointment: &Value) {
    let path = format!("/v1/appointments/{}/cancel", appointment["id"].as_str().unwrap());
    world.post(&path).by(&practice.desk).reply().await.ok();
}

fn wish(practice: &Practice) -> Value {
    json!({ "service": practice.service, "from": "2026-03-03T08:00:00Z", "to": "2026-03-03T08:30:00Z" })
}

async fn place(world: &World, by: &str) -> Value {
    let listed = world.get("/v1/waitlist").by(by).reply().await.ok();
    listed["items"][0].clone()
}

async fn a_time_that_becomes_free_is_kept_for_who_waited_longest_and_told(world: World) {
    let house: House = house(world).await;
    let (world, practice) = (&house.world, &house.practice);
    let first = booked(world, practice, &practice.patient_token, TUESDAY).await;
    let ask = || world.post("/v1/waitlist").by(&house.ann).once("w");
    let joined = ask().send(wish(practice)).await.ok();
    assert_eq!((&joined["state"], &joined["lapsed"]), (&json!("waiting"), &json!(0)));
    assert_eq!(ask().send(wish(practice)).await.ok()["id"], joined["id"], "the same request");
    let again = world.post("/v1/waitlist").by(&house.ann).send(wish(practice)).await;
    assert_eq!(again.problem(), (409, "exists"));
    world.clock.advance(Duration::from_secs(60));
    let later = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let later = world.patient_token(&practice.clinic, &later);
    world.post("/v1/waitlist").by(&later).send(wish(practice)).await.ok();
    world.work().await;
    assert_eq!(place(world, &house.ann).await["state"], "waiting", "nothing is free");

    cancelled(world, practice, &first).await;
    house.mail.forget();
    world.work().await;
    let offered = place(world, &house.ann).await;
    assert_eq!(offered["state"], "offered");
    assert_eq!(place(world, &later).await["state"], "waiting");
    world.work().await;
    let [mail] = &house.mail.to(ANN)[..] else { panic!("{:?}", house.mail.taken()) };
    let hold = offered["appointment"].as_str().unwrap();
    assert!(mail.text().contains("Nafasi imepatikana") && mail.text().contains(hold));
    assert!(!mail.data.contains("text/calendar"), "nothing is agreed yet");
    // The time is nobody else's meanwhile.
    let taken = world.post("/v1/appointments").by(&practice.patient_token).once("steal");
    assert_eq!(taken.send(practice.booking(TUESDAY)).await.problem(), (409, "slot-taken"));
    let book = world.post("/v1/appointments").by(&house.ann).once("take");
    let made = book.send(json!({ "hold_id": hold })).await.ok();
    assert_eq!((&made["state"], &made["start"]), (&json!("booked"), &json!(TUESDAY)));
    let done = place(world, &house.ann).await;
    assert_eq!((&done["state"], &done["appointment"]), (&json!("booked"), &made["id"]));
    assert!(matches!(world.api.verify_audits().await, Ok(Ok(_))));
}

async fn an_offer_that_is_let_go_by_goes_to_the_next_and_not_for_ever(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let ann = practice.patient_token.clone();
    world.post("/v1/waitlist").by(&ann).send(wish(&practice)).await.ok();
    world.clock.advance(Duration::from_secs(60));
    let ben = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let ben = world.patient_token(&practice.clinic, &ben);
    world.post("/v1/waitlist").by(&ben).send(wish(&practice)).await.ok();
    let mut turns = Vec::new();
    // From nine to eighteen in Nairobi: by day.
    for _ in 0..5 {
        world.work().await;
        let (a, b) = (place(&world, &ann).await, place(&world, &ben).await);
        turns.push((
            a["state"].as_str().unwrap().to_owned(),
            b["state"].as_str().unwrap().to_owned(),
        ));
        world.clock.advance(Duration::from_secs(121 * 60));
    }
    let turns: Vec<(&str, &str)> = turns.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(
        turns[..4],
        [
            ("offered", "waiting"),
            ("waiting", "offered"),
            ("offered", "waiting"),
            ("waiting", "offered")
        ]
    );
    // At night nothing is offered: nobody would take it in time.
    world.clock.advance(Duration::from_secs(3 * 3600));
    world.work().await;
    assert_eq!(place(&world, &ann).await["state"], "ended", "three offers were let go by");
    assert_eq!(place(&world, &ben).await["state"], "waiting");
    // The span is over.
    world.clock.advance(Duration::from_secs(24 * 3600));
    world.work().await;
    assert_eq!(place(&world, &ann).await["state"], "ended");
    assert_eq!(place(&world, &ben).await["state"], "ended");
}

async fn who_gives_the_place_up_frees_the_time_and_nobody_touches_anothers(world: World) {
    let practice = world.practice("UTC", (8, 18)).await;
    let ann = &practice.patient_token;
    let joined = world.post("/v1/waitlist").by(ann).send(wish(&practice)).await.ok();
    world.work().await;
    let offered = place(&world, ann).await;
    assert_eq!(offered["state"], "offered");
    let path = format!("/v1/waitlist/{}/withdraw", joined["id"].as_str().unwrap());
    let ben = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let ben = world.patient_token(&practice.clinic, &ben);
    assert_eq!(world.post(&path).by(&ben).reply().await.problem(), (403, "forbidden"));
    let elsewhere = world.practice("UTC", (8, 18)).await;
    assert_eq!(world.post(&path).by(&elsewhere.desk).reply().await.problem(), (404, "not-found"));
    assert_eq!(world.post(&path).by(ann).reply().await.ok()["state"], "withdrawn");
    assert_eq!(world.post(&path).by(ann).reply().await.problem(), (409, "not-possible"));
    assert!(
        world
            .starts(&practice, "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z")
            .await
            .contains(&TUESDAY.to_owned())
    );
    for (wrong, field) in [
        (json!({ "service": practice.service, "from": TUESDAY, "to": TUESDAY }), "/to"),
        (
            json!({ "service": practice.service, "from": TUESDAY, "to": "2026-06-03T08:00:00Z" }),
            "/to",
        ),
    ] {
        let refused = world.post("/v1/waitlist").by(ann).send(wrong).await;
        assert_eq!((refused.problem(), &refused.body["field"]), ((422, "invalid"), &json!(field)));
    }
    let foreign =
        json!({ "service": elsewhere.service, "from": TUESDAY, "to": "2026-03-04T00:00:00Z" });
    assert_eq!(
        world.post("/v1/waitlist").by(ann).send(foreign).await.problem(),
        (404, "not-found")
    );
}

/// A practitioner with a token.
fn doctor(world: &World, practice: &Practice, practitioner: &PractitionerId) -> String {
    member(world, practice, practitioner, vec![Role::Practitioner])
}

fn member(
    world: &World,
    practice: &Practice,
    practitioner: &PractitionerId,
    roles: Vec<Role>,
) -> String {
    world.token(Actor {
        user: Some(UserId::mint(&world.api.random, "2026-03-01T00:00:00Z".parse().unwrap())),
        clinic: Some(practice.clinic.clone()),
        roles,
        practitioner: Some(practitioner.clone()),
        second_factor: true,
        ..Actor::default()
    })
}

async fn the_first_in_the_queue_is_taken_first_and_once(world: World) {
    let practice = world.practice_with("UTC", (8, 9), |terms| terms.on_demand = true).await;
    let body = json!({ "service": practice.service });
    let mut patients = vec![practice.patient_token.clone()];
    for _ in 0..2 {
        let one = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
        patients.push(world.patient_token(&practice.clinic, &one));
    }
    let mut places = Vec::new();
    for (number, patient) in patients.iter().enumerate() {
        let joined = world.post("/v1/queue").by(patient).once("q").send(body.clone()).await.ok();
        assert_eq!(joined["ahead"], json!(number));
        places.push(joined);
        world.clock.advance(Duration::from_secs(1));
    }
    let twice = world.post("/v1/queue").by(&patients[0]).send(body.clone()).await;
    assert_eq!(twice.problem(), (409, "exists"));
    let path = |place: &Value| format!("/v1/queue/{}", place["id"].as_str().unwrap());
    assert_eq!(
        world.get(&path(&places[1])).by(&patients[0]).reply().await.problem(),
        (403, "forbidden")
    );
    let listed = world.get("/v1/queue").by(&practice.practitioner_token).reply().await.ok();
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
    assert!(listed["items"].as_array().unwrap().iter().all(|one| one["ahead"].is_null()));
    // A patient finds the own place again, and nobody else's.
    for (number, patient) in patients.iter().enumerate() {
        let mine = world.get("/v1/queue").by(patient).reply().await.ok();
        let [mine] = &mine["items"].as_array().unwrap()[..] else { panic!("{mine}") };
        assert_eq!((&mine["id"], &mine["ahead"]), (&places[number]["id"], &json!(number)));
    }
    let other = format!("/v1/queue?patient={}", places[1]["patient"].as_str().unwrap());
    assert_eq!(world.get(&other).by(&patients[0]).reply().await.problem(), (403, "forbidden"));

    let take = async |by: &str, key: &str| -> Reply {
        world.post("/v1/queue/take").by(by).once(key).send(body.clone()).await
    };
    assert_eq!(take(&practice.desk, "d").await.problem(), (403, "forbidden"));
    let stranger = world.practitioner(&practice.clinic, "Dr. Kamau").await;
    let stranger = doctor(&world, &practice, &stranger);
    assert_eq!(take(&stranger, "s").await.problem(), (422, "invalid"), "does not offer it");
    // In a small practice who takes also runs the clinic.
    let roles = vec![Role::Practitioner, Role::ClinicAdmin];
    let both = member(&world, &practice, &practice.practitioner, roles);
    let taken = take(&both, "1").await.ok();
    assert_eq!((&taken["state"], &taken["overridden"]), (&json!("booked"), &json!(true)));
    assert_eq!(taken["patient"], places[0]["patient"]);
    assert_eq!(taken["start"], "2026-03-02T06:00:00Z", "now, to the minute");
    assert_eq!(take(&both, "1").await.ok()["id"], taken["id"], "once");
    let read = world.get(&path(&places[0])).by(&patients[0]).reply().await.ok();
    assert_eq!((&read["state"], &read["appointment"]), (&json!("taken"), &taken["id"]));
    let mine = world.get("/v1/queue").by(&patients[0]).reply().await.ok();
    assert_eq!(mine["items"], json!([]), "who was taken stands nowhere");
    let read = world.get(&path(&places[1])).by(&patients[1]).reply().await.ok();
    assert_eq!((&read["state"], &read["ahead"]), (&json!("waiting"), &json!(0)));

    // Who leaves is not taken; who stands there for half a day is out.
    let leave = format!("{}/leave", path(&places[1]));
    assert_eq!(world.post(&leave).by(&patients[1]).reply().await.ok()["state"], "left");
    world.clock.advance(Duration::from_secs(13 * 3600));
    world.work().await;
    let read = world.get(&path(&places[2])).by(&patients[2]).reply().await.ok();
    assert_eq!(read["state"], "left");
    let empty = take(&practice.practitioner_token, "2").await;
    assert_eq!(empty.problem(), (409, "not-possible"));
    let plain = world.practice("UTC", (8, 18)).await;
    let body = json!({ "service": plain.service });
    let none = world.post("/v1/queue").by(&plain.patient_token).send(body).await;
    assert_eq!(none.problem(), (409, "not-possible"), "not on demand");
}

async fn two_practitioners_never_take_the_same_patient(world: World) {
    let practice = world.practice_with("UTC", (8, 9), |terms| terms.on_demand = true).await;
    let body = json!({ "service": practice.service });
    for _ in 0..6 {
        let one = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
        let one = world.patient_token(&practice.clinic, &one);
        world.post("/v1/queue").by(&one).send(body.clone()).await.ok();
        world.clock.advance(Duration::from_millis(5));
    }
    let tokens: Vec<String> =
        (0..8).map(|_| doctor(&world, &practice, &practice.practitioner)).collect();
    let takes = tokens.iter().map(|token| {
        let ask = world.post("/v1/queue/take").by(token).once("take");
        ask.send(body.clone())
    });
    let taken = futures_util::future::join_all(takes).await;
    let mut patients: Vec<String> = Vec::new();
    for reply in taken {
        match reply.status.as_u16() {
            201 => patients.push(reply.body["patient"].to_string()),
            // On PostgreSQL who is being taken is stepped over, or a calendar's row collides: asked again, then.
            status => assert!(matches!(status, 409 | 412 | 503), "{status} {}", reply.body),
        }
    }
    let count = patients.len();
    patients.sort();
    patients.dedup();
    assert_eq!(patients.len(), count, "nobody is taken twice");
    assert!(count >= 1);
}

async fn visits_repeat_at_the_same_time_of_day_across_a_change_of_the_clocks(world: World) {
    // Berlin changes on 2026-03-29.
    let practice = world.practice("Europe/Berlin", (8, 18)).await;
    let body = |visits: u32, skip: bool| {
        json!({ "service": practice.service, "practitioner": practice.practitioner,
            "start": "2026-03-16T09:00:00Z", "every_weeks": 1, "visits": visits, "skip_taken": skip })
    };
    let ask =
        |key: &str| world.post("/v1/appointments/series").by(&practice.patient_token).once(key);
    let keyless = world.post("/v1/appointments/series").by(&practice.patient_token);
    assert_eq!(keyless.send(body(3, false)).await.problem(), (400, "idempotency-key-needed"));
    assert_eq!(ask("x").send(body(1, false)).await.problem(), (422, "invalid"));
    let booked = ask("a").send(body(3, false)).await.ok();
    let starts: Vec<&str> = booked["appointments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["start"].as_str().unwrap())
        .collect();
    assert_eq!(starts, ["2026-03-16T09:00:00Z", "2026-03-23T09:00:00Z", "2026-03-30T08:00:00Z"]);
    assert_eq!(ask("a").send(body(3, false)).await.ok(), booked, "once");
    assert!(
        booked["appointments"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["series"] == booked["series"] && one["state"] == "booked")
    );

    // Somebody else's series meets it: all or nothing, or what is free.
    let other = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let other = world.patient_token(&practice.clinic, &other);
    let mut wish = body(4, false);
    wish["start"] = json!("2026-03-23T09:00:00Z");
    let ask_other = |key: &str| world.post("/v1/appointments/series").by(&other).once(key);
    assert_eq!(ask_other("o").send(wish.clone()).await.problem(), (409, "slot-taken"));
    let none = world.get("/v1/appointments").by(&other).reply().await.ok();
    assert_eq!(none["items"], json!([]), "nothing was booked");
    wish["skip_taken"] = json!(true);
    let rest = ask_other("p").send(wish).await.ok();
    assert_eq!(rest["skipped"], json!(["2026-03-23T09:00:00Z", "2026-03-30T08:00:00Z"]));
    assert_eq!(rest["appointments"].as_array().unwrap().len(), 2);

    // Called off: what has not begun.
    world.clock.set("2026-03-20T00:00:00Z".parse().unwrap());
    let cancel = format!("/v1/appointments/series/{}/cancel", booked["series"].as_str().unwrap());
    assert_eq!(world.post(&cancel).by(&other).reply().await.problem(), (403, "forbidden"));
    let off = world.post(&cancel).by(&practice.patient_token).once("c").reply().await.ok();
    assert_eq!(off["appointments"].as_array().unwrap().len(), 2);
    assert!(off["appointments"].as_array().unwrap().iter().all(|one| one["state"] == "cancelled"));
    let again = world.post(&cancel).by(&practice.patient_token).reply().await;
    assert_eq!(again.problem(), (409, "not-possible"));
}

stories! {
    a_time_that_becomes_free_is_kept_for_who_waited_longest_and_told
    an_offer_that_is_let_go_by_goes_to_the_next_and_not_for_ever
    who_gives_the_place_up_frees_the_time_and_nobody_touches_anothers
    the_first_in_the_queue_is_taken_first_and_once
    two_practitioners_never_take_the_same_patient
    visits_repeat_at_the_same_time_of_day_across_a_change_of_the_clocks
}
