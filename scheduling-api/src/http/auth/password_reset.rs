//! `POST /v1/auth/password-reset` and what its mail leads to, `POST /v1/auth/password-reset/redeem`.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::EmailBody;
use crate::{
    api::Api,
    domain::actor::Caller,
    gate::Origin,
    http::{body::Body, error::Problem},
    usecase::account::{
        request_link::{Link, request_link},
        reset_password::reset_password as reset,
    },
};

/// A new password in place of a forgotten one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResetBody {
    /// The secret, from the link's fragment.
    token: String,
    /// The new password.
    #[schema(min_length = 10)]
    password: String,
}

/// Mails a link that lets a forgotten password be replaced
///
/// Always answered alike.
#[utoipa::path(
    post,
    path = "/v1/auth/password-reset",
    tag = "auth",
    request_body = EmailBody,
    responses(
        (status = ACCEPTED, description = "If there is an account, a mail is on its way"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn request_password_reset(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<EmailBody>,
) -> Result<StatusCode, Problem> {
    request_link(&api, &caller, &origin, &body.email, Link::NewPassword).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Replaces a forgotten password
///
/// Signs nobody in, and ends every session.
#[utoipa::path(
    post,
    path = "/v1/auth/password-reset/redeem",
    tag = "auth",
    request_body = ResetBody,
    responses(
        (status = NO_CONTENT, description = "The password is another"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn reset_password(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<ResetBody>,
) -> Result<StatusCode, Problem> {
    reset(&api, &caller, &origin, &body.token, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
