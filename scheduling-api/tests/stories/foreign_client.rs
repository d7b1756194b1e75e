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

stories! { authlib_signs_a_person_in_refreshes_looks_and_takes_back }
