//! Rooms of clinics that bring their own scheduling.

use protocol::permission::Admission;
use scheduling_api::domain::{
    actor::{Actor, Role},
    oauth::scope::Scopes,
};
use serde_json::json;

use crate::world::World;

fn program(world: &World, clinic: &str, scopes: &str) -> String {
    world.token(Actor {
        clinic: Some(clinic.parse().unwrap()),
        roles: vec![Role::Service],
        scopes: Scopes::parse(scopes),
        ..Actor::default()
    })
}

async fn an_embedder_opens_a_room_makes_tokens_and_turns_the_door(world: World) {
    world.set_media_clock();
    let clinic = world.clinic("Mwangaza").await;
    let program = program(&world, &clinic, "rooms");
    let room = json!({ "name": "visit-4711", "participants_max": 4 });
    let opened = world.post("/v1/rooms").by(&program).send(room).await.ok();
    assert_eq!((&opened["name"], &opened["participants"]), (&json!("visit-4711"), &json!(1)));
    let body = json!({ "identity": "patient-1", "name": "Asha", "waiting": true, "can_publish_data": false });
    let token = world.post("/v1/rooms/visit-4711/tokens").by(&program).send(body).await.ok();
    let claims = world.claims(&token["token"]);
    assert_eq!(claims.admission, Some(Admission::Waiting));
    assert_eq!((claims.name.as_str(), claims.permission.can_publish_data), ("Asha", false));
    let name = claims.room.unwrap();
    assert_eq!(name.as_str(), format!("{clinic}.visit-4711"));
    let doctor = json!({ "identity": "doctor-1" });
    let token = world.post("/v1/rooms/visit-4711/tokens").by(&program).send(doctor).await.ok();
    let claims = world.claims(&token["token"]);
    assert_eq!((claims.admission, claims.grants.room_record), (None, false));

    world.media.asked();
    for door in ["admit", "hold", "remove"] {
        let path = format!("/v1/rooms/visit-4711/participants/patient-1/{door}");
        assert_eq!(world.post(&path).by(&program).reply().await.status, 204);
    }
    let asked: Vec<_> = world.media.asked().into_iter().map(|(method, ..)| method).collect();
    assert_eq!(asked, ["Admit", "Hold", "Remove"]);
    world.get("/v1/rooms/visit-4711").by(&program).reply().await.ok();
    assert_eq!(world.ask("DELETE", "/v1/rooms/visit-4711").by(&program).reply().await.status, 204);
    assert_eq!(
        world.get("/v1/rooms/visit-4711").by(&program).reply().await.problem(),
        (404, "not-found")
    );
}

async fn a_clinic_reaches_no_room_of_another_and_a_key_no_further_than_its_scope(world: World) {
    world.set_media_clock();
    let (mine, other) = (world.clinic("One").await, world.clinic("Two").await);
    let (me, them) = (program(&world, &mine, "rooms"), program(&world, &other, "rooms"));
    world.post("/v1/rooms").by(&me).send(json!({ "name": "r" })).await.ok();
    assert_eq!(world.get("/v1/rooms/r").by(&them).reply().await.problem(), (404, "not-found"));
    for name in ["", "a/b", "clin_x:y", "caf\u{e9}", "cons 1", &"x".repeat(101)] {
        let refused = world.post("/v1/rooms").by(&me).send(json!({ "name": name })).await;
        assert_eq!(refused.problem(), (422, "invalid"), "{name}");
    }
    let narrow = program(&world, &mine, "appointments:read");
    let refused = world.post("/v1/rooms").by(&narrow).send(json!({ "name": "r" })).await;
    assert_eq!(refused.problem(), (403, "scope"));
    let desk = world.member(Role::Receptionist, Some(&mine));
    let refused = world.post("/v1/rooms").by(&desk).send(json!({ "name": "r" })).await;
    assert_eq!(refused.problem(), (403, "forbidden"));
    world.media.switch(false);
    let refused = world.post("/v1/rooms").by(&me).send(json!({ "name": "r" })).await;
    assert_eq!(refused.problem(), (503, "unavailable"));
    // A token needs no media server: it is verified there without asking us, and made here without asking it.
    let token = world.post("/v1/rooms/r/tokens").by(&me).send(json!({ "identity": "a" })).await;
    assert_eq!(token.status, 200);
}

/// Makes an API key for `rooms`; its secret.
async fn api_key(world: &World, clinic: &str, origins: serde_json::Value) -> String {
    let path = format!("/v1/clinics/{clinic}/api-keys");
    let body = json!({ "name": "Portal", "scope": "rooms", "origins": origins });
    let made = world.post(&path).by(&world.fresh_admin(clinic)).send(body).await.ok();
    assert_eq!(made["key"]["origins"], origins);
    made["secret"].as_str().unwrap().to_owned()
}

async fn an_api_key_works_from_the_pages_that_it_names(world: World) {
    world.set_media_clock();
    let clinic = world.clinic("Mwangaza").await;
    let named = json!(["https://portal.example", "http://localhost:8080"]);
    let key = api_key(&world, &clinic, named).await;
    let path = "/v1/rooms/visit-1/tokens";
    let ask = |origin: &str| {
        world.post(path).by(&key).with("origin", origin).send(json!({ "identity": "patient-1" }))
    };
    for origin in ["https://portal.example", "http://localhost:8080", "https://clinic.example"] {
        let answer = ask(origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert_eq!(answer.header("vary"), "origin");
        // Only those pages, and ours, connect with the token.
        let mut pages = world.claims(&answer.ok()["token"]).origins;
        pages.sort();
        let expected =
            ["http://localhost:8080", "https://clinic.example", "https://portal.example"];
        assert_eq!(pages, expected);
    }
    for origin in ["https://evil.example", "https://portal.example.evil", "null", ""] {
        let answer = ask(origin).await;
        assert_eq!(answer.problem(), (403, "origin"), "{origin}");
        assert!(answer.body["detail"].as_str().unwrap().contains("origin"));
        // Readable for who builds that page: there is nothing in it.
        assert_eq!(answer.header("access-control-allow-origin"), origin);
    }
    // A second header changes nothing, and neither does what was answered before with the same idempotency key.
    let twice = world.post(path).by(&key).with("origin", "https://portal.example");
    let twice = twice.with("origin", "https://evil.example").send(json!({ "identity": "a" })).await;
    assert_eq!(twice.problem(), (403, "origin"));
    let page = "https://portal.example";
    for (origin, status) in [(page, 200), (page, 200), ("https://evil.example", 403)] {
        let again = world.post(path).by(&key).with("origin", origin).once("same");
        let again = again.send(json!({ "identity": "b" })).await;
        assert_eq!(again.status, status, "{origin}");
        assert_eq!(again.header("access-control-allow-origin"), origin);
    }
    // What is no browser says no origin.
    let from_a_server = world.post(path).by(&key).send(json!({ "identity": "patient-1" })).await;
    assert_eq!(from_a_server.header("access-control-allow-origin"), "");
    from_a_server.ok();
}

async fn a_key_without_pages_is_for_servers(world: World) {
    world.set_media_clock();
    let clinic = world.clinic("Mwangaza").await;
    let key = api_key(&world, &clinic, json!([])).await;
    let path = "/v1/rooms/visit-1/tokens";
    let body = json!({ "identity": "patient-1" });
    let token = world.post(path).by(&key).send(body.clone()).await.ok();
    assert!(world.claims(&token["token"]).origins.is_empty(), "a server says where it is used");
    let page = world.post(path).by(&key).with("origin", "https://portal.example").send(body).await;
    assert_eq!(page.problem(), (403, "origin"));
    let listed = world.get(&format!("/v1/clinics/{clinic}/api-keys"));
    let listed = listed.by(&world.fresh_admin(&clinic)).reply().await.ok();
    assert_eq!(listed["items"][0]["origins"], json!([]));
    let many: Vec<_> = (0..11).map(|number| format!("https://{number}.example")).collect();
    for wrong in [json!(["*"]), json!(["https://a.example/"]), json!(many), json!(["null"])] {
        let path = format!("/v1/clinics/{clinic}/api-keys");
        let body = json!({ "name": "Portal", "scope": "rooms", "origins": wrong });
        let refused = world.post(&path).by(&world.fresh_admin(&clinic)).send(body).await;
        assert_eq!(refused.problem(), (422, "invalid"), "{wrong}");
        assert_eq!(refused.body["field"], "/origins");
    }
}

async fn a_page_is_told_that_it_may_send_a_key_and_reads_nothing_without_one(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    let page = "https://portal.example";
    let preflight = |wanted: &str| {
        let asked = world.ask("OPTIONS", "/v1/rooms").with("origin", page);
        let asked = asked.with("access-control-request-method", "POST");
        asked.with("access-control-request-headers", wanted).reply()
    };
    let told = preflight("authorization,content-type").await;
    assert_eq!((told.status.as_u16(), told.header("access-control-allow-origin")), (204, page));
    assert!(told.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(told.header("access-control-allow-credentials"), "", "never with cookies");
    assert_eq!(preflight("content-type").await.header("access-control-allow-origin"), "");
    // A session's token, a cookie, or nothing: not for other sites' pages.
    let admin = world.fresh_admin(&clinic);
    let path = format!("/v1/clinics/{clinic}");
    let unknown = "bk_0000000000000000000000000000000000000000000";
    for asked in [world.get(&path).by(&admin), world.get(&path), world.get(&path).by(unknown)] {
        let answer = asked.with("origin", page).reply().await;
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

stories! {
    an_api_key_works_from_the_pages_that_it_names
    a_key_without_pages_is_for_servers
    a_page_is_told_that_it_may_send_a_key_and_reads_nothing_without_one
    an_embedder_opens_a_room_makes_tokens_and_turns_the_door
    a_clinic_reaches_no_room_of_another_and_a_key_no_further_than_its_scope
}
