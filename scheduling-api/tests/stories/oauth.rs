//! Our authorization server: what a client gets, and what it does not.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use scheduling_api::domain::actor::{Actor, Role};
use serde_json::{Value, json};

use crate::world::{Reply, World};

const ASHA: &str = "asha@patients.example";
const BACK: &str = "https://app.example/back";
const VERIFIER: &str = "a-verifier-of-enough-length-for-rfc-7636-0123456789";

/// A clinic with a client of its own, and a patient who is signed in.
struct Scene {
    clinic: String,
    client: String,
    secret: Option<String>,
    session: String,
}

async fn scene(world: &World, confidential: bool, trusted: bool) -> Scene {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let body = json!({
        "name": "Diary", "confidential": confidential, "redirect_uris": [BACK], "trusted": trusted,
        "scope": "openid profile email offline_access people:read",
    });
    let path = format!("/v1/clinics/{clinic}/oauth-clients");
    let made = world.post(&path).by(&world.fresh_admin(&clinic)).send(body).await.ok();
    Scene {
        client: made["client"]["client_id"].as_str().unwrap().to_owned(),
        secret: made["client_secret"].as_str().map(str::to_owned),
        session: world.signed_in(ASHA).await,
        clinic,
    }
}

impl World {
    /// A token of a clinic's administrator who has just proved who they are.
    pub fn fresh_admin(&self, clinic: &str) -> String {
        use scheduling_api::clock::Clock as _;
        self.token(Actor {
            clinic: Some(clinic.parse().unwrap()),
            roles: vec![Role::User, Role::ClinicAdmin],
            second_factor: true,
            stepped_up_until: Some(self.clock.now() + jiff::SignedDuration::from_mins(5)),
            ..Actor::default()
        })
    }

    async fn authorize(&self, scene: &Scene, change: &[(&str, &str)]) -> Reply {
        let challenge = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let mut query = vec![
            ("response_type", "code"),
            ("client_id", &scene.client),
            ("redirect_uri", BACK),
            ("scope", "openid offline_access"),
            ("state", "state 1"),
            ("nonce", "nonce-1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        query.retain(|(name, _)| !change.iter().any(|(changed, _)| changed == name));
        query.extend(change.iter().filter(|(_, value)| !value.is_empty()));
        self.get(&format!("/oauth/authorize?{}", form(&query))).by(&scene.session).reply().await
    }

    /// The code of a person who agreed.
    async fn agreed(&self, scene: &Scene) -> String {
        let page = self.authorize(scene, &[]).await;
        let request =
            page.header("location").split_once("#request=").expect("the consent page").1.to_owned();
        let path = format!("/v1/oauth/requests/{request}");
        let question = self.get(&path).by(&scene.session).reply().await.ok();
        assert_eq!(
            (&question["client_name"], &question["clinic_name"]),
            (&json!("Diary"), &json!("Mwangaza"))
        );
        let answer = self
            .post(&format!("{path}/decision"))
            .by(&scene.session)
            .send(json!({ "agreed": true }))
            .await;
        let back = query(answer.ok()["redirect_to"].as_str().unwrap());
        assert_eq!(back["state"], "state 1");
        assert_eq!(back["iss"], "https://clinic.example");
        back["code"].as_str().unwrap().to_owned()
    }

    async fn token_for(&self, scene: &Scene, fields: &[(&str, &str)]) -> Reply {
        let mut ask =
            self.post("/oauth/token").with("content-type", "application/x-www-form-urlencoded");
        let mut fields = fields.to_vec();
        match &scene.secret {
            Some(secret) => {
                let proof = BASE64_STANDARD.encode(format!("{}:{secret}", scene.client));
                ask = ask.with("authorization", &format!("Basic {proof}"));
            }
            None => fields.push(("client_id", &scene.client)),
        }
        ask.raw(form(&fields)).await
    }

    async fn redeem(&self, scene: &Scene, code: &str) -> Reply {
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        self.token_for(scene, &fields).await
    }

    async fn refresh(&self, scene: &Scene, token: &str) -> Reply {
        self.token_for(scene, &[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    async fn works(&self, access: &str) -> bool {
        self.get("/oauth/userinfo").by(access).reply().await.status.is_success()
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn query(address: &str) -> Value {
    let query = address.split_once('?').expect("a query").1;
    url::form_urlencoded::parse(query.as_bytes())
        .map(|(name, value)| (name.into_owned(), Value::from(value)))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

async fn a_person_agrees_and_a_client_gets_tokens(world: World) {
    let scene = scene(&world, false, false).await;
    let code = world.agreed(&scene).await;
    let tokens = world.redeem(&scene, &code).await.ok();
    assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(600)));
    let person = world.get("/oauth/userinfo").by(&text(&tokens["access_token"])).reply().await.ok();
    assert!(person["sub"].as_str().unwrap().starts_with("usr_"));
    assert!(person.get("email").is_none(), "no more than was agreed to");

    let id = text(&tokens["id_token"]);
    let claims = BASE64_URL_SAFE_NO_PAD.decode(id.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(
        (&claims["nonce"], &claims["aud"], &claims["sub"]),
        (&json!("nonce-1"), &json!(scene.client), &person["sub"])
    );
    let keys = world.get("/oauth/jwks").reply().await.ok();
    assert_eq!(keys["keys"][0]["alg"], "ES256");
    assert!(keys["keys"][0].get("d").is_none());
    let silent = world.authorize(&scene, &[]).await;
    assert!(silent.header("location").starts_with(BACK), "what was agreed to is not asked again");
}

async fn a_code_that_comes_twice_ends_what_came_of_it(world: World) {
    let scene = scene(&world, false, false).await;
    let code = world.agreed(&scene).await;
    let tokens = world.redeem(&scene, &code).await.ok();
    let access = text(&tokens["access_token"]);
    assert!(world.works(&access).await);
    let again = world.redeem(&scene, &code).await;
    assert_eq!((again.status.as_u16(), &again.body["error"]), (400, &json!("invalid_grant")));
    assert!(!world.works(&access).await);
    assert_eq!(
        world.refresh(&scene, &text(&tokens["refresh_token"])).await.body["error"],
        "invalid_grant"
    );
}

async fn a_code_is_worth_nothing_to_others_or_later(world: World) {
    let scene = scene(&world, false, false).await;
    let code = world.agreed(&scene).await;
    let with = async |name: &str, value: &str| {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        fields.retain(|(known, _)| *known != name);
        fields.push((name, value));
        text(&world.token_for(&scene, &fields).await.body["error"])
    };
    assert_eq!(with("code_verifier", &"x".repeat(50)).await, "invalid_grant");
    assert_eq!(with("code_verifier", "").await, "invalid_request");
    assert_eq!(with("redirect_uri", "https://app.example/back/").await, "invalid_grant");
    assert_eq!(with("grant_type", "password").await, "unsupported_grant_type");
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.redeem(&scene, &code).await.body["error"], "invalid_grant");
}

async fn a_refresh_token_works_once_and_one_that_comes_twice_ends_the_grant(world: World) {
    let scene = scene(&world, false, false).await;
    let first = world.redeem(&scene, &world.agreed(&scene).await).await.ok();
    let second = world.refresh(&scene, &text(&first["refresh_token"])).await.ok();
    assert!(world.works(&text(&second["access_token"])).await);
    let stolen = world.refresh(&scene, &text(&first["refresh_token"])).await;
    assert_eq!(stolen.body["error"], "invalid_grant");
    assert_eq!(
        world.refresh(&scene, &text(&second["refresh_token"])).await.body["error"],
        "invalid_grant"
    );
    assert!(!world.works(&text(&second["access_token"])).await);
}

async fn an_access_token_ends_after_ten_minutes_and_reaches_only_what_it_was_given(world: World) {
    let scene = scene(&world, false, false).await;
    let tokens = world.redeem(&scene, &world.agreed(&scene).await).await.ok();
    let access = text(&tokens["access_token"]);
    let me = world.get("/v1/me").by(&access).reply().await;
    assert_eq!(me.problem(), (403, "scope"));
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(
        world.get("/oauth/userinfo").by(&access).reply().await.problem(),
        (401, "not-signed-in")
    );
}

async fn nobody_is_sent_to_an_address_that_was_not_registered(world: World) {
    let scene = scene(&world, false, false).await;
    for address in [
        "https://app.example/back/",
        "https://evil.example/back",
        "https://app.example/back?x=1",
        "",
    ] {
        let reply = world.authorize(&scene, &[("redirect_uri", address)]).await;
        assert_eq!((reply.status.as_u16(), reply.header("location")), (400, ""), "{address}");
    }
    let unknown =
        world.authorize(&scene, &[("client_id", "ocl_00000000000000000000000000000000")]).await;
    assert_eq!(unknown.status.as_u16(), 401);
    for (change, error) in [
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("response_type", "token"), "unsupported_response_type"),
        (("scope", "openid rooms"), "invalid_scope"),
        (("scope", "everything"), "invalid_scope"),
        (("prompt", "none"), "login_required"),
    ] {
        let reply = world.authorize(&scene, &[change]).await;
        assert_eq!(query(reply.header("location"))["error"], error, "{change:?}");
    }
}

async fn a_person_who_says_no_is_sent_back_with_that(world: World) {
    let scene = scene(&world, false, false).await;
    let page = world.authorize(&scene, &[]).await;
    let request = page.header("location").split_once("#request=").unwrap().1.to_owned();
    let path = format!("/v1/oauth/requests/{request}/decision");
    let answer = world.post(&path).by(&scene.session).send(json!({ "agreed": false })).await.ok();
    assert_eq!(query(answer["redirect_to"].as_str().unwrap())["error"], "access_denied");
    let again = world.post(&path).by(&scene.session).send(json!({ "agreed": true })).await;
    assert_eq!(again.problem(), (410, "link"));
}

async fn a_clinics_own_program_is_not_asked_about(world: World) {
    let scene = scene(&world, true, true).await;
    let back = world.authorize(&scene, &[]).await;
    let code = text(&query(back.header("location"))["code"]);
    world.redeem(&scene, &code).await.ok();
    let asked = world.authorize(&scene, &[("prompt", "consent")]).await;
    assert!(asked.header("location").starts_with("https://clinic.example/consent#request="));
}

async fn a_server_acts_for_itself_within_its_scopes(world: World) {
    let scene = scene(&world, true, false).await;
    let tokens = world.token_for(&scene, &[("grant_type", "client_credentials")]).await.ok();
    assert_eq!((&tokens["scope"], tokens.get("refresh_token")), (&json!("people:read"), None));
    let access = text(&tokens["access_token"]);
    world.get(&format!("/v1/clinics/{}/staff", scene.clinic)).by(&access).reply().await.ok();
    let other = world.clinic("Other").await;
    let elsewhere = world.get(&format!("/v1/clinics/{other}/staff")).by(&access).reply().await;
    assert_eq!(elsewhere.problem(), (404, "not-found"));
    let wrong = Scene { secret: Some("bcs_wrong".into()), ..scene };
    let refused = world.token_for(&wrong, &[("grant_type", "client_credentials")]).await;
    assert_eq!((refused.status.as_u16(), &refused.body["error"]), (401, &json!("invalid_client")));
}

async fn a_token_is_looked_at_and_taken_back(world: World) {
    let scene = scene(&world, true, false).await;
    let tokens = world.redeem(&scene, &world.agreed(&scene).await).await.ok();
    let proof =
        BASE64_STANDARD.encode(format!("{}:{}", scene.client, scene.secret.as_deref().unwrap()));
    let ask = async |path: &str, token: &str| {
        let ask = world.post(path).with("authorization", &format!("Basic {proof}"));
        ask.with("content-type", "application/x-www-form-urlencoded")
            .raw(form(&[("token", token)]))
            .await
    };
    let (access, refresh) = (text(&tokens["access_token"]), text(&tokens["refresh_token"]));
    for token in [&access, &refresh] {
        let worth = ask("/oauth/introspect", token).await.ok();
        assert_eq!(
            (&worth["active"], &worth["scope"]),
            (&json!(true), &json!("openid offline_access"))
        );
    }
    assert_eq!(ask("/oauth/introspect", "nonsense").await.ok(), json!({ "active": false }));
    assert_eq!(ask("/oauth/revoke", "nonsense").await.status.as_u16(), 200);
    assert_eq!(ask("/oauth/revoke", &refresh).await.status.as_u16(), 200);
    for token in [&access, &refresh] {
        assert_eq!(ask("/oauth/introspect", token).await.ok(), json!({ "active": false }));
    }
    assert!(!world.works(&access).await);
}

async fn a_key_is_rotated_while_its_tokens_go_on(world: World) {
    let scene = scene(&world, false, false).await;
    let tokens = world.redeem(&scene, &world.agreed(&scene).await).await.ok();
    let root = world.token(Actor {
        roles: vec![Role::User, Role::PlatformAdmin],
        second_factor: true,
        stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        ..Actor::default()
    });
    world.clock.advance(Duration::from_secs(1));
    let new = world.post("/v1/admin/signing-keys").by(&root).reply().await.ok();
    let keys = world.get("/oauth/jwks").reply().await.ok();
    assert_eq!((keys["keys"].as_array().unwrap().len(), &keys["keys"][0]["kid"]), (2, &new["kid"]));
    assert!(world.works(&text(&tokens["access_token"])).await);
    world.clock.advance(Duration::from_secs(25 * 3600));
    let keys = world.get("/oauth/jwks").reply().await.ok();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

async fn an_api_key_is_told_once_narrowed_and_ended(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    let admin = world.fresh_admin(&clinic);
    let path = format!("/v1/clinics/{clinic}/api-keys");
    let made = world
        .post(&path)
        .by(&admin)
        .send(json!({ "name": "Diary", "scope": "people:read" }))
        .await
        .ok();
    let secret = text(&made["secret"]);
    let staff = format!("/v1/clinics/{clinic}/staff");
    world.get(&staff).by(&secret).reply().await.ok();
    assert_eq!(world.get(&path).by(&secret).reply().await.problem(), (403, "scope"));
    let listed = world.get(&path).by(&admin).reply().await.ok();
    assert!(listed["items"][0]["last_used_at"].is_string());
    assert!(!listed.to_string().contains(&secret));
    let key = format!("{path}/{}", text(&made["key"]["id"]));
    world.ask("DELETE", &key).by(&admin).reply().await.ok();
    assert_eq!(world.get(&staff).by(&secret).reply().await.problem(), (401, "not-signed-in"));
    let unknown =
        world.post(&path).by(&admin).send(json!({ "name": "X", "scope": "everything" })).await;
    assert_eq!(unknown.problem(), (422, "invalid"));
}

stories! {
    a_person_agrees_and_a_client_gets_tokens
    a_code_that_comes_twice_ends_what_came_of_it
    a_code_is_worth_nothing_to_others_or_later
    a_refresh_token_works_once_and_one_that_comes_twice_ends_the_grant
    an_access_token_ends_after_ten_minutes_and_reaches_only_what_it_was_given
    nobody_is_sent_to_an_address_that_was_not_registered
    a_person_who_says_no_is_sent_back_with_that
    a_clinics_own_program_is_not_asked_about
    a_server_acts_for_itself_within_its_scopes
    a_token_is_looked_at_and_taken_back
    a_key_is_rotated_while_its_tokens_go_on
    an_api_key_is_told_once_narrowed_and_ended
}
