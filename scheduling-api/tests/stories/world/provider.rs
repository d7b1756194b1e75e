//! An outside identity provider on loopback that speaks OpenID Connect's wire: Discovery, code with PKCE, key set.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_lc_rs::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use axum::{
    Json, Router,
    extract::{RawForm, State},
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{
    Engine as _,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

pub const CLIENT: (&str, &str) = ("bedside", "the secret & the client");

/// A running provider; ends with the value.
pub struct Provider {
    pub issuer: String,
    state: Arc<Mutex<Inside>>,
    served: tokio::task::JoinHandle<()>,
}

struct Inside {
    issuer: String,
    pkcs8: Vec<u8>,
    /// Code: what was asked for, and who agreed.
    codes: HashMap<String, (HashMap<String, String>, Value)>,
    /// How often somebody agreed.
    agreed: u32,
    /// What the next ID token says otherwise.
    lies: Value,
}

impl Provider {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .unwrap();
        let inside = Inside {
            issuer: issuer.clone(),
            pkcs8: pkcs8.as_ref().to_vec(),
            codes: HashMap::new(),
            agreed: 0,
            lies: json!({}),
        };
        let state = Arc::new(Mutex::new(inside));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/token", post(token))
            .route("/keys", get(keys))
            .with_state(state.clone());
        let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { issuer, state, served }
    }

    /// A person agrees on the provider's page; what their browser comes back with.
    pub fn agree(&self, address: &str, person: Value) -> (String, String) {
        let query = address.split_once('?').unwrap().1;
        let asked: HashMap<String, String> =
            url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(asked["code_challenge_method"], "S256");
        assert_eq!(
            (asked["client_id"].as_str(), asked["response_type"].as_str()),
            (CLIENT.0, "code")
        );
        let state = asked["state"].clone();
        let mut inside = self.state.lock().unwrap();
        inside.agreed += 1;
        let code = format!("code-{}", inside.agreed);
        inside.codes.insert(code.clone(), (asked, person));
        (state, code)
    }

    /// The next ID tokens say this instead of the truth.
    pub fn lie(&self, lies: Value) {
        self.state.lock().unwrap().lies = lies;
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.served.abort();
    }
}

type Shared = State<Arc<Mutex<Inside>>>;

async fn discovery(State(state): Shared) -> Json<Value> {
    let issuer = state.lock().unwrap().issuer.clone();
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
    }))
}

async fn keys(State(state): Shared) -> Json<Value> {
    let pkcs8 = state.lock().unwrap().pkcs8.clone();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).unwrap();
    let point = pair.public_key().as_ref();
    let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    Json(json!({ "keys": [{
        "kty": "EC", "crv": "P-256", "kid": "k1", "alg": "ES256", "use": "sig",
        "x": part(&point[1..33]), "y": part(&point[33..]),
    }] }))
}

async fn token(
    State(state): Shared,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Result<Json<Value>, StatusCode> {
    let form: HashMap<String, String> = url::form_urlencoded::parse(&form).into_owned().collect();
    let encoded =
        |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let proof = BASE64_STANDARD.encode(format!("{}:{}", encoded(CLIENT.0), encoded(CLIENT.1)));
    if headers.get("authorization").and_then(|value| value.to_str().ok())
        != Some(&format!("Basic {proof}"))
    {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let mut inside = state.lock().unwrap();
    let (asked, person) = inside.codes.remove(&form["code"]).ok_or(StatusCode::BAD_REQUEST)?;
    let challenge =
        BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
    if challenge != asked["code_challenge"] || form["redirect_uri"] != asked["redirect_uri"] {
        return Err(StatusCode::BAD_REQUEST);
    }
    let mut claims = json!({
        "iss": inside.issuer, "aud": CLIENT.0, "iat": 1_772_431_200, "exp": 4_000_000_000_u64,
        "nonce": asked["nonce"],
    });
    for more in [&person, &inside.lies] {
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
    }
    let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::ES256) };
    let id_token =
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ec_der(&inside.pkcs8)).unwrap();
    Ok(Json(json!({ "access_token": "x", "token_type": "Bearer", "id_token": id_token })))
}
