//! `DELETE /v1/auth/totp`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api, domain::actor::Caller, http::error::Problem,
    usecase::account::remove_totp::remove_totp as remove,
};

/// Takes my authenticator app and its recovery codes away
///
/// Needs a fresh proof.
#[utoipa::path(
    delete,
    path = "/v1/auth/totp",
    tag = "auth",
    responses(
        (status = NO_CONTENT, description = "Taken away"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn remove_totp(
    State(api): State<Api>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    remove(&api, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
