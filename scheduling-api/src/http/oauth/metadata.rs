//! `GET /.well-known/oauth-authorization-server` (RFC 8414) and `GET /.well-known/openid-configuration`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{api::Api, domain::oauth::scope::Scope};

/// What our authorization server offers.
#[derive(Serialize, ToSchema)]
pub(super) struct MetadataView {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 3],
    code_challenge_methods_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 4],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 2],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    authorization_response_iss_parameter_supported: bool,
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    claims_supported: [&'static str; 12],
}

/// Describes our authorization server
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    tag = "oauth",
    responses((status = OK, description = "RFC 8414", body = MetadataView)),
)]
pub(super) async fn read_oauth_metadata(State(api): State<Api>) -> Json<MetadataView> {
    Json(metadata(&api))
}

/// Describes our authorization server, at the address that OpenID Connect looks at
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = "oauth",
    responses((status = OK, description = "OpenID Connect Discovery", body = MetadataView)),
)]
pub(super) async fn read_openid_configuration(State(api): State<Api>) -> Json<MetadataView> {
    Json(metadata(&api))
}

fn metadata(api: &Api) -> MetadataView {
    let issuer = &api.links.issuer;
    let at = |path: &str| format!("{issuer}{path}");
    MetadataView {
        authorization_endpoint: at("/oauth/authorize"),
        token_endpoint: at("/oauth/token"),
        introspection_endpoint: at("/oauth/introspect"),
        revocation_endpoint: at("/oauth/revoke"),
        userinfo_endpoint: at("/oauth/userinfo"),
        jwks_uri: at("/oauth/jwks"),
        scopes_supported: Scope::ALL.iter().map(|scope| scope.as_str()).collect(),
        response_types_supported: ["code"],
        response_modes_supported: ["query"],
        grant_types_supported: ["authorization_code", "refresh_token", "client_credentials"],
        code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
            "none",
        ],
        token_endpoint_auth_signing_alg_values_supported: ["ES384", "RS384"],
        introspection_endpoint_auth_methods_supported: [
            "client_secret_basic",
            "client_secret_post",
        ],
        revocation_endpoint_auth_methods_supported: [
            "client_secret_basic",
            "client_secret_post",
            "none",
        ],
        authorization_response_iss_parameter_supported: true,
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["ES256"],
        claims_supported: [
            "iss",
            "aud",
            "sub",
            "iat",
            "exp",
            "auth_time",
            "amr",
            "nonce",
            "name",
            "email",
            "locale",
            "fhirUser",
        ],
        issuer: issuer.clone(),
    }
}
