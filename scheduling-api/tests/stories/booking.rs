//! Booking, from the hold to the end of the visit.

use std::time::Duration;

use scheduling_api::demo;
use serde_json::{Value, json};

use crate::world::{World, practice::Practice};

/// Within hours on the day that every story begins.
const NINE: &str = "2026-03-02T09:00:00Z";
const HALF_PAST_NINE: &str = "2026-03-02T09:30:00Z";

async fn practice(world: &World) -> Practice {
    world.practice("UTC", (8, 18)).await
}

async fn book(world: &World, practice: &Practice, start: &str) -> Value {
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once(start);
    ask.send(practice.booking(start)).await.ok()
}

async fn step(world: &World, by: &str, appointment: &Value, verb: &str) -> (u16, String) {
    let id = appointment["id"].as_str().unwrap();
    let reply = world.post(&format!("/v1/appointments/{id}/{verb}")).by(by).reply().await;
    let status = reply.status.as_u16();
    let word = if reply.status.is_success() {
        reply.body["state"].as_str().unwrap().to_owned()
    } else {
        reply.problem().1.to_owned()
    };
    (status, word)
}

async fn a_patient_holds_a_time_books_it_and_it_is_no_longer_proposed(world: World) {
    let practice = practice(&world).await;
    let day = ("2026-03-02T08:00:00Z", "2026-03-02T18:00:00Z");
    assert_eq!(world.starts(&practice, day.0, day.1).await.len(), 20);
    let hold = world.post("/v1/holds").by(&practice.patient_token);
    let hold = hold.send(practice.booking(NINE)).await.ok();
    assert_eq!(
        (&hold["state"], &hold["expires_at"]),
        (&json!("held"), &json!("2026-03-02T06:10:00Z"))
    );
    assert!(!world.starts(&practice, day.0, day.1).await.contains(&NINE.to_owned()));

    let ask = world.post("/v1/appointments").by(&practice.patient_token).once("k");
    let booked = ask.send(json!({ "hold_id": hold["id"] })).await.ok();
    assert_eq!((&booked["id"], &booked["state"]), (&hold["id"], &json!("booked")));
    assert_eq!(world.starts(&practice, day.0, day.1).await.len(), 19);
}

async fn why_a_patient_comes_is_read_by_who_treats_them_and_forgotten_with_a_hold(world: World) {
    let practice = practice(&world).await;
    let mut wish = practice.booking(NINE);
    wish["reason"] = json!("Canarycough");
    let ask = || world.post("/v1/holds").by(&practice.patient_token);
    let mut long = wish.clone();
    long["reason"] = json!("x".repeat(2001));
    assert_eq!(ask().send(long).await.problem(), (422, "invalid"));
    let mut nobody = wish.clone();
    nobody.as_object_mut().unwrap().remove("patient");
    let by_desk = world.post("/v1/holds").by(&practice.desk).send(nobody).await;
    assert_eq!(by_desk.problem(), (422, "invalid"), "nobody's reason");
    let hold = ask().send(wish.clone()).await.ok();
    assert!(hold.get("reason").is_none(), "{hold}");
    let path = format!("/v1/appointments/{}", hold["id"].as_str().unwrap());
    for by in [&practice.patient_token, &practice.practitioner_token] {
        assert_eq!(world.get(&path).by(by).reply().await.ok()["reason"], "Canarycough");
    }
    for by in [&practice.desk, &practice.admin] {
        let read = world.get(&path).by(by).reply().await.ok();
        assert!(read.get("reason").is_none(), "{read}");
    }
    for bytes in world.files() {
        assert!(!bytes.windows(6).any(|part| part == b"Canary"));
    }

    // Booked, it stays; let go by, it is forgotten.
    let book = world.post("/v1/appointments").by(&practice.patient_token).once("k");
    book.send(json!({ "hold_id": hold["id"] })).await.ok();
    let read = world.get(&path).by(&practice.practitioner_token).reply().await.ok();
    assert_eq!(read["reason"], "Canarycough");
    wish["start"] = json!("2026-03-02T10:00:00Z");
    let other = ask().send(wish).await.ok();
    world.clock.advance(Duration::from_secs(601));
    scheduling_api::decide_by_time_once(&world.api, NINE.parse().unwrap()).await.unwrap();
    let path = format!("/v1/appointments/{}", other["id"].as_str().unwrap());
    let read = world.get(&path).by(&practice.patient_token).reply().await.ok();
    assert_eq!((&read["state"], read.get("reason")), (&json!("expired"), None));
}

async fn a_hold_that_has_ended_cannot_be_booked_and_its_time_is_free(world: World) {
    let practice = practice(&world).await;
    let hold = world.post("/v1/holds").by(&practice.patient_token);
    let hold = hold.send(practice.booking(NINE)).await.ok();
    world.clock.advance(Duration::from_secs(600));
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once("k");
    let late = ask.send(json!({ "hold_id": hold["id"] })).await;
    assert_eq!(late.problem(), (409, "hold-expired"));

    let other = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let other = world.patient_token(&practice.clinic, &other);
    let ask = world.post("/v1/appointments").by(&other).once("k");
    assert_eq!(ask.send(practice.booking(NINE)).await.ok()["state"], "booked");
    let path = format!("/v1/appointments/{}", hold["id"].as_str().unwrap());
    assert_eq!(world.get(&path).by(&practice.desk).reply().await.ok()["state"], "expired");
}

async fn a_taken_time_is_refused_for_the_practitioner_and_for_the_patient(world: World) {
    let practice = practice(&world).await;
    book(&world, &practice, NINE).await;
    let other = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let other = world.patient_token(&practice.clinic, &other);
    let second =
        world.post("/v1/appointments").by(&other).once("k").send(practice.booking(NINE)).await;
    assert_eq!(second.problem(), (409, "slot-taken"));

    // The same patient with another practitioner, half way into the first visit.
    let colleague = world.practitioner(&practice.clinic, "Dr. Njeri Kamau").await;
    let hours = crate::world::practice::every_day("UTC", 8, 18);
    demo::add_hours(&world.api, &practice.clinic, &colleague, hours).await.unwrap();
    let mut terms = crate::world::practice::terms(vec![colleague.clone()]);
    terms.step_min = 15;
    let service = demo::add_service(&world.api, &practice.clinic, terms).await.unwrap();
    let body =
        json!({ "service": service, "practitioner": colleague, "start": "2026-03-02T09:15:00Z" });
    let both =
        world.post("/v1/appointments").by(&practice.patient_token).once("b").send(body).await;
    assert_eq!(both.problem(), (409, "slot-taken"));
}

async fn times_outside_the_rules_are_refused_and_adjacent_ones_are_not(world: World) {
    let practice = practice(&world).await;
    book(&world, &practice, NINE).await;
    book(&world, &practice, HALF_PAST_NINE).await;
    for start in ["2026-03-02T09:10:00Z", "2026-03-02T05:00:00Z", "2026-03-02T18:00:00Z"] {
        let ask = world.post("/v1/appointments").by(&practice.desk).once(start);
        let mut body = practice.booking(start);
        body["patient"] = json!(practice.patient);
        assert_eq!(ask.send(body).await.problem(), (422, "slot-refused"), "{start}");
    }
}

async fn a_moved_appointment_keeps_its_id_and_frees_its_time(world: World) {
    let practice = practice(&world).await;
    let booked = book(&world, &practice, NINE).await;
    let id = booked["id"].as_str().unwrap();
    let rev = u32::try_from(booked["rev"].as_u64().unwrap()).unwrap();
    let path = format!("/v1/appointments/{id}/reschedule");
    // Half over itself: its own time is no obstacle.
    let body = json!({ "start": HALF_PAST_NINE });
    let stale =
        world.post(&path).by(&practice.patient_token).seen(rev - 1).send(body.clone()).await;
    assert_eq!(stale.problem(), (412, "stale"));
    let moved = world.post(&path).by(&practice.patient_token).seen(rev).send(body).await.ok();
    assert_eq!((&moved["id"], &moved["start"]), (&booked["id"], &json!(HALF_PAST_NINE)));
    assert_eq!(moved["rev"].as_u64(), Some(u64::from(rev) + 1));
    let starts = world.starts(&practice, "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z").await;
    assert_eq!(starts, [NINE]);
}

async fn a_move_into_a_taken_time_leaves_the_appointment_where_it_was(world: World) {
    let practice = practice(&world).await;
    let first = book(&world, &practice, NINE).await;
    let other = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let other = world.patient_token(&practice.clinic, &other);
    let ask = world.post("/v1/appointments").by(&other).once("k");
    ask.send(practice.booking(HALF_PAST_NINE)).await.ok();
    let path = format!("/v1/appointments/{}", first["id"].as_str().unwrap());
    let rev = u32::try_from(first["rev"].as_u64().unwrap()).unwrap();
    let ask = world.post(&format!("{path}/reschedule")).by(&practice.patient_token).seen(rev);
    assert_eq!(ask.send(json!({ "start": HALF_PAST_NINE })).await.problem(), (409, "slot-taken"));
    let still = world.get(&path).by(&practice.patient_token).reply().await.ok();
    assert_eq!((&still["start"], &still["rev"]), (&first["start"], &first["rev"]));
}

async fn cancelling_early_is_free_and_late_it_costs_what_was_agreed(world: World) {
    let practice = practice(&world).await;
    let early = book(&world, &practice, NINE).await;
    let cancelled = step(&world, &practice.patient_token, &early, "cancel").await;
    assert_eq!(cancelled, (200, "cancelled".to_owned()));
    let late = book(&world, &practice, HALF_PAST_NINE).await;
    world.clock.advance(Duration::from_secs(2 * 3600));
    step(&world, &practice.patient_token, &late, "cancel").await;
    let read = async |appointment: &Value| {
        let path = format!("/v1/appointments/{}", appointment["id"].as_str().unwrap());
        world.get(&path).by(&practice.patient_token).reply().await.ok()["fee"].clone()
    };
    assert_eq!(read(&early).await, Value::Null);
    assert_eq!(read(&late).await, json!({ "minor": 50_000, "currency": "KES" }));
    // The time is free again.
    assert_eq!(world.starts(&practice, NINE, "2026-03-02T10:00:00Z").await.len(), 2);
}

async fn a_visit_goes_from_check_in_to_its_end(world: World) {
    let practice = practice(&world).await;
    let booked = book(&world, &practice, NINE).await;
    let early = step(&world, &practice.patient_token, &booked, "check-in").await;
    assert_eq!(early, (409, "not-possible".to_owned()));
    world.clock.set("2026-03-02T08:30:00Z".parse().unwrap());
    for (by, verb, state) in [
        (&practice.patient_token, "check-in", "checked_in"),
        (&practice.practitioner_token, "start", "in_progress"),
        (&practice.practitioner_token, "finish", "completed"),
    ] {
        assert_eq!(step(&world, by, &booked, verb).await, (200, state.to_owned()));
    }
    let over = step(&world, &practice.patient_token, &booked, "cancel").await;
    assert_eq!(over, (409, "not-possible".to_owned()));
}

async fn who_does_not_come_is_marked_only_after_the_grace(world: World) {
    let practice = practice(&world).await;
    let booked = book(&world, &practice, NINE).await;
    world.clock.set("2026-03-02T09:14:59Z".parse().unwrap());
    let early = step(&world, &practice.desk, &booked, "no-show").await;
    assert_eq!(early, (409, "not-possible".to_owned()));
    world.clock.set("2026-03-02T09:15:00Z".parse().unwrap());
    assert_eq!(step(&world, &practice.desk, &booked, "no-show").await, (200, "no_show".to_owned()));
}

async fn who_is_missed_is_marked_by_the_rule_and_staff_take_it_back(world: World) {
    let practice = world
        .practice_with("UTC", (8, 18), |terms| {
            terms.cancel.no_show_by_rule = true;
            terms.cancel.no_show_fee_minor = 100_000;
        })
        .await;
    let missed = book(&world, &practice, NINE).await;
    let there = book(&world, &practice, HALF_PAST_NINE).await;
    let begun: jiff::Timestamp = NINE.parse().unwrap();
    let decide =
        async |since| scheduling_api::decide_by_time_once(&world.api, since).await.unwrap();
    let state = async |one: &Value| {
        let path = format!("/v1/appointments/{}", one["id"].as_str().unwrap());
        world.get(&path).by(&practice.desk).reply().await.ok()
    };
    world.clock.set("2026-03-02T09:14:00Z".parse().unwrap());
    let checked_in = step(&world, &practice.desk, &there, "check-in").await;
    assert_eq!(checked_in, (200, "checked_in".to_owned()));
    assert_eq!(decide(begun).await, 0, "within the grace");
    world.clock.set("2026-03-02T10:00:00Z".parse().unwrap());
    let later = begun + Duration::from_secs(60);
    assert_eq!(decide(later).await, 0, "nobody could come to a program that did not run");
    assert_eq!(decide(begun).await, 1, "who is there is not missed");
    let read = state(&missed).await;
    assert_eq!((&read["state"], &read["fee"]["minor"]), (&json!("no_show"), &json!(100_000)));
    assert_eq!(state(&there).await["state"], "checked_in");

    // Somebody else has the time meanwhile; who comes late is taken all the same.
    let other = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let mut body = practice.booking(NINE);
    body["patient"] = json!(other);
    body["reason"] = json!("a gap");
    let ask = world.post("/v1/appointments/override").by(&practice.desk).once("gap");
    let late = ask.send(body).await.ok();
    let verb = "no-show/take-back";
    let by_patient = step(&world, &practice.patient_token, &missed, verb).await;
    assert_eq!(by_patient, (403, "forbidden".to_owned()));
    let back = step(&world, &practice.desk, &missed, verb).await;
    assert_eq!(back, (200, "checked_in".to_owned()));
    assert!(state(&missed).await.get("fee").is_none());
    assert_eq!(step(&world, &practice.desk, &missed, verb).await.0, 409, "once");
    assert_eq!(decide(begun).await, 0, "the rule does not ask again");
    let audit = format!("/v1/clinics/{}/audit", practice.clinic);
    let audit = world.get(&audit).by(&practice.admin).reply().await.ok().to_string();
    assert!(audit.contains("decide_no_show") && audit.contains("take_back_no_show"));

    world.clock.set("2026-03-02T10:14:59Z".parse().unwrap());
    assert_eq!(decide(begun).await, 0, "placed after its beginning, the grace is the same");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!((decide(begun).await, state(&late).await["state"].as_str()), (1, Some("no_show")));

    let absent = step(&world, &practice.desk, &there, "no-show").await;
    assert_eq!(absent, (200, "no_show".to_owned()));
    world.clock.set("2026-03-03T09:31:00Z".parse().unwrap());
    let too_late = step(&world, &practice.desk, &there, verb).await;
    assert_eq!(too_late, (409, "not-possible".to_owned()), "a day later");
}

async fn a_request_keeps_its_time_until_staff_decide(world: World) {
    let practice = world.practice_with("UTC", (8, 18), |terms| terms.needs_approval = true).await;
    let held =
        world.post("/v1/holds").by(&practice.patient_token).send(practice.booking(NINE)).await;
    assert_eq!(held.problem(), (409, "needs-approval"));
    let requested = book(&world, &practice, NINE).await;
    assert_eq!(requested["state"], "requested");
    assert!(!world.starts(&practice, NINE, HALF_PAST_NINE).await.contains(&NINE.to_owned()));
    let patient = step(&world, &practice.patient_token, &requested, "approve").await;
    assert_eq!(patient, (403, "forbidden".to_owned()));
    let approved = step(&world, &practice.desk, &requested, "approve").await;
    assert_eq!(approved, (200, "booked".to_owned()));

    let other = book(&world, &practice, HALF_PAST_NINE).await;
    assert_eq!(
        step(&world, &practice.desk, &other, "decline").await,
        (200, "cancelled".to_owned())
    );
    let declined = step(&world, &practice.desk, &requested, "decline").await;
    assert_eq!(declined, (409, "not-possible".to_owned()));
}

async fn staff_place_an_appointment_over_another_with_a_reason_and_nobody_else_does(world: World) {
    let practice = practice(&world).await;
    book(&world, &practice, NINE).await;
    let other = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let body = |reason: &str| {
        json!({ "service": practice.service, "practitioner": practice.practitioner, "patient": other,
            "start": NINE, "reason": reason })
    };
    let post = |by: &str, key: &str| world.post("/v1/appointments/override").by(by).once(key);
    let patient = post(&practice.patient_token, "a").send(body("urgent")).await;
    assert_eq!(patient.problem(), (403, "forbidden"));
    let silent = post(&practice.desk, "b").send(body(" ")).await;
    assert_eq!(silent.problem(), (422, "invalid"));
    let placed = post(&practice.desk, "c").send(body("urgent, Dr. Osei agreed")).await.ok();
    assert_eq!((&placed["state"], &placed["overridden"]), (&json!("booked"), &json!(true)));
}

async fn a_patient_sees_and_moves_nobody_elses_appointment(world: World) {
    let practice = practice(&world).await;
    let booked = book(&world, &practice, NINE).await;
    let other = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let other = world.patient_token(&practice.clinic, &other);
    let path = format!("/v1/appointments/{}", booked["id"].as_str().unwrap());
    assert_eq!(world.get(&path).by(&other).reply().await.problem(), (403, "forbidden"));
    assert_eq!(step(&world, &other, &booked, "cancel").await.0, 403);
    let listed = world.get("/v1/appointments").by(&other).reply().await.ok();
    assert_eq!(listed, json!({ "items": [] }));
    let theirs = format!("/v1/appointments?patient={}", practice.patient);
    assert_eq!(world.get(&theirs).by(&other).reply().await.problem(), (403, "forbidden"));
    let stranger = world.practice("UTC", (8, 18)).await;
    assert_eq!(world.get(&path).by(&stranger.desk).reply().await.problem(), (404, "not-found"));
}

async fn lists_show_patients_their_own_and_staff_the_clinics(world: World) {
    let practice = practice(&world).await;
    book(&world, &practice, HALF_PAST_NINE).await;
    book(&world, &practice, NINE).await;
    for by in [&practice.patient_token, &practice.practitioner_token, &practice.desk] {
        let page = world.get("/v1/appointments?limit=1").by(by).reply().await.ok();
        assert_eq!(page["items"][0]["start"], NINE);
        let next = page["next"].as_str().unwrap();
        let path = format!("/v1/appointments?limit=1&after={next}");
        let page = world.get(&path).by(by).reply().await.ok();
        assert_eq!(page["items"][0]["start"], HALF_PAST_NINE);
        assert_eq!(page["next"], Value::Null);
    }
}

async fn a_booking_sent_twice_is_booked_once(world: World) {
    let practice = practice(&world).await;
    let first = book(&world, &practice, NINE).await;
    assert_eq!(book(&world, &practice, NINE).await, first);
    let keyless = world.post("/v1/appointments").by(&practice.patient_token);
    let keyless = keyless.send(practice.booking(HALF_PAST_NINE)).await;
    assert_eq!(keyless.problem(), (400, "idempotency-key-needed"));
}

async fn anybody_who_is_free_is_found_for_a_booking_without_a_name(world: World) {
    let practice = practice(&world).await;
    book(&world, &practice, NINE).await;
    let other = demo::add_patient(&world.api, &practice.clinic).await.unwrap();
    let other = world.patient_token(&practice.clinic, &other);
    let body = json!({ "service": practice.service, "start": NINE });
    let full = world.post("/v1/appointments").by(&other).once("a").send(body.clone()).await;
    // Whoever names nobody may: the practitioner is found by us.
    assert_eq!(full.problem(), (409, "slot-taken"));
    let free = json!({ "service": practice.service, "start": HALF_PAST_NINE });
    let booked = world.post("/v1/appointments").by(&other).once("b").send(free).await.ok();
    assert_eq!(booked["practitioner"], json!(practice.practitioner));
}

stories! {
    a_patient_holds_a_time_books_it_and_it_is_no_longer_proposed
    why_a_patient_comes_is_read_by_who_treats_them_and_forgotten_with_a_hold
    a_hold_that_has_ended_cannot_be_booked_and_its_time_is_free
    a_taken_time_is_refused_for_the_practitioner_and_for_the_patient
    times_outside_the_rules_are_refused_and_adjacent_ones_are_not
    a_moved_appointment_keeps_its_id_and_frees_its_time
    a_move_into_a_taken_time_leaves_the_appointment_where_it_was
    cancelling_early_is_free_and_late_it_costs_what_was_agreed
    a_visit_goes_from_check_in_to_its_end
    who_does_not_come_is_marked_only_after_the_grace
    who_is_missed_is_marked_by_the_rule_and_staff_take_it_back
    a_request_keeps_its_time_until_staff_decide
    staff_place_an_appointment_over_another_with_a_reason_and_nobody_else_does
    a_patient_sees_and_moves_nobody_elses_appointment
    lists_show_patients_their_own_and_staff_the_clinics
    a_booking_sent_twice_is_booked_once
    anybody_who_is_free_is_found_for_a_booking_without_a_name
}
