//! `POST /v1/auth/passkeys/register` and its answer, `POST /v1/auth/passkeys`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{AskedView, CreatedView};
use crate::{
    api::Api,
    domain::actor::Caller,
    http::{body::Body, error::Problem},
    usecase::passkey::register::{finish_passkey as finish, start_passkey as start},
};

/// The passkey that the browser made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MadeBody {
    /// From the first step.
    ceremony: String,
    /// What the person calls it.
    #[schema(example = "My phone")]
    name: String,
    /// What `navigator.credentials.create` gave, as JSON.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
}

/// Asks the browser to make a passkey
///
/// Needs a fresh proof.
#[utoipa::path(
    post,
    path = "/v1/auth/passkeys/register",
    tag = "auth",
    responses(
        (status = OK, description = "What the browser is asked", body = AskedView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn start_passkey(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<AskedView>, Problem> {
    Ok(Json(start(&api, &caller).await?.into()))
}

/// Keeps the passkey that the browser made
#[utoipa::path(
    post,
    path = "/v1/auth/passkeys",
    tag = "auth",
    request_body = MadeBody,
    responses(
        (status = CREATED, description = "The passkey", body = CreatedView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn finish_passkey(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<MadeBody>,
) -> Result<(StatusCode, Json<CreatedView>), Problem> {
    let answer = body.credential.to_string();
    let id = finish(&api, &caller, &body.ceremony, &body.name, &answer).await?;
    Ok((StatusCode::CREATED, Json(CreatedView { id: id.into() })))
}
