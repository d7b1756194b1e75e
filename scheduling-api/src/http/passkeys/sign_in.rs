//! `POST /v1/auth/passkeys/sign-in/start` and its answer, `POST /v1/auth/passkeys/sign-in`.

use axum::{Json, extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::AskedView;
use crate::{
    api::Api,
    domain::actor::Caller,
    gate::Origin,
    http::{
        auth::session::{self, Carrier, SignInView},
        body::Body,
        error::Problem,
    },
    usecase::passkey::sign_in::{finish_passkey_sign_in as finish, start_passkey_sign_in as start},
};

/// A passkey is used.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UsedBody {
    /// From the first step.
    ceremony: String,
    /// What `navigator.credentials.get` gave, as JSON.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
    /// Where the session's token goes.
    #[serde(default)]
    carrier: Carrier,
}

/// Asks the browser for any passkey of ours
#[utoipa::path(
    post,
    path = "/v1/auth/passkeys/sign-in/start",
    tag = "auth",
    responses(
        (status = OK, description = "What the browser is asked", body = AskedView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn start_passkey_sign_in(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
) -> Result<Json<AskedView>, Problem> {
    Ok(Json(start(&api, &caller, &origin).await?.into()))
}

/// Signs in by a passkey
#[utoipa::path(
    post,
    path = "/v1/auth/passkeys/sign-in",
    tag = "auth",
    request_body = UsedBody,
    responses(
        (status = OK, description = "Signed in", body = SignInView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn finish_passkey_sign_in(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<UsedBody>,
) -> Result<Response, Problem> {
    let answer = body.credential.to_string();
    let signed_in = finish(&api, &caller, &origin, &body.ceremony, &answer).await?;
    Ok(session::signed_in(signed_in, body.carrier))
}
