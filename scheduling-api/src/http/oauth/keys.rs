//! `GET /oauth/jwks` and `POST /v1/admin/signing-keys`.

use axum::{
    Json,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::OauthProblem;
use crate::{
    api::Api,
    domain::actor::Caller,
    http::{caller::Stranger, error::Problem},
    usecase::oauth::signing::PublicKey,
    usecase::oauth::signing::{read_keys, rotate_signing_key as rotate},
};

/// Keys (RFC 7517 §5).
#[derive(Serialize, ToSchema)]
pub(super) struct KeysView {
    /// The newest first.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<PublicKey>,
}

/// Long enough to spare us, short enough that a new key is seen before anybody wonders.
const CACHED: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// Lists the keys that verify our tokens
#[utoipa::path(
    get,
    path = "/oauth/jwks",
    tag = "oauth",
    responses(
        (status = OK, description = "RFC 7517", body = KeysView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn read_signing_keys(
    State(api): State<Api>,
    Stranger(caller): Stranger,
) -> Result<Response, OauthProblem> {
    let keys = read_keys(&api, &caller).await?;
    Ok(([(header::CACHE_CONTROL, CACHED)], Json(KeysView { keys })).into_response())
}

/// Makes a new key that signs from now on
///
/// Needs a fresh proof. The old one verifies for a day.
#[utoipa::path(
    post,
    path = "/v1/admin/signing-keys",
    tag = "oauth",
    responses(
        (status = CREATED, description = "The new key"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn rotate_signing_key(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Response, Problem> {
    let key = rotate(&api, &caller).await?;
    Ok((StatusCode::CREATED, Json(key)).into_response())
}
