//! Hours, visit types and the search for times and practitioners.

use scheduling_api::demo;
use serde_json::json;

use crate::world::{World, practice::every_day};

async fn staff_make_and_change_hours_and_the_search_follows(world: World) {
    let practice = world.practice("Africa/Nairobi", (9, 10)).await;
    let day = ("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z");
    let starts = world.starts(&practice, day.0, day.1).await;
    assert_eq!(starts, ["2026-03-03T06:00:00Z", "2026-03-03T06:30:00Z"]);

    let colleague = world.practitioner(&practice.clinic, "Dr. Njeri Kamau").await;
    let hours = json!({ "practitioner": colleague, "time_zone": "Africa/Nairobi",
        "weekly": [{ "weekday": 2, "windows": [{ "from": "10:00", "to": "11:00" }] }] });
    let made = world.post("/v1/schedules").by(&practice.desk).send(hours.clone()).await.ok();
    let path = format!("/v1/schedules/{}", made["id"].as_str().unwrap());
    let again = world.post("/v1/schedules").by(&practice.desk).send(hours).await;
    assert_eq!(again.problem(), (409, "in-flight"));
    let patient = world.get(&path).by(&practice.patient_token).reply().await;
    assert_eq!(patient.problem(), (403, "forbidden"));

    let leave = json!({ "first": "2026-03-03", "last": "2026-03-03", "windows": [] });
    let ask = world.post(&format!("{path}/overrides")).by(&practice.desk).seen(1);
    let changed = ask.send(leave).await.ok();
    assert_eq!((&changed["rev"], changed["overrides"].as_array().unwrap().len()), (&json!(2), 1));
    let broken = json!({ "time_zone": "Mars/Base", "weekly": [] });
    let broken = world.put(&path).by(&practice.desk).seen(2).send(broken).await;
    assert_eq!(broken.problem(), (422, "invalid"));
}

async fn an_override_empties_a_day_that_was_searched_before(world: World) {
    let practice = world.practice("UTC", (9, 10)).await;
    let day = ("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z");
    assert_eq!(world.starts(&practice, day.0, day.1).await.len(), 2);
    let path = "/v1/practitioners?clinic=".to_owned() + practice.clinic.as_str();
    let found = world.get(&path).reply().await.ok();
    assert_eq!(found["items"][0]["next_free"]["start"], "2026-03-02T09:00:00Z");

    let leave = json!({ "first": "2026-03-02", "last": "2026-03-03", "windows": [] });
    let ask = world.post(&format!("/v1/schedules/{}/overrides", practice.schedule));
    ask.by(&practice.practitioner_token).seen(1).send(leave).await.ok();
    assert!(world.starts(&practice, day.0, day.1).await.is_empty());
    let found = world.get(&path).reply().await.ok();
    assert_eq!(found["items"][0]["next_free"]["start"], "2026-03-04T09:00:00Z");
}

async fn practitioners_are_found_by_what_they_do_speak_and_cost(world: World) {
    let practice = world.practice("UTC", (9, 10)).await;
    let card = demo::card(&world.api, "Dr. Léa Moreau", "dermatology", &["fr"]);
    let other = demo::add_practitioner(&world.api, &practice.clinic, card).await.unwrap();
    demo::add_hours(&world.api, &practice.clinic, &other, every_day("UTC", 7, 8)).await.unwrap();
    let mut terms = crate::world::practice::terms(vec![other.clone()]);
    terms.price.minor = 900_000;
    demo::add_service(&world.api, &practice.clinic, terms).await.unwrap();
    let names = async |query: &str| -> Vec<String> {
        let path = format!("/v1/practitioners?clinic={}&{query}", practice.clinic);
        let found = world.get(&path).reply().await.ok();
        let items = found["items"].as_array().unwrap().iter();
        items.map(|item| item["display_name"].as_str().unwrap().to_owned()).collect()
    };
    let (osei, moreau) = ("Dr. Amara Osei", "Dr. Léa Moreau");
    assert_eq!(names("specialty=dermatology").await, [moreau]);
    assert_eq!(names("language=sw").await, [osei]);
    assert_eq!(names("q=l%C3%A9a").await, [moreau]);
    assert_eq!(names("max_fee=300000").await, [osei]);
    assert_eq!(names("sort=fee").await, [osei, moreau]);
    assert_eq!(names("sort=next_free").await, [moreau, osei]);
    assert_eq!(names("q=nobody").await, Vec::<String>::new());
}

async fn a_visit_type_that_cannot_be_is_refused_and_its_terms_bind_later_bookings_only(
    world: World,
) {
    let practice = world.practice("UTC", (9, 18)).await;
    let body = |price: i64| {
        json!({ "name": "Visit", "mode": "video", "duration_min": 30,
            "price": { "minor": price, "currency": "KES" }, "pay": "pay_after",
            "cancel": { "free_until_min": 60 }, "practitioners": [practice.practitioner] })
    };
    let path = format!("/v1/services/{}", practice.service);
    let patient = world.put(&path).by(&practice.patient_token).seen(1).send(body(1)).await;
    assert_eq!(patient.problem(), (403, "forbidden"));
    let negative = world.put(&path).by(&practice.admin).seen(1).send(body(-1)).await;
    assert_eq!((negative.problem(), &negative.body["field"]), ((422, "invalid"), &json!("/price")));

    let mut group = body(1);
    group["capacity"] = json!(2);
    let group = world.put(&path).by(&practice.admin).seen(1).send(group).await;
    assert_eq!((group.problem(), &group.body["field"]), ((422, "invalid"), &json!("/capacity")));

    let start = "2026-03-02T09:00:00Z";
    let ask = world.post("/v1/appointments").by(&practice.patient_token).once("k");
    let booked = ask.send(practice.booking(start)).await.ok();
    world.put(&path).by(&practice.admin).seen(1).send(body(1)).await.ok();
    let path = format!("/v1/appointments/{}", booked["id"].as_str().unwrap());
    let read = world.get(&path).by(&practice.patient_token).reply().await.ok();
    assert_eq!(read["price"], json!({ "minor": 250_000, "currency": "KES" }));
}

async fn local_starts_carry_the_offset_of_their_day(world: World) {
    let practice = world.practice_with("America/New_York", (9, 10), |_| ()).await;
    let path = format!(
        "/v1/slots?service={}&from=2026-03-07T00:00:00Z&to=2026-03-09T00:00:00Z&tz=America/New_York",
        practice.service
    );
    let found = world.get(&path).reply().await.ok();
    let local: Vec<_> =
        found["items"].as_array().unwrap().iter().map(|slot| slot["local_start"].clone()).collect();
    assert_eq!(
        local,
        [
            "2026-03-07T09:00:00-05:00",
            "2026-03-07T09:30:00-05:00",
            "2026-03-08T09:00:00-04:00",
            "2026-03-08T09:30:00-04:00",
        ]
    );
}

async fn a_search_is_bounded(world: World) {
    let practice = world.practice("UTC", (9, 10)).await;
    let asked = async |span: &str| {
        let path = format!("/v1/slots?service={}&{span}", practice.service);
        world.get(&path).reply().await.status.as_u16()
    };
    assert_eq!(asked("from=2026-03-02T00:00:00Z&to=2026-05-03T00:00:00Z").await, 200);
    assert_eq!(asked("from=2026-03-02T00:00:00Z&to=2026-05-04T00:00:00Z").await, 422);
    assert_eq!(asked("from=2026-03-02T00:00:00Z&to=2026-03-01T00:00:00Z").await, 422);
    assert_eq!(asked("from=yesterday&to=2026-03-01T00:00:00Z").await, 400);
}

stories! {
    staff_make_and_change_hours_and_the_search_follows
    an_override_empties_a_day_that_was_searched_before
    practitioners_are_found_by_what_they_do_speak_and_cost
    a_visit_type_that_cannot_be_is_refused_and_its_terms_bind_later_bookings_only
    local_starts_carry_the_offset_of_their_day
    a_search_is_bounded
}
