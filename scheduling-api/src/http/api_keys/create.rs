//! `POST /v1/clinics/{id}/api-keys`.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::KeyView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::api_keys::{KeyCard, create_api_key as create},
};

/// What a key shall be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyBody {
    /// What it is for.
    name: String,
    /// What it may do, separated by spaces.
    #[schema(example = "rooms")]
    scope: String,
    /// The pages that may ask with it: scheme, host and port, as browsers write them; at most ten. Without any the key is
    /// for servers: browsers that ask with it for a page are refused.
    #[serde(default)]
    origins: Vec<String>,
    /// Until when it works; for ever when absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A new key with its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedKeyView {
    /// The key.
    key: KeyView,
    /// Sent as `Authorization: Bearer`. Told once.
    secret: String,
}

/// Makes an API key
///
/// Needs a fresh proof. Its secret is told once.
#[utoipa::path(
    post,
    path = "/v1/clinics/{id}/api-keys",
    tag = "api-keys",
    request_body = KeyBody,
    params(("id" = String, Path, description = "The clinic")),
    responses(
        (status = CREATED, description = "The key", body = CreatedKeyView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_api_key(
    State(api): State<Api>,
    caller: Caller,
    At(clinic): At<ClinicId>,
    Body(body): Body<KeyBody>,
) -> Result<(StatusCode, Json<CreatedKeyView>), Problem> {
    let card = KeyCard {
        name: body.name,
        scopes: body.scope,
        origins: body.origins,
        expires: body.expires_at,
    };
    let (key, secret) = create(&api, &caller, &clinic, card).await?;
    let view = CreatedKeyView { key: key.into(), secret: secret.expose().to_owned() };
    Ok((StatusCode::CREATED, Json(view)))
}
