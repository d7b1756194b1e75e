//! `POST /v1/admin/users/{id}/enable`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::{actor::Caller, id::UserId},
    http::{body::At, error::Problem},
    usecase::clinic::set_account_state::enable_account as enable,
};

/// Switches an account on
///
/// Needs a fresh proof.
#[utoipa::path(
    post,
    path = "/v1/admin/users/{id}/enable",
    tag = "admin",
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = NO_CONTENT, description = "Done"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn enable_account(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<UserId>,
) -> Result<StatusCode, Problem> {
    enable(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
