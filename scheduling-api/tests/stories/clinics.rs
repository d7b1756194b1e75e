//! The directory of clinics.

use scheduling_api::domain::actor::Role;
use serde_json::json;

use crate::world::World;

async fn a_clinic_is_opened_read_changed_and_listed(world: World) {
    let root = world.member(Role::PlatformAdmin, None);
    let card =
        json!({ "name": "Mwangaza", "time_zone": "Africa/Nairobi", "phone": "+254 20 1234567" });
    let created = world.post("/v1/clinics").by(&root).send(card).await;
    assert_eq!((created.status.as_u16(), created.header("etag")), (201, "\"1\""));
    let path = created.header("location").to_owned();
    let id = created.ok()["id"].as_str().unwrap().to_owned();
    assert_eq!(path, format!("/v1/clinics/{id}"));

    let admin = world.member(Role::ClinicAdmin, Some(&id));
    let card = json!({ "name": "Mwangaza West", "time_zone": "Africa/Nairobi" });
    let changed = world.put(&path).by(&admin).seen(1).send(card).await.ok();
    assert_eq!((changed["rev"].as_u64(), &changed["name"]), (Some(2), &json!("Mwangaza West")));

    let listed = world.get("/v1/clinics").reply().await.ok();
    assert_eq!(listed, json!({ "items": [changed] }));
}

async fn a_list_comes_in_pages(world: World) {
    for name in ["A", "B", "C"] {
        world.clinic(name).await;
        world.clock.advance(std::time::Duration::from_secs(1));
    }
    let mut names: Vec<Vec<String>> = Vec::new();
    let mut path = "/v1/clinics?limit=2".to_owned();
    loop {
        let page = world.get(&path).reply().await.ok();
        let items = page["items"].as_array().unwrap();
        names.push(items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect());
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/clinics?limit=2&after={next}");
    }
    assert_eq!(names, [vec!["A".to_owned(), "B".to_owned()], vec!["C".to_owned()]]);
}

async fn only_the_installations_administrators_open_clinics(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    let card = json!({ "name": "Mine", "time_zone": "Africa/Nairobi" });
    let anyone = world.post("/v1/clinics").send(card.clone()).await;
    assert_eq!(anyone.problem(), (401, "not-signed-in"));
    let admin = world.member(Role::ClinicAdmin, Some(&clinic));
    let admin = world.post("/v1/clinics").by(&admin).send(card).await;
    assert_eq!(admin.problem(), (403, "forbidden"));
}

async fn another_clinics_administrator_does_not_learn_that_a_clinic_exists(world: World) {
    let (mine, other) = (world.clinic("Mine").await, world.clinic("Other").await);
    let admin = world.member(Role::ClinicAdmin, Some(&mine));
    let card = json!({ "name": "Taken", "time_zone": "Africa/Nairobi" });
    let reply = world.put(&format!("/v1/clinics/{other}")).by(&admin).seen(1).send(card).await;
    assert_eq!(reply.problem(), (404, "not-found"));
}

async fn of_two_who_have_read_the_same_state_one_changes_it(world: World) {
    let id = world.clinic("Mwangaza").await;
    let path = format!("/v1/clinics/{id}");
    let admin = world.member(Role::ClinicAdmin, Some(&id));
    let card = |name: &str| json!({ "name": name, "time_zone": "Africa/Nairobi" });
    let blind = world.put(&path).by(&admin).send(card("blind")).await;
    assert_eq!(blind.problem(), (428, "if-match-needed"));
    world.put(&path).by(&admin).seen(1).send(card("first")).await.ok();
    let late = world.put(&path).by(&admin).seen(1).send(card("late")).await;
    assert_eq!(late.problem(), (412, "stale"));
    assert_eq!(world.get(&path).reply().await.ok()["name"], "first");
}

stories! {
    a_clinic_is_opened_read_changed_and_listed
    a_list_comes_in_pages
    only_the_installations_administrators_open_clinics
    another_clinics_administrator_does_not_learn_that_a_clinic_exists
    of_two_who_have_read_the_same_state_one_changes_it
}
