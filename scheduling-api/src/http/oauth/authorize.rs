//! `GET /oauth/authorize`.

use axum::{
    extract::{RawQuery, State},
    response::Redirect,
};

use super::{form::fields, problem::OauthProblem};
use crate::{
    api::Api,
    http::caller::Visitor,
    usecase::oauth::authorize::{Asked, authorize as run},
};

/// Sends a person on: back to the client with a code, or to the page that asks them
///
/// Only `response_type=code` with PKCE S256. An unknown client or address is answered here; everything else is told to the
/// client.
#[utoipa::path(
    get,
    path = "/oauth/authorize",
    tag = "oauth",
    params(
        ("client_id" = String, Query, description = "The client"),
        ("redirect_uri" = String, Query, description = "One that it registered, to the letter"),
        ("response_type" = String, Query, description = "code"),
        ("code_challenge" = String, Query, description = "SHA-256 of the verifier, base64url"),
        ("code_challenge_method" = String, Query, description = "S256"),
        ("scope" = Option<String>, Query, description = "All that the client may have when absent"),
        ("state" = Option<String>, Query, description = "Comes back as it is"),
        ("nonce" = Option<String>, Query, description = "Comes back in the ID token"),
        ("prompt" = Option<String>, Query, description = "none, login, consent"),
        ("aud" = Option<String>, Query, description = "The FHIR face that the tokens are for, if they are for it"),
    ),
    responses(
        (status = SEE_OTHER, description = "Where to go"),
        (status = "4XX", description = "Refused, in the words of RFC 6749", body = OauthProblem),
    ),
)]
pub(super) async fn authorize(
    State(api): State<Api>,
    Visitor(caller): Visitor,
    RawQuery(query): RawQuery,
) -> Result<Redirect, OauthProblem> {
    let mut fields = fields(query.unwrap_or_default().as_bytes())?;
    let mut take = |name: &str| fields.remove(name).filter(|value| !value.is_empty());
    let asked = Asked {
        client_id: take("client_id").unwrap_or_default(),
        redirect_uri: take("redirect_uri").unwrap_or_default(),
        response_type: take("response_type").unwrap_or_default(),
        scope: take("scope"),
        state: take("state"),
        code_challenge: take("code_challenge"),
        code_challenge_method: take("code_challenge_method"),
        nonce: take("nonce"),
        prompt: take("prompt"),
        aud: take("aud"),
    };
    Ok(Redirect::to(&run(&api, &caller, asked).await?))
}
