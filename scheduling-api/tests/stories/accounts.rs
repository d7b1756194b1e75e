//! Registering, signing in, and what secures an account.

use std::time::Duration;

use scheduling_api::ports::mail::Letter;
use serde_json::json;

use crate::world::{
    World,
    person::{PASSWORD, registration},
};

const ASHA: &str = "asha@patients.example";

async fn a_patient_registers_proves_the_address_and_signs_in(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.post("/v1/auth/register").send(registration(&clinic, ASHA)).await.ok();
    assert_eq!(
        world.sign_in(ASHA, PASSWORD).await.problem(),
        (401, "credentials"),
        "not before the proof"
    );
    let secret = world.secret(ASHA, Letter::VerifyEmail).await;
    world.post("/v1/auth/verify-email").send(json!({ "token": secret })).await.ok();
    let again = world.post("/v1/auth/verify-email").send(json!({ "token": secret })).await;
    assert_eq!(again.problem(), (410, "link"));

    let me =
        world.get("/v1/me").by(&world.signed_in("Asha@PATIENTS.example").await).reply().await.ok();
    assert_eq!((&me["email"], &me["name"]), (&json!(ASHA), &json!("Wanjiru Canary")));
    assert_eq!(
        (&me["clinic_id"], &me["memberships"][0]["role"]),
        (&json!(clinic), &json!("patient"))
    );
    assert!(me["memberships"][0]["patient_id"].as_str().unwrap().starts_with("pat_"));
}

async fn answers_to_strangers_do_not_tell_who_has_an_account(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let ask = async |path: &str, email: &str| {
        let mut body = json!({ "email": email });
        if path.ends_with("register") {
            body = registration(&clinic, email);
        }
        let reply = world.post(path).send(body).await;
        (reply.status.as_u16(), reply.body.to_string())
    };
    for path in ["/v1/auth/register", "/v1/auth/magic-link", "/v1/auth/password-reset"] {
        assert_eq!(ask(path, ASHA).await, ask(path, "nobody@patients.example").await, "{path}");
    }
    let wrong = world.sign_in(ASHA, "not the password").await;
    let unknown = world.sign_in("nobody@patients.example", "not the password").await;
    assert_eq!((wrong.problem(), &wrong.body), (unknown.problem(), &unknown.body));
    let letters = world.letters(ASHA).await;
    assert!(letters.iter().any(|mail| mail.letter == Letter::AlreadyRegistered));
    assert!(
        world
            .letters("nobody@patients.example")
            .await
            .iter()
            .all(|mail| mail.letter == Letter::VerifyEmail)
    );
}

async fn a_common_or_short_password_is_refused(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    for password in ["short", "password123", "Wanjiru is my name"] {
        let mut body = registration(&clinic, ASHA);
        body["password"] = json!(password);
        let reply = world.post("/v1/auth/register").send(body).await;
        assert_eq!(
            (reply.problem(), &reply.body["field"]),
            ((422, "invalid"), &json!("/password")),
            "{password}"
        );
    }
}

async fn a_session_ends_after_half_an_hour_of_nothing_and_after_twelve_hours_of_use(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let me = async |token: &str| world.get("/v1/me").by(token).reply().await.status.as_u16();
    let idle = world.signed_in(ASHA).await;
    world.clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(me(&idle).await, 200);
    world.clock.advance(Duration::from_secs(30 * 60));
    assert_eq!(me(&idle).await, 401);
    let busy = world.signed_in(ASHA).await;
    let mut minutes = 0;
    while me(&busy).await == 200 {
        world.clock.advance(Duration::from_secs(20 * 60));
        minutes += 20;
    }
    assert_eq!(minutes, 12 * 60);
}

async fn a_link_by_mail_signs_in_once_within_ten_minutes(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let redeem = async |secret: &str| {
        let body = json!({ "token": secret, "carrier": "token" });
        world.post("/v1/auth/magic-link/redeem").send(body).await
    };
    let request =
        async || world.post("/v1/auth/magic-link").send(json!({ "email": ASHA })).await.ok();
    request().await;
    let secret = world.secret(ASHA, Letter::MagicLink).await;
    assert_eq!(redeem(&secret).await.ok()["status"], "signed_in");
    assert_eq!(redeem(&secret).await.problem(), (410, "link"));
    request().await;
    let old = world.secret(ASHA, Letter::MagicLink).await;
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(redeem(&old).await.problem(), (410, "link"));
}

async fn an_authenticator_app_is_asked_for_whichever_way_one_signs_in(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let (_, secret, codes) = world.with_app(&world.signed_in(ASHA).await).await;
    world.clock.advance(Duration::from_secs(60));
    let answer = async |challenge: &str, kind: &str, code: &str| {
        let body = json!({ "challenge": challenge, kind: code, "carrier": "token" });
        world.post("/v1/auth/mfa").send(body).await
    };
    let first = world.sign_in(ASHA, PASSWORD).await.ok();
    assert_eq!(first["status"], "second_factor");
    let challenge = first["challenge"].as_str().unwrap();
    assert_eq!(answer(challenge, "totp", "000000").await.problem(), (401, "credentials"));
    let code = world.code(&secret);
    assert_eq!(answer(challenge, "totp", &code).await.ok()["second_factor"], true);
    assert_eq!(
        answer(challenge, "totp", &code).await.problem(),
        (410, "link"),
        "a challenge is used once"
    );

    world.post("/v1/auth/magic-link").send(json!({ "email": ASHA })).await.ok();
    let link = world.secret(ASHA, Letter::MagicLink).await;
    let body = json!({ "token": link, "carrier": "token" });
    let second = world.post("/v1/auth/magic-link/redeem").send(body).await.ok();
    assert_eq!(second["status"], "second_factor");
    let challenge = second["challenge"].as_str().unwrap();
    assert_eq!(
        answer(challenge, "totp", &code).await.problem(),
        (401, "credentials"),
        "a code is used once"
    );
    answer(challenge, "recovery_code", &codes[0].to_uppercase()).await.ok();
    let third = world.sign_in(ASHA, PASSWORD).await.ok();
    let challenge = third["challenge"].as_str().unwrap();
    for code in [&codes[0], "aaaa-aaaa-aaaa-aaaa", "", "1"] {
        assert_eq!(
            answer(challenge, "recovery_code", code).await.problem(),
            (401, "credentials"),
            "{code}"
        );
    }
    assert_eq!(answer(challenge, "recovery_code", "wrong").await.problem(), (401, "credentials"));
    assert_eq!(
        answer(challenge, "recovery_code", &codes[1]).await.problem(),
        (410, "link"),
        "five tries"
    );
}

async fn a_sensitive_act_asks_for_a_fresh_proof(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let token = world.signed_in(ASHA).await;
    world.clock.advance(Duration::from_secs(301));
    let enrol = async |token: &str| world.post("/v1/auth/totp").by(token).reply().await;
    assert_eq!(enrol(&token).await.problem(), (403, "step-up"));
    let wrong = world
        .post("/v1/auth/step-up")
        .by(&token)
        .send(json!({ "password": "not the password" }))
        .await;
    assert_eq!(wrong.problem(), (401, "credentials"));
    let fresh = world.stepped_up(&token).await;
    assert_eq!(enrol(&token).await.problem(), (401, "not-signed-in"), "the old token is replaced");
    enrol(&fresh).await.ok();
    let (fresh, ..) = world.with_app(&fresh).await;
    world.clock.advance(Duration::from_secs(301));
    let password =
        world.post("/v1/auth/step-up").by(&fresh).send(json!({ "password": PASSWORD })).await;
    assert_eq!(
        password.problem(),
        (401, "credentials"),
        "with an app, the password alone is not enough"
    );
}

async fn a_forgotten_password_is_replaced_and_every_session_ends(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let token = world.signed_in(ASHA).await;
    world.post("/v1/auth/password-reset").send(json!({ "email": ASHA })).await.ok();
    let secret = world.secret(ASHA, Letter::PasswordReset).await;
    let reset = async |password: &str| {
        let body = json!({ "token": secret, "password": password });
        world.post("/v1/auth/password-reset/redeem").send(body).await
    };
    assert_eq!(
        reset("password123").await.problem(),
        (422, "invalid"),
        "a refused password does not cost the link"
    );
    reset("another fine sentence").await.ok();
    assert_eq!(reset("a third fine sentence").await.problem(), (410, "link"));
    assert_eq!(world.get("/v1/me").by(&token).reply().await.problem(), (401, "not-signed-in"));
    assert_eq!(world.sign_in(ASHA, PASSWORD).await.problem(), (401, "credentials"));
    world.sign_in(ASHA, "another fine sentence").await.ok();
    assert_eq!(world.letters(ASHA).await.last().unwrap().letter, Letter::PasswordChanged);
}

async fn sessions_are_listed_and_ended(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let (phone, laptop) = (world.signed_in(ASHA).await, world.signed_in(ASHA).await);
    let listed = world.get("/v1/auth/sessions").by(&laptop).reply().await.ok();
    let items = listed["items"].as_array().unwrap();
    let other = items.iter().find(|item| item["current"] == false).unwrap();
    assert_eq!(items.len(), 2);
    let path = format!("/v1/auth/sessions/{}", other["id"].as_str().unwrap());
    world.ask("DELETE", &path).by(&laptop).reply().await.ok();
    assert_eq!(world.get("/v1/me").by(&phone).reply().await.problem(), (401, "not-signed-in"));
    world.post("/v1/auth/logout").by(&laptop).reply().await.ok();
    assert_eq!(world.get("/v1/me").by(&laptop).reply().await.problem(), (401, "not-signed-in"));
}

async fn a_browsers_session_is_a_cookie_that_only_our_pages_can_use(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let body = json!({ "email": ASHA, "password": PASSWORD });
    let reply = world.post("/v1/auth/login").send(body).await;
    assert!(reply.body.get("token").is_none());
    let cookies: Vec<_> =
        reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(
        cookies.iter().all(|cookie| cookie.contains("Secure; HttpOnly; SameSite=Lax")
            && cookie.starts_with("__Host-"))
    );
    let cookie = cookies[0].split(';').next().unwrap().to_owned();
    world.get("/v1/me").with("cookie", &cookie).reply().await.ok();
    let sign_out = |origin: &str| {
        world.post("/v1/auth/logout").with("cookie", &cookie).with("origin", origin).reply()
    };
    assert_eq!(sign_out("https://evil.example").await.problem(), (403, "foreign-page"));
    assert_eq!(
        world.post("/v1/auth/logout").with("cookie", &cookie).reply().await.problem(),
        (403, "foreign-page")
    );
    sign_out("https://clinic.example").await.ok();
}

async fn who_guesses_is_slowed_down_and_a_known_device_still_enters(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let device =
        world.sign_in(ASHA, PASSWORD).await.ok()["device_token"].as_str().unwrap().to_owned();
    let mut refused = 0;
    for _ in 0..30 {
        let reply = world.sign_in(ASHA, "a wrong password").await;
        if reply.problem() == (429, "too-often") {
            assert!(reply.header("retry-after").parse::<u32>().unwrap() <= 61);
            refused += 1;
        }
    }
    assert_eq!(refused, 20, "ten guesses at an account, then one a minute");
    assert_eq!(world.sign_in(ASHA, PASSWORD).await.problem(), (429, "too-often"));
    let body = json!({ "email": ASHA, "password": PASSWORD, "carrier": "token" });
    world.post("/v1/auth/login").with("bedside-device", &device).send(body).await.ok();
}

stories! {
    a_patient_registers_proves_the_address_and_signs_in
    answers_to_strangers_do_not_tell_who_has_an_account
    a_common_or_short_password_is_refused
    a_session_ends_after_half_an_hour_of_nothing_and_after_twelve_hours_of_use
    a_link_by_mail_signs_in_once_within_ten_minutes
    an_authenticator_app_is_asked_for_whichever_way_one_signs_in
    a_sensitive_act_asks_for_a_fresh_proof
    a_forgotten_password_is_replaced_and_every_session_ends
    sessions_are_listed_and_ended
    a_browsers_session_is_a_cookie_that_only_our_pages_can_use
    who_guesses_is_slowed_down_and_a_known_device_still_enters
}
