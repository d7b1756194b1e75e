//! `POST /v1/auth/step-up`.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::session::{self, CarriedBy, TokenView};
use crate::{
    api::Api,
    domain::actor::Caller,
    gate::Origin,
    http::{body::Body, error::Problem},
    usecase::account::{
        second_factor::Proof,
        step_up::{Fresh, step_up as run},
    },
};

/// What is shown: one of three.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum StepUpBody {
    /// The password.
    Password(String),
    /// The code that an authenticator app shows.
    Totp(String),
    /// One of the codes that were written down.
    RecoveryCode(String),
}

/// Proves anew who it is
///
/// For five minutes, acts that ask for a fresh proof are allowed. With an authenticator app, the password alone is not
/// enough. The session gets a new token.
#[utoipa::path(
    post,
    path = "/v1/auth/step-up",
    tag = "auth",
    request_body = StepUpBody,
    responses(
        (status = OK, description = "Proved", body = TokenView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn step_up(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    carried: CarriedBy,
    Body(body): Body<StepUpBody>,
) -> Result<Response, Problem> {
    let fresh = match body {
        StepUpBody::Password(password) => Fresh::Password(password),
        StepUpBody::Totp(code) => Fresh::Second(Proof::Totp(code)),
        StepUpBody::RecoveryCode(code) => Fresh::Second(Proof::RecoveryCode(code)),
    };
    let token = run(&api, &caller, &origin, fresh).await?;
    Ok(session::renewed(&token, &carried))
}
