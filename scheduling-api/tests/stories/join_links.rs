//! Links into a visit: for one person, on one device, until they end.

use serde_json::{Value, json};

use crate::{
    visit::{Booked, booked, checked, text},
    world::{Reply, World},
};

async fn invite(world: &World, booked: &Booked, token: &str, body: Value) -> Reply {
    let path = format!("/v1/appointments/{}/join-links", booked.appointment);
    world.post(&path).by(token).send(body).await
}

async fn exchange(world: &World, secret: &Value, device: Option<&str>) -> Reply {
    let ask = world.post("/v1/join/exchange");
    let ask = device.map_or_else(
        || world.post("/v1/join/exchange"),
        |device| ask.with("bedside-device", device),
    );
    ask.send(json!({ "secret": secret })).await
}

async fn a_relative_comes_by_a_link_waits_and_sees_only_themselves(world: World) {
    let booked = booked(&world).await;
    let patient = &booked.practice.patient_token;
    let body = json!({ "role": "relative", "name": "Canary Wanjiru" });
    let link = invite(&world, &booked, patient, body).await.ok();
    let url = text(&link["url"]);
    assert!(
        url.starts_with("https://clinic.example/join#") && url.ends_with(&text(&link["secret"]))
    );
    let entered = exchange(&world, &link["secret"], None).await;
    assert!(entered.header("set-cookie").contains("__Host-bedside_device="));
    let entered = entered.ok();
    let me = &entered["visit"]["me"];
    assert_eq!(
        (&me["role"], &me["name"], &me["state"]),
        (&json!("relative"), &json!("Canary Wanjiru"), &json!("invited"))
    );
    assert_eq!(entered["visit"]["participants"].as_array().unwrap().len(), 1);
    let guest = text(&entered["session_token"]);

    let waiting = booked.do_by(&world, &guest, "check-in", checked()).await.ok();
    assert_eq!(waiting["me"]["state"], "waiting");
    let token = booked.do_by(&world, &guest, "token", json!({})).await.ok();
    assert_eq!(token["admitted"], false);
    assert_eq!(world.claims(&token["token"]).name, "Canary Wanjiru");
    for (what, status) in [
        ("end", 403),
        ("message", 403),
        (&format!("participants/{}/admit", text(&me["participant"])), 403),
    ] {
        assert_eq!(
            booked.do_by(&world, &guest, what, json!({ "text": null })).await.status,
            status,
            "{what}"
        );
    }
    let path = format!("/v1/appointments/{}", booked.appointment);
    assert_eq!(world.get(&path).by(&guest).reply().await.status, 403);
    assert!(!world.get("/v1/me").by(&guest).reply().await.status.is_success());

    let seen = booked.seen_by(&world, &booked.practice.practitioner_token).await;
    let relative = &seen["participants"][2];
    assert_eq!(
        (&relative["role"], &relative["name"]),
        (&json!("relative"), &json!("Canary Wanjiru"))
    );
    assert!(relative["invited_by"].is_string());
    let needle = b"Canary Wanjiru";
    let is_in = |file: &Vec<u8>| file.windows(needle.len()).any(|bytes| bytes == needle);
    assert!(!world.files().iter().any(is_in), "names are sealed");
}

async fn a_link_works_on_its_first_device_until_it_ends(world: World) {
    let booked = booked(&world).await;
    let desk = booked.practice.desk.clone();
    let link = invite(&world, &booked, &desk, json!({ "role": "patient" })).await.ok();
    let secret = &link["secret"];
    let entered = exchange(&world, secret, None).await.ok();
    let (first, device) = (text(&entered["session_token"]), text(&entered["device_token"]));
    assert_eq!(exchange(&world, secret, None).await.problem(), (401, "link-not-valid"));
    let other = exchange(&world, secret, Some("bd_another-device")).await;
    assert_eq!(other.problem(), (401, "link-not-valid"));
    let again = exchange(&world, secret, Some(&device)).await.ok();
    let second = text(&again["session_token"]);
    let path = format!("/v1/consultations/{}", booked.visit);
    assert_eq!(world.get(&path).by(&first).reply().await.status, 401, "the session before ends");
    booked.seen_by(&world, &second).await;

    // Another link for the same person ends this one.
    world.clock.advance(std::time::Duration::from_secs(1));
    let fresh = invite(&world, &booked, &desk, json!({ "role": "patient" })).await.ok();
    assert_eq!(world.get(&path).by(&second).reply().await.status, 401);
    assert_eq!(exchange(&world, secret, Some(&device)).await.problem(), (401, "link-not-valid"));
    let entered = exchange(&world, &fresh["secret"], Some(&device)).await.ok();
    assert!(entered.get("device_token").is_none(), "a device that is known stays so");
    let third = text(&entered["session_token"]);

    let links = format!("/v1/appointments/{}/join-links", booked.appointment);
    let listed = world.get(&links).by(&desk).reply().await.ok();
    let listed = listed["items"].as_array().unwrap().clone();
    assert_eq!(listed.len(), 2);
    assert!(listed[1]["revoked_at"].is_string() && listed[0]["used_at"].is_string());
    let first = world.get(&format!("{links}?limit=1")).by(&desk).reply().await.ok();
    let behind = format!("{links}?limit=1&after={}", text(&first["next"]));
    let behind = world.get(&behind).by(&desk).reply().await.ok();
    assert_eq!((&first["items"][0], &behind["items"][0]), (&listed[0], &listed[1]));
    assert!(listed.iter().all(|link| link.get("secret").is_none()));
    let one = format!("{links}/{}", text(&fresh["id"]));
    assert_eq!(world.ask("DELETE", &one).by(&desk).reply().await.status, 204);
    assert_eq!(world.ask("DELETE", &one).by(&desk).reply().await.status, 204);
    assert_eq!(world.get(&path).by(&third).reply().await.status, 401);

    let last = invite(&world, &booked, &desk, json!({ "role": "patient" })).await.ok();
    world.clock.advance(std::time::Duration::from_secs(10 * 3600));
    assert_eq!(exchange(&world, &last["secret"], None).await.problem(), (401, "link-not-valid"));
    for wrong in ["", "bl_x", &"x".repeat(5000)] {
        let refused = exchange(&world, &json!(wrong), None).await;
        assert_eq!(refused.problem(), (401, "link-not-valid"));
    }
}

async fn guessing_links_is_throttled(world: World) {
    let mut statuses = Vec::new();
    for number in 0..30 {
        let ask = world.post("/v1/join/exchange").from("192.0.2.9");
        statuses.push(ask.send(json!({ "secret": format!("bl_{number}") })).await.status.as_u16());
    }
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 20);
    assert_eq!(statuses[29], 429);
}

async fn who_invites_whom_is_bounded(world: World) {
    let booked = booked(&world).await;
    let patient = booked.practice.patient_token.clone();
    let colleague = json!({ "role": "clinician", "name": "Dr. Kamau" });
    assert_eq!(
        invite(&world, &booked, &patient, colleague.clone()).await.problem(),
        (422, "invalid")
    );
    invite(&world, &booked, &booked.practice.practitioner_token, colleague).await.ok();
    let practitioner = json!({ "role": "practitioner", "name": "x" });
    assert_eq!(
        invite(&world, &booked, &booked.practice.desk, practitioner).await.problem(),
        (422, "invalid")
    );
    let nameless = json!({ "role": "interpreter" });
    assert_eq!(invite(&world, &booked, &patient, nameless).await.problem(), (422, "invalid"));
    let mut last = 0;
    for number in 0..12 {
        let body = json!({ "role": "relative", "name": format!("R {number}") });
        last = invite(&world, &booked, &patient, body).await.status.as_u16();
    }
    assert_eq!(last, 409, "a dozen people are enough");
    let stranger = world.practice("UTC", (6, 18)).await;
    let body = json!({ "role": "relative", "name": "x" });
    assert_eq!(invite(&world, &booked, &stranger.desk, body).await.status, 404);
}

async fn a_lost_link_is_mailed_anew_and_nobody_learns_who_is_a_patient(world: World) {
    let booked = booked(&world).await;
    let clinic = booked.practice.clinic.as_str().to_owned();
    world.patient(&clinic, "asha@example.org").await;
    let token = world.signed_in("asha@example.org").await;
    let start = "2026-03-02T08:00:00Z";
    let me = world.get("/v1/me").by(&token).reply().await.ok();
    let mut body = booked.practice.booking(start);
    body["patient"] = me["memberships"][0]["patient_id"].clone();
    let made = world.post("/v1/appointments").by(&token).once("asha").send(body).await.ok();
    for contact in ["asha@example.org", "nobody@example.org", "no address"] {
        let reply = world.post("/v1/join/recover").send(json!({ "contact": contact })).await;
        assert_eq!((reply.status.as_u16(), reply.body), (202, json!("")), "{contact}");
    }
    // Whoever asks in somebody's name ends nothing: not the link that they have, and not the session.
    let desk = booked.practice.desk.clone();
    let path = format!("/v1/appointments/{}/join-links", text(&made["id"]));
    let own = world.post(&path).by(&desk).send(json!({ "role": "patient" })).await.ok();
    let own = exchange(&world, &own["secret"], None).await.ok();
    let visit = format!("/v1/consultations/{}", text(&own["visit"]["id"]));
    let session = text(&own["session_token"]);
    world.clock.advance(std::time::Duration::from_secs(1));
    let again = world.post("/v1/join/recover").send(json!({ "contact": "asha@example.org" })).await;
    assert_eq!(again.status.as_u16(), 202);
    world.get(&visit).by(&session).reply().await.ok();
    let letter = scheduling_api::ports::mail::Letter::JoinLink;
    let letters = world.letters("asha@example.org").await;
    let link =
        letters.iter().rev().find(|mail| mail.letter == letter).unwrap().link.clone().unwrap();
    let secret = link.split_once('#').unwrap().1;
    let entered = exchange(&world, &json!(secret), None).await.ok();
    assert_eq!(entered["visit"]["appointment"], made["id"]);
    assert_eq!(entered["visit"]["me"]["role"], "patient");
    // With the new one in use, the older one ends.
    assert_eq!(world.get(&visit).by(&session).reply().await.status, 401);
    // Whatever is wrong with the visit is answered alike.
    let cancel = format!("/v1/appointments/{}/cancel", text(&made["id"]));
    world.post(&cancel).by(&desk).reply().await.ok();
    let over = world.post("/v1/join/recover").send(json!({ "contact": "asha@example.org" })).await;
    assert_eq!((over.status.as_u16(), over.body), (202, json!("")));
    assert!(world.letters("nobody@example.org").await.is_empty());
}

stories! {
    a_relative_comes_by_a_link_waits_and_sees_only_themselves
    a_link_works_on_its_first_device_until_it_ends
    guessing_links_is_throttled
    who_invites_whom_is_bounded
    a_lost_link_is_mailed_anew_and_nobody_learns_who_is_a_patient
}
