//! `POST /v1/auth/mfa`.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::session::{self, Carrier, SignInView};
use crate::{
    api::Api,
    domain::actor::Caller,
    gate::Origin,
    http::{body::Body, error::Problem},
    usecase::account::second_factor::{Proof, answer_second_factor as run},
};

/// A second factor.
#[derive(Deserialize, ToSchema)]
pub(super) struct SecondFactorBody {
    /// From the first step.
    challenge: String,
    /// What is shown.
    #[serde(flatten)]
    proof: ProofBody,
    /// Where the session's token goes.
    #[serde(default)]
    carrier: Carrier,
}

/// One of two.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum ProofBody {
    /// The code that an authenticator app shows.
    Totp(String),
    /// One of the codes that were written down.
    RecoveryCode(String),
}

impl From<ProofBody> for Proof {
    fn from(body: ProofBody) -> Self {
        match body {
            ProofBody::Totp(code) => Self::Totp(code),
            ProofBody::RecoveryCode(code) => Self::RecoveryCode(code),
        }
    }
}

/// Finishes signing in with a second factor
///
/// Five tries, then sign in again.
#[utoipa::path(
    post,
    path = "/v1/auth/mfa",
    tag = "auth",
    request_body = SecondFactorBody,
    responses(
        (status = OK, description = "Signed in", body = SignInView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn answer_second_factor(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<SecondFactorBody>,
) -> Result<Response, Problem> {
    let signed_in = run(&api, &caller, &origin, &body.challenge, &body.proof.into()).await?;
    Ok(session::signed_in(signed_in, body.carrier))
}
