//! Staff, profiles, and what administrators see.

use scheduling_api::{
    domain::actor::{Actor, Role},
    invite_first_administrator,
    ports::mail::Letter,
    seal_what_stood_open,
};
use serde_json::{Value, json};

use crate::world::{World, person::PASSWORD};

const ASHA: &str = "asha@patients.example";
const NJERI: &str = "njeri@mwangaza.example";

impl World {
    /// Somebody who works in a clinic, by invitation; signed in with an authenticator app. The session's token.
    pub async fn staff(&self, clinic: &str, role: &str, email: &str) -> String {
        let path = format!("/v1/clinics/{clinic}/invitations");
        let body = json!({ "email": email, "role": role, "language": "en" });
        self.post(&path).by(&self.fresh_admin(clinic)).send(body).await.ok();
        self.accept(email).await.ok();
        let (token, ..) = self.with_app(&self.signed_in(email).await).await;
        token
    }

    async fn accept(&self, email: &str) -> crate::world::Reply {
        let secret = self.secret(email, Letter::Invitation).await;
        let account = json!({ "name": "Dr Njeri", "password": PASSWORD, "language": "en", "time_zone": "Africa/Nairobi" });
        self.post("/v1/auth/invitations/accept")
            .send(json!({ "token": secret, "account": account }))
            .await
    }

    async fn me(&self, token: &str) -> Value {
        self.get("/v1/me").by(token).reply().await.ok()
    }
}

async fn the_first_administrator_is_invited_once_and_opens_a_clinic(world: World) {
    let link = invite_first_administrator(&world.api, "root@bedside.example").await.unwrap();
    assert!(link.starts_with("https://clinic.example/invitation#token="));
    world.accept("root@bedside.example").await.ok();
    let (token, ..) = world.with_app(&world.signed_in("root@bedside.example").await).await;
    let card = json!({ "name": "Mwangaza", "time_zone": "Africa/Nairobi" });
    world.post("/v1/clinics").by(&token).send(card).await.ok();
    assert!(invite_first_administrator(&world.api, "other@bedside.example").await.is_err());
}

async fn staff_join_by_invitation_and_count_only_with_a_second_factor(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    let path = format!("/v1/clinics/{clinic}/invitations");
    let body = json!({ "email": NJERI, "role": "practitioner", "language": "en" });
    world.post(&path).by(&world.fresh_admin(&clinic)).send(body).await.ok();
    world.accept(NJERI).await.ok();
    assert_eq!(world.accept(NJERI).await.problem(), (410, "link"));
    let token = world.signed_in(NJERI).await;
    let staff = format!("/v1/clinics/{clinic}/staff");
    assert_eq!(world.get(&staff).by(&token).reply().await.problem(), (403, "second-factor"));
    let (token, ..) = world.with_app(&token).await;
    let listed = world.get(&staff).by(&token).reply().await.ok();
    assert_eq!(
        (&listed["items"][0]["email"], &listed["items"][0]["role"]),
        (&json!(NJERI), &json!("practitioner"))
    );
}

async fn who_leaves_is_out_at_once(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    let token = world.staff(&clinic, "receptionist", NJERI).await;
    let admin = world.fresh_admin(&clinic);
    let staff = format!("/v1/clinics/{clinic}/staff");
    let listed = world.get(&staff).by(&admin).reply().await.ok();
    let id = listed["items"][0]["id"].as_str().unwrap().to_owned();
    world.ask("DELETE", &format!("{staff}/{id}")).by(&admin).reply().await.ok();
    assert_eq!(world.get(&staff).by(&token).reply().await.problem(), (401, "not-signed-in"));
    assert_eq!(
        world.ask("DELETE", &format!("{staff}/{id}")).by(&admin).reply().await.problem(),
        (404, "not-found")
    );
}

async fn a_disabled_account_is_out_at_once_and_cannot_sign_in(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let token = world.signed_in(ASHA).await;
    let id = world.me(&token).await["id"].as_str().unwrap().to_owned();
    let root = world.token(Actor {
        roles: vec![Role::User, Role::PlatformAdmin],
        second_factor: true,
        stepped_up_until: Some("2030-01-01T00:00:00Z".parse().unwrap()),
        ..Actor::default()
    });
    world.post(&format!("/v1/admin/users/{id}/disable")).by(&root).reply().await.ok();
    assert_eq!(world.get("/v1/me").by(&token).reply().await.problem(), (401, "not-signed-in"));
    assert_eq!(world.sign_in(ASHA, PASSWORD).await.problem(), (401, "credentials"));
    let listed = world.get("/v1/admin/users").by(&root).reply().await.ok();
    assert_eq!(listed["items"][0]["state"], "disabled");
    world.post(&format!("/v1/admin/users/{id}/enable")).by(&root).reply().await.ok();
    world.signed_in(ASHA).await;
}

async fn a_patient_changes_the_own_profile_and_nobody_elses(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    world.patient(&clinic, "otieno@patients.example").await;
    let (asha, otieno) =
        (world.signed_in(ASHA).await, world.signed_in("otieno@patients.example").await);
    let id = world.me(&asha).await["memberships"][0]["patient_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/patients/{id}");
    let mut profile = world.get(&path).by(&asha).reply().await.ok()["profile"].clone();
    profile["phone"] = json!("+254 700 000 001");
    profile["coverages"] = json!([{ "payer": "SHA", "member_id": "M-1" }]);
    let changed = world.put(&path).by(&asha).seen(1).send(profile.clone()).await.ok();
    assert_eq!(
        (&changed["rev"], &changed["profile"]["phone"]),
        (&json!(2), &json!("+254700000001"))
    );
    assert_eq!(
        world.put(&path).by(&asha).seen(1).send(profile.clone()).await.problem(),
        (412, "stale")
    );
    profile["time_zone"] = json!("Mars/Base");
    assert_eq!(
        world.put(&path).by(&asha).seen(2).send(profile.clone()).await.problem(),
        (422, "invalid")
    );
    assert_eq!(world.get(&path).by(&otieno).reply().await.problem(), (403, "forbidden"));
    assert_eq!(
        world.put(&path).by(&otieno).seen(2).send(profile).await.problem(),
        (403, "forbidden")
    );
    let other = world.clinic("Other").await;
    let stranger = world.member(Role::Receptionist, Some(&other));
    assert_eq!(world.get(&path).by(&stranger).reply().await.problem(), (404, "not-found"));
}

async fn a_parent_acts_for_a_child_until_the_right_ends(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    world.patient(&clinic, "child@patients.example").await;
    let child = world.me(&world.signed_in("child@patients.example").await).await;
    let child = child["memberships"][0]["patient_id"].as_str().unwrap().to_owned();
    let desk = world.member(Role::Receptionist, Some(&clinic));
    let path = format!("/v1/patients/{child}/proxies");
    let body =
        json!({ "email": ASHA, "relationship": "parent", "valid_until": "2026-03-03T00:00:00Z" });
    let proxy = world.post(&path).by(&desk).send(body.clone()).await.ok();
    assert_eq!(world.post(&path).by(&desk).send(body).await.problem(), (409, "exists"));
    let asha = world.signed_in(ASHA).await;
    world.get(&format!("/v1/patients/{child}")).by(&asha).reply().await.ok();
    let ended = format!("{path}/{}", proxy["id"].as_str().unwrap());
    world.ask("DELETE", &ended).by(&desk).reply().await.ok();
    let refused = world.get(&format!("/v1/patients/{child}")).by(&asha).reply().await;
    assert_eq!(refused.problem(), (403, "forbidden"));
}

async fn a_practitioner_fills_in_the_own_card(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    let token = world.staff(&clinic, "practitioner", NJERI).await;
    let id =
        world.me(&token).await["memberships"][0]["practitioner_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/practitioners/{id}");
    let card = json!({
        "time_zone": "Africa/Nairobi",
        "profile": {
            "display_name": "Dr Njeri Kamau", "specialties": ["dermatology", "family-medicine"],
            "languages": ["en", "sw"], "qualifications": [{ "title": "MBChB", "institution": null, "year": 2004 }],
            "licences": [{ "region": "KE", "number": "A1234", "valid_until": null }], "photo": null,
            "fee": { "amount_minor": 250_000, "currency": "KES" }, "bio": "Twenty years.",
        },
    });
    world.put(&path).by(&token).seen(1).send(card.clone()).await.ok();
    let read = world.get(&path).reply().await.ok();
    assert_eq!((&read["profile"], &read["rev"]), (&card["profile"], &json!(2)));
    let other = world.staff(&clinic, "practitioner", "other@mwangaza.example").await;
    assert_eq!(world.put(&path).by(&other).seen(2).send(card).await.problem(), (403, "forbidden"));
}

async fn the_audit_log_tells_who_looked_and_holds_no_names(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let asha = world.signed_in(ASHA).await;
    let id = world.me(&asha).await["memberships"][0]["patient_id"].as_str().unwrap().to_owned();
    let desk = world.member(Role::Receptionist, Some(&clinic));
    world.get(&format!("/v1/patients/{id}")).by(&desk).reply().await.ok();
    let admin = world.member(Role::ClinicAdmin, Some(&clinic));
    let path = format!("/v1/clinics/{clinic}/audit?patient={id}&act=read_patient");
    let found = world.get(&path).by(&admin).reply().await.ok();
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&found["items"][0]["role"], &found["items"][0]["outcome"]),
        (&json!("receptionist"), &json!("done"))
    );
    assert!(!found.to_string().contains("Canary"));
    assert_eq!(world.get(&path).by(&desk).reply().await.problem(), (403, "forbidden"));
}

async fn names_and_addresses_are_in_no_file_of_the_database(world: World) {
    let clinic = world.clinic("Positivecontrol").await;
    world.patient(&clinic, "addresscanary@patients.example").await;
    world.signed_in("addresscanary@patients.example").await;
    let found = |word: &str| {
        world
            .files()
            .iter()
            .any(|bytes| bytes.windows(word.len()).any(|part| part == word.as_bytes()))
    };
    if world.files().is_empty() {
        return; // PostgreSQL's files belong to its server; the columns are the same.
    }
    assert!(found("Positivecontrol"), "the search finds what is there");
    assert!(!found("addresscanary") && !found("Wanjiru") && !found("Canary"));
}

async fn what_people_are_to_each_other_and_call_their_things_is_sealed(world: World) {
    let clinic = world.clinic("Positivecontrol").await;
    world.patient(&clinic, ASHA).await;
    world.patient(&clinic, "child@patients.example").await;
    let child = world.me(&world.signed_in("child@patients.example").await).await;
    let child = child["memberships"][0]["patient_id"].as_str().unwrap().to_owned();
    let desk = world.member(Role::Receptionist, Some(&clinic));
    let path = format!("/v1/patients/{child}/proxies");
    let body = json!({ "email": ASHA, "relationship": "Relationcanary" });
    world.post(&path).by(&desk).send(body).await.ok();
    let login = world.post("/v1/auth/login").with("user-agent", "Browsercanary 1");
    let body = json!({ "email": ASHA, "password": PASSWORD, "carrier": "token" });
    let asha = login.send(body).await.ok()["token"].as_str().unwrap().to_owned();
    let asked = world.post("/v1/auth/passkeys/register").by(&asha).reply().await.ok();
    let (_, made) = super::passkeys::Phone::make(&asked["options"]);
    let body =
        json!({ "ceremony": asked["ceremony"], "name": "Passkeycanary", "credential": made });
    world.post("/v1/auth/passkeys").by(&asha).send(body).await.ok();
    let told = async |path: &str, by: &str, word: &str| {
        let told = world.get(path).by(by).reply().await.ok().to_string();
        assert!(told.contains(word), "{path}: {told}");
    };
    let everywhere = async |relation: &str, name: &str| {
        told(&path, &desk, relation).await;
        told("/v1/me", &asha, relation).await;
        told("/v1/auth/passkeys", &asha, name).await;
        told("/v1/auth/sessions", &asha, "Browsercanary 1").await;
    };
    everywhere("Relationcanary", "Passkeycanary").await;
    let is_in_files = |word: &str| {
        let is_in = |file: &Vec<u8>| file.windows(word.len()).any(|part| part == word.as_bytes());
        world.files().iter().any(is_in)
    };
    for canary in ["Relationcanary", "Passkeycanary", "Browsercanary"] {
        assert!(!is_in_files(canary), "{canary}");
    }
    // As it stood before there were sealed columns.
    world.raw("UPDATE patient_proxy SET relationship = 'Oldrelation', relation = NULL").await;
    world.raw("UPDATE passkey SET name = 'Oldname', called = NULL").await;
    assert!(world.files().is_empty() || is_in_files("Oldrelation"), "the search finds it");
    let seal = || seal_what_stood_open(&world.api.store, &world.api.keys, &world.api.random);
    assert_eq!((seal().await.unwrap(), seal().await.unwrap()), (2, 0));
    everywhere("Oldrelation", "Oldname").await;
    let open = "SELECT relationship FROM patient_proxy UNION SELECT name FROM passkey";
    assert_eq!(world.raw(open).await, [""]);
}

stories! {
    what_people_are_to_each_other_and_call_their_things_is_sealed
    the_first_administrator_is_invited_once_and_opens_a_clinic
    staff_join_by_invitation_and_count_only_with_a_second_factor
    who_leaves_is_out_at_once
    a_disabled_account_is_out_at_once_and_cannot_sign_in
    a_patient_changes_the_own_profile_and_nobody_elses
    a_parent_acts_for_a_child_until_the_right_ends
    a_practitioner_fills_in_the_own_card
    the_audit_log_tells_who_looked_and_holds_no_names
    names_and_addresses_are_in_no_file_of_the_database
}
