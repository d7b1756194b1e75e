//! Signing in by an outside identity provider.

use scheduling_api::domain::actor::{Actor, Role};
use serde_json::{Value, json};

use crate::world::{
    Reply, World,
    provider::{CLIENT, Provider},
};

const ASHA: &str = "asha@patients.example";

async fn named(world: &World, provider: &Provider) -> String {
    let clinic = world.clinic("Mwangaza").await;
    let root = world.token(Actor {
        roles: vec![Role::User, Role::PlatformAdmin],
        second_factor: true,
        stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        ..Actor::default()
    });
    let path = format!("/v1/clinics/{clinic}/identity-providers");
    let body = json!({
        "name": "Hospital", "issuer": provider.issuer, "client_id": CLIENT.0, "client_secret": CLIENT.1,
    });
    world.post(&path).by(&root).send(body).await.ok();
    let listed = world.get(&path).reply().await.ok();
    assert!(!listed.to_string().contains(CLIENT.1));
    listed["items"][0]["id"].as_str().unwrap().to_owned()
}

fn asha() -> Value {
    json!({ "sub": "4711", "email": ASHA, "email_verified": true, "name": "Asha Otieno", "locale": "sw" })
}

async fn start(world: &World, id: &str, by: Option<&str>) -> Value {
    let mut ask = world.post(&format!("/v1/auth/providers/{id}/start"));
    if let Some(token) = by {
        ask = ask.by(token);
    }
    ask.reply().await.ok()
}

async fn finish(
    world: &World,
    sent: &Value,
    (state, code): (String, String),
    by: Option<&str>,
) -> Reply {
    let body =
        json!({ "state": state, "code": code, "browser": sent["browser"], "carrier": "token" });
    let mut ask = world.post("/v1/auth/providers/finish");
    if let Some(token) = by {
        ask = ask.by(token);
    }
    ask.send(body).await
}

async fn come_back(world: &World, provider: &Provider, id: &str, person: Value) -> Reply {
    let sent = start(world, id, None).await;
    let back = provider.agree(sent["redirect_to"].as_str().unwrap(), person);
    finish(world, &sent, back, None).await
}

async fn a_newcomer_becomes_a_patient_and_is_known_the_next_time(world: World) {
    let provider = Provider::start().await;
    let id = named(&world, &provider).await;
    let first = come_back(&world, &provider, &id, asha()).await.ok();
    let me = world.get("/v1/me").by(first["token"].as_str().unwrap()).reply().await.ok();
    assert_eq!(
        (&me["email"], &me["name"], &me["language"]),
        (&json!(ASHA), &json!("Asha Otieno"), &json!("sw"))
    );
    let moved = json!({ "sub": "4711", "email": "new@patients.example", "email_verified": true });
    let second = come_back(&world, &provider, &id, moved).await.ok();
    let again = world.get("/v1/me").by(second["token"].as_str().unwrap()).reply().await.ok();
    assert_eq!(again["id"], me["id"], "known by the subject, whatever the address");
}

async fn an_address_alone_does_not_open_somebodys_account(world: World) {
    let provider = Provider::start().await;
    let id = named(&world, &provider).await;
    let clinic =
        world.get("/v1/clinics").reply().await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
    world.patient(&clinic, ASHA).await;
    assert_eq!(come_back(&world, &provider, &id, asha()).await.problem(), (409, "exists"));
    let token = world.signed_in(ASHA).await;
    let sent = start(&world, &id, Some(&token)).await;
    let back = provider.agree(sent["redirect_to"].as_str().unwrap(), asha());
    finish(&world, &sent, back, Some(&token)).await.ok();
    come_back(&world, &provider, &id, asha()).await.ok();
}

async fn an_unproved_address_makes_no_account(world: World) {
    let provider = Provider::start().await;
    let id = named(&world, &provider).await;
    let unproved = json!({ "sub": "1", "email": ASHA, "email_verified": false });
    assert_eq!(come_back(&world, &provider, &id, unproved).await.problem(), (401, "credentials"));
}

async fn an_id_token_that_lies_is_refused(world: World) {
    let provider = Provider::start().await;
    let id = named(&world, &provider).await;
    for lie in [
        json!({ "iss": "https://evil.example" }),
        json!({ "aud": "another" }),
        json!({ "aud": [CLIENT.0, "another"] }),
        json!({ "azp": "another" }),
        json!({ "nonce": "another" }),
        json!({ "exp": 1_700_000_000 }),
        json!({ "iat": 4_000_000_000_u64 }),
        json!({ "sub": "" }),
    ] {
        provider.lie(lie.clone());
        assert_eq!(
            come_back(&world, &provider, &id, asha()).await.problem(),
            (401, "credentials"),
            "{lie}"
        );
    }
    provider.lie(json!({}));
    come_back(&world, &provider, &id, asha()).await.ok();
}

async fn another_browser_or_a_second_time_is_refused(world: World) {
    let provider = Provider::start().await;
    let id = named(&world, &provider).await;
    let (mine, other) = (start(&world, &id, None).await, start(&world, &id, None).await);
    let back = provider.agree(mine["redirect_to"].as_str().unwrap(), asha());
    assert_eq!(finish(&world, &other, back.clone(), None).await.problem(), (410, "link"));
    assert_eq!(
        finish(&world, &mine, back, None).await.problem(),
        (410, "link"),
        "a state is used once"
    );
}

async fn a_provider_that_is_away_is_told_as_such(world: World) {
    let provider = Provider::start().await;
    let id = named(&world, &provider).await;
    drop(provider);
    tokio::task::yield_now().await;
    let reply = world.post(&format!("/v1/auth/providers/{id}/start")).reply().await;
    assert_eq!(reply.problem(), (503, "unavailable"));
}

stories! {
    a_newcomer_becomes_a_patient_and_is_known_the_next_time
    an_address_alone_does_not_open_somebodys_account
    an_unproved_address_makes_no_account
    an_id_token_that_lies_is_refused
    another_browser_or_a_second_time_is_refused
    a_provider_that_is_away_is_told_as_such
}
