//! `PUT /v1/auth/password`.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::actor::Caller,
    gate::Origin,
    http::{body::Body, error::Problem},
    usecase::account::change_password::change_password as change,
};

/// A new password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordBody {
    /// At least ten characters, none of the most guessed ones.
    #[schema(min_length = 10)]
    password: String,
}

/// Chooses another password
///
/// Needs a fresh proof. Every other session ends, and a mail tells of it.
#[utoipa::path(
    put,
    path = "/v1/auth/password",
    tag = "auth",
    request_body = PasswordBody,
    responses(
        (status = NO_CONTENT, description = "The password is another"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn change_password(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<PasswordBody>,
) -> Result<StatusCode, Problem> {
    change(&api, &caller, &origin, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
