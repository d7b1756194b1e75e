//! `POST /v1/auth/login`.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::session::{self, Carrier, SignInView};
use crate::{
    api::Api,
    domain::actor::Caller,
    gate::Origin,
    http::{body::Body, error::Problem},
    usecase::account::sign_in::sign_in as run,
};

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SignInBody {
    /// The address.
    email: String,
    /// The password.
    password: String,
    /// Where the session's token goes.
    #[serde(default)]
    carrier: Carrier,
}

/// Signs in by password
///
/// A wrong password, an unknown address and a disabled account are answered alike. Where too many try, the answer is 429
/// or 503 with `Retry-After`.
#[utoipa::path(
    post,
    path = "/v1/auth/login",
    tag = "auth",
    request_body = SignInBody,
    responses(
        (status = OK, description = "Signed in, or a second factor is asked for", body = SignInView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn sign_in(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<SignInBody>,
) -> Result<Response, Problem> {
    let signed_in = run(&api, &caller, &origin, &body.email, body.password).await?;
    Ok(session::sign_in(signed_in, body.carrier))
}
