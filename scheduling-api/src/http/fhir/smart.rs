//! `/.well-known/smart-configuration`: what a SMART app needs to know of our authorization server (SMART App Launch 2.2).

use axum::{Json, extract::State};
use serde_json::{Value, json};

use super::table::ROWS;
use crate::{api::Api, domain::oauth::scope::Scope};

/// Answers it.
pub(super) async fn configuration(State(api): State<Api>) -> Json<Value> {
    let issuer = &api.links.issuer;
    let at = |path: &str| format!("{issuer}{path}");
    let words = [Scope::OpenId, Scope::FhirUser, Scope::LaunchPatient, Scope::OfflineAccess];
    let words = words.into_iter().map(|scope| scope.as_str().to_owned());
    let clinical = ["patient", "user", "system"].into_iter().flat_map(|level| {
        let all = std::iter::once(format!("{level}/*.cruds"));
        all.chain(ROWS.iter().map(move |row| {
            let (create, update) =
                (if row.creates { "c" } else { "" }, if row.updates { "u" } else { "" });
            let read = if row.reads { "r" } else { "" };
            format!("{level}/{}.{create}{read}{update}s", row.name)
        }))
    });
    Json(json!({
        "issuer": issuer,
        "jwks_uri": at("/oauth/jwks"),
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "introspection_endpoint": at("/oauth/introspect"),
        "revocation_endpoint": at("/oauth/revoke"),
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["ES384", "RS384"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": words.chain(clinical).collect::<Vec<_>>(),
        "capabilities": [
            "launch-standalone", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric",
            "sso-openid-connect", "context-standalone-patient", "permission-offline", "permission-patient",
            "permission-user", "permission-v1", "permission-v2",
        ],
    }))
}
