//! `POST /oauth/token`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::{form::Form, problem::OauthProblem};
use crate::{
    api::Api,
    gate::Origin,
    http::caller::Stranger,
    usecase::oauth::{
        OauthFailure,
        exchange::{Brought, exchange},
    },
};

/// Tokens (RFC 6749 §5.1).
#[derive(Serialize, ToSchema)]
#[schema(as = OauthTokenView)]
pub(super) struct TokenView {
    /// To be sent as `Authorization: Bearer`.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds.
    expires_in: u64,
    /// For the next one; with the scope `offline_access`.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// Who signed in; with the scope `openid`.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    /// What it is good for.
    scope: String,
    /// The patient that it is about, by their id on the FHIR face (SMART App Launch).
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<String>,
    /// Whether the program must show whose data it shows; with `patient`.
    #[serde(skip_serializing_if = "Option::is_none")]
    need_patient_banner: Option<bool>,
}

/// Gives tokens
///
/// For a code with its verifier, for a refresh token, or to a confidential client for itself. A refresh token works once;
/// one that comes twice ends the grant.
#[utoipa::path(
    post,
    path = "/oauth/token",
    tag = "oauth",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = OK, description = "Tokens", body = TokenView),
        (status = "4XX", description = "Refused, in the words of RFC 6749", body = OauthProblem),
    ),
)]
pub(super) async fn token(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    origin: Origin,
    mut form: Form,
) -> Result<Json<TokenView>, OauthProblem> {
    let brought = match form.need("grant_type", "grant_type is missing")?.as_str() {
        "authorization_code" => Brought::Code {
            code: form.need("code", "code is missing")?,
            redirect_uri: form.need("redirect_uri", "redirect_uri is missing")?,
            verifier: form.need("code_verifier", "code_verifier is missing")?,
        },
        "refresh_token" => Brought::Refresh {
            token: form.need("refresh_token", "refresh_token is missing")?,
            scope: form.take("scope"),
        },
        "client_credentials" => Brought::Itself { scope: form.take("scope") },
        _ => return Err(OauthFailure::UnsupportedGrantType.into()),
    };
    let tokens = exchange(&api, &caller, &origin, &form.client, brought).await?;
    Ok(Json(TokenView {
        access_token: tokens.access,
        token_type: "Bearer",
        expires_in: tokens.expires_in_s,
        refresh_token: tokens.refresh.map(|token| token.expose().to_owned()),
        id_token: tokens.id,
        scope: tokens.scopes.to_words(),
        need_patient_banner: tokens.patient.is_some().then_some(true),
        patient: tokens.patient.map(|patient| crate::http::fhir::id::of(patient.as_str())),
    }))
}
