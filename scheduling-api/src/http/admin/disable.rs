//! `POST /v1/admin/users/{id}/disable`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::{actor::Caller, id::UserId},
    http::{body::At, error::Problem},
    usecase::clinic::set_account_state::disable_account as disable,
};

/// Switches an account off
///
/// At once: sessions and what programs may do end too. Needs a fresh proof.
#[utoipa::path(
    post,
    path = "/v1/admin/users/{id}/disable",
    tag = "admin",
    params(("id" = String, Path, description = "The account")),
    responses(
        (status = NO_CONTENT, description = "Done"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn disable_account(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<UserId>,
) -> Result<StatusCode, Problem> {
    disable(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
