//! `POST /v1/auth/verify-email`.

use axum::{extract::State, http::StatusCode};

use super::TokenBody;
use crate::{
    api::Api,
    domain::actor::Caller,
    gate::Origin,
    http::{body::Body, error::Problem},
    usecase::account::verify_email::verify_email as run,
};

/// Finishes a registration with the secret from the mail
#[utoipa::path(
    post,
    path = "/v1/auth/verify-email",
    tag = "auth",
    request_body = TokenBody,
    responses(
        (status = NO_CONTENT, description = "The account exists"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn verify_email(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<TokenBody>,
) -> Result<StatusCode, Problem> {
    run(&api, &caller, &origin, &body.token).await?;
    Ok(StatusCode::NO_CONTENT)
}
