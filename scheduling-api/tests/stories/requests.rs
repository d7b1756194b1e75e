//! What holds for every request.

use scheduling_api::domain::actor::Role;
use serde_json::json;

use crate::world::{World, person::PASSWORD};

fn card(name: &str) -> serde_json::Value {
    json!({ "name": name, "time_zone": "Africa/Nairobi" })
}

async fn a_request_sent_twice_with_one_key_takes_effect_once(world: World) {
    let root = world.member(Role::PlatformAdmin, None);
    let send = async || world.post("/v1/clinics").by(&root).once("k1").send(card("A")).await;
    let first = send().await;
    let second = send().await;
    assert_eq!(first.status, second.status);
    assert_eq!(first.header("location"), second.header("location"));
    assert_eq!(first.ok(), second.ok());
    assert_eq!(world.get("/v1/clinics").reply().await.ok()["items"].as_array().unwrap().len(), 1);
}

async fn a_key_does_not_stand_for_two_requests_nor_for_two_people(world: World) {
    let (root, other) =
        (world.member(Role::PlatformAdmin, None), world.member(Role::PlatformAdmin, None));
    let send = async |by: &str, name: &str| {
        world.post("/v1/clinics").by(by).once("k1").send(card(name)).await
    };
    send(&root, "A").await.ok();
    assert_eq!(send(&root, "B").await.problem(), (422, "idempotency-key-reused"));
    assert_eq!(send(&other, "B").await.ok()["name"], "B");
}

async fn of_many_requests_at_once_with_one_key_one_takes_effect(world: World) {
    let root = world.member(Role::PlatformAdmin, None);
    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..8 {
        asked.spawn(world.post("/v1/clinics").by(&root).once("k1").send(card("A")));
    }
    while let Some(reply) = asked.join_next().await {
        let status = reply.unwrap().status.as_u16();
        assert!([201, 409].contains(&status), "{status}");
    }
    assert_eq!(world.get("/v1/clinics").reply().await.ok()["items"].as_array().unwrap().len(), 1);
}

async fn a_key_is_forgotten_after_two_days(world: World) {
    let root = world.member(Role::PlatformAdmin, None);
    let send =
        async |name: &str| world.post("/v1/clinics").by(&root).once("k1").send(card(name)).await;
    send("A").await.ok();
    world.clock.advance(std::time::Duration::from_secs(48 * 3600 + 1));
    assert_eq!(send("B").await.ok()["name"], "B");
}

async fn what_cannot_be_read_is_refused_as_a_problem(world: World) {
    let root = world.member(Role::PlatformAdmin, None);
    let post = || world.post("/v1/clinics").by(&root);
    let not_json = post().raw("name=A").await;
    assert_eq!(not_json.problem(), (415, "not-json"));
    let broken = post().with("content-type", "application/json").raw("{").await;
    assert_eq!(broken.problem(), (400, "bad-request"));
    let unknown = post().send(json!({ "name": "A", "time_zone": "UTC", "colour": 1 })).await;
    assert_eq!(unknown.problem(), (400, "bad-request"));
    let large = post().with("content-type", "application/json").raw("x".repeat(65_537)).await;
    assert_eq!(large.problem(), (413, "too-large"));
    let zone = post().send(json!({ "name": "A", "time_zone": "Mars/Base" })).await;
    assert_eq!(zone.problem(), (422, "invalid"));
    assert_eq!(zone.body["field"], "/time_zone");
}

async fn what_does_not_exist_is_a_problem_too(world: World) {
    for path in
        ["/v1/nothing", "/v1/clinics/clin_1", "/v1/clinics/usr_00000000000000000000000000000000"]
    {
        assert_eq!(world.get(path).reply().await.problem(), (404, "not-found"), "{path}");
    }
    let method = world.ask("DELETE", "/v1/clinics").reply().await;
    assert_eq!(method.problem(), (405, "no-method"));
    for query in ["limit=0", "limit=201", "limit=x", "after=%21"] {
        let reply = world.get(&format!("/v1/clinics?{query}")).reply().await;
        assert_eq!(reply.problem(), (400, "bad-request"), "{query}");
    }
}

async fn an_unknown_token_is_refused_even_where_none_is_needed(world: World) {
    let reply = world.get("/v1/clinics").by("stolen").reply().await;
    assert_eq!(reply.problem(), (401, "not-signed-in"));
    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

async fn every_answer_has_an_id_and_is_not_cached(world: World) {
    for path in ["/v1/clinics", "/v1/nothing", "/v1/openapi.json"] {
        let reply = world.get(path).reply().await;
        assert!(reply.header("x-request-id").starts_with("req_"), "{path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
    }
}

async fn every_change_asked_for_by_post_takes_a_key(world: World) {
    let document = serde_json::to_value(scheduling_api::openapi()).unwrap();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let Some(post) = methods.get("post") else { continue };
        let parameters = post["parameters"].as_array().cloned().unwrap_or_default();
        let takes = parameters.iter().filter(|one| one["name"] == "Idempotency-Key").count();
        let has_rules_of_its_own = path.starts_with("/oauth/") || path.starts_with("/v1/hooks/");
        assert_eq!(takes, usize::from(!has_rules_of_its_own), "{path}");
    }
    let clinic = world.clinic("Mwangaza").await;
    assert!(!clinic.is_empty());
}

async fn signing_in_again_with_one_key_is_the_same_session_and_nobody_finds_it_in_the_database(
    world: World,
) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, "ann@mail.example").await;
    let sign_in = async |key: &str, password: &str| {
        let body = json!({ "email": "ann@mail.example", "password": password, "carrier": "token" });
        world.post("/v1/auth/login").once(key).send(body).await
    };
    // What was refused is not kept: the next try counts.
    assert_eq!(sign_in("k", "zebra cloud oven 78").await.problem(), (401, "credentials"));
    let first = sign_in("k", PASSWORD).await;
    let again = sign_in("k", PASSWORD).await;
    assert_eq!((first.status, again.status), (again.status, first.status));
    let token = first.ok()["token"].as_str().unwrap().to_owned();
    assert_eq!(again.ok()["token"], json!(token));
    assert_eq!(world.raw("SELECT id FROM session").await.len(), 1, "one session");
    let other = sign_in("k", "zebra cloud oven 79").await;
    assert_eq!(other.problem(), (422, "idempotency-key-reused"));
    assert_ne!(sign_in("k2", PASSWORD).await.ok()["token"], json!(token));
    for file in world.files() {
        assert!(!file.windows(token.len()).any(|bytes| bytes == token.as_bytes()));
    }
    let kept = world.raw("SELECT outcome FROM idempotency_key WHERE owner LIKE 'http/%'").await;
    assert!(kept.len() >= 2 && kept.iter().all(|outcome| !outcome.contains("token")));
}

async fn a_visit_is_extended_once_and_a_link_is_made_once(world: World) {
    let booked = crate::visit::booked(&world).await;
    let doctor = &booked.practice.practitioner_token;
    let path = format!("/v1/consultations/{}/extend", booked.visit);
    let extend = async |key: &str| {
        world.post(&path).by(doctor).once(key).send(json!({ "minutes": 10 })).await.ok()
    };
    let (first, second) = (extend("a").await, extend("a").await);
    assert_eq!(first, second);
    let minutes = async || world.raw("SELECT CAST(extended_min AS TEXT) FROM consultation").await;
    assert_eq!(minutes().await, ["10"]);
    extend("b").await;
    assert_eq!(minutes().await, ["20"], "another key, another ten minutes");
    let links = format!("/v1/appointments/{}/join-links", booked.appointment);
    let link = async || {
        let body = json!({ "role": "relative", "name": "A. Nother" });
        world.post(&links).by(doctor).once("l").send(body).await.ok()
    };
    let (first, second) = (link().await, link().await);
    assert_eq!(first["secret"], second["secret"]);
    let entered =
        world.post("/v1/join/exchange").once("e").send(json!({ "secret": first["secret"] }));
    entered.await.ok();
    // Somebody else's key of the same name is another key.
    let body = json!({ "minutes": 10 });
    world.post(&path).by(&booked.practice.desk).once("a").send(body).await.ok();
    assert_eq!(minutes().await, ["30"]);
}

stories! {
    every_change_asked_for_by_post_takes_a_key
    signing_in_again_with_one_key_is_the_same_session_and_nobody_finds_it_in_the_database
    a_visit_is_extended_once_and_a_link_is_made_once
    a_request_sent_twice_with_one_key_takes_effect_once
    a_key_does_not_stand_for_two_requests_nor_for_two_people
    of_many_requests_at_once_with_one_key_one_takes_effect
    a_key_is_forgotten_after_two_days
    what_cannot_be_read_is_refused_as_a_problem
    what_does_not_exist_is_a_problem_too
    an_unknown_token_is_refused_even_where_none_is_needed
    every_answer_has_an_id_and_is_not_cached
}
