//! `DELETE /v1/clinics/{id}/api-keys/{key}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{ApiKeyId, ClinicId},
    },
    http::{body::At, error::Problem},
    usecase::api_keys::revoke_api_key as revoke,
};

/// Ends an API key at once
#[utoipa::path(
    delete,
    path = "/v1/clinics/{id}/api-keys/{key}",
    tag = "api-keys",
    params(("id" = String, Path, description = "The clinic"), ("key" = String, Path, description = "The key")),
    responses(
        (status = NO_CONTENT, description = "Ended"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn revoke_api_key(
    State(api): State<Api>,
    caller: Caller,
    At((clinic, key)): At<(ClinicId, ApiKeyId)>,
) -> Result<StatusCode, Problem> {
    revoke(&api, &caller, &clinic, &key).await?;
    Ok(StatusCode::NO_CONTENT)
}
