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

stories! {
    an_embedder_opens_a_room_makes_tokens_and_turns_the_door
    a_clinic_reaches_no_room_of_another_and_a_key_no_further_than_its_scope
}
