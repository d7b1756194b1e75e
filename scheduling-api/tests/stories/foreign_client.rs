//! Our authorization server seen by a client library that we did not write: Authlib (Debian: python3-authlib).

use std::{path::Path, process::Stdio, sync::Arc};

use scheduling_api::{Api, Links, Tokens, router};
use serde_json::json;

use crate::world::World;

const ASHA: &str = "asha@patients.example";

async fn authlib_signs_a_person_in_refreshes_looks_and_takes_back(world: World) {
    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let links = Arc::new(Links::at(&issuer));
    let identify = Arc::new(Tokens::of(world.api.store.clone(), links.clone()));
    let api = Api { links, identify, ..world.api.clone() };
    let served = tokio::spawn(async move { axum::serve(listener, router(api)).await.unwrap() });

    let path = format!("/v1/clinics/{clinic}/oauth-clients");
    let body = json!({
        "name": "Diary", "confidential": true, "trusted": true, "redirect_uris": ["https://app.example/back"],
        "scope": "openid profile email offline_access people:read",
    });
    let made = world.post(&path).by(&world.fresh_admin(&clinic)).send(body).await.ok();
    let session = world.signed_in(ASHA).await;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/authlib_client.py");
    let answered = tokio::task::spawn_blocking(move || {
        std::process::Command::new("/usr/bin/python3")
            .arg(script)
            .args([
                &issuer,
                made["client"]["client_id"].as_str().unwrap(),
                made["client_secret"].as_str().unwrap(),
            ])
            .arg(session)
            .stdin(Stdio::null())
            .output()
            .expect("python3: scripts/install-test-deps.sh installs what is missing")
    });
    let answered = answered.await.unwrap();
    served.abort();
    let (out, err) =
        (String::from_utf8_lossy(&answered.stdout), String::from_utf8_lossy(&answered.stderr));
    assert_eq!(out.trim(), "ok", "{err}");
}

async fn authlib_launches_an_app_and_a_backend_service(world: World) {
    use aws_lc_rs::{
        rand::SystemRandom,
        signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
    };
    use base64::{
        Engine as _,
        prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
    };
    use scheduling_api::clock::Clock as _;

    let clinic = world.clinic("Mwangaza").await;
    world.patient(&clinic, ASHA).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let links = Arc::new(Links::at(&issuer));
    let identify = Arc::new(Tokens::of(world.api.store.clone(), links.clone()));
    let api = Api { links, identify, ..world.api.clone() };
    let served = tokio::spawn(async move { axum::serve(listener, router(api)).await.unwrap() });

    let pkcs8 =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &SystemRandom::new())
            .unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
    let (x, y) = pair.public_key().as_ref()[1..].split_at(48);
    let jwk = json!({
        "kty": "EC", "crv": "P-384", "kid": "first",
        "x": BASE64_URL_SAFE_NO_PAD.encode(x), "y": BASE64_URL_SAFE_NO_PAD.encode(y),
    });
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        BASE64_STANDARD.encode(pkcs8.as_ref())
    );
    let key_file =
        std::env::temp_dir().join(format!("bedside-smart-{}-{clinic}.pem", std::process::id()));
    std::fs::write(&key_file, pem).unwrap();

    let path = format!("/v1/clinics/{clinic}/oauth-clients");
    let app = json!({
        "name": "Diary", "confidential": false, "trusted": true, "redirect_uris": ["https://app.example/back"],
        "scope": "openid fhirUser launch/patient offline_access patient/*.rs",
    });
    let app = world.post(&path).by(&world.fresh_admin(&clinic)).send(app).await.ok();
    let service = |keys: serde_json::Value| {
        json!({
            "name": "EHR", "confidential": true, "scope": "system/Observation.rs", "jwks": { "keys": keys },
        })
    };
    let none = world.post(&path).by(&world.fresh_admin(&clinic)).send(service(json!([]))).await;
    assert_eq!((none.problem(), none.body["field"].as_str()), ((422, "invalid"), Some("/jwks")));
    let service =
        world.post(&path).by(&world.fresh_admin(&clinic)).send(service(json!([jwk]))).await.ok();
    assert!(service.get("client_secret").is_none(), "who has a key has no secret");
    let session = world.signed_in(ASHA).await;
    let now = world.clock.now().as_second().to_string();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/foreign/smart_client.py");
    let key = key_file.clone();
    let answered = tokio::task::spawn_blocking(move || {
        let id =
            |made: &serde_json::Value| made["client"]["client_id"].as_str().unwrap().to_owned();
        std::process::Command::new("/usr/bin/python3")
            .arg(script)
            .args([&issuer, &now, &id(&app), &session, &id(&service)])
            .arg(key)
            .stdin(Stdio::null())
            .output()
            .expect("python3: scripts/install-test-deps.sh installs what is missing")
    });
    let answered = answered.await.unwrap();
    served.abort();
    let _ = std::fs::remove_file(key_file);
    let (out, err) =
        (String::from_utf8_lossy(&answered.stdout), String::from_utf8_lossy(&answered.stderr));
    assert_eq!(out.trim(), "ok", "{err}");
}

stories! {
    authlib_signs_a_person_in_refreshes_looks_and_takes_back
    authlib_launches_an_app_and_a_backend_service
}
