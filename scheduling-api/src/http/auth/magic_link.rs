//! `POST /v1/auth/magic-link` and what its mail leads to, `POST /v1/auth/magic-link/redeem`.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    EmailBody,
    session::{self, Carrier, SignInView},
};
use crate::{
    api::Api,
    domain::actor::Caller,
    gate::Origin,
    http::{body::Body, error::Problem},
    usecase::account::{
        redeem_magic_link::redeem_magic_link as redeem,
        request_link::{Link, request_link},
    },
};

/// A secret from a mail.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RedeemBody {
    /// The secret, from the link's fragment.
    token: String,
    /// Where the session's token goes.
    #[serde(default)]
    carrier: Carrier,
}

/// Mails a link that signs in
///
/// Always answered alike.
#[utoipa::path(
    post,
    path = "/v1/auth/magic-link",
    tag = "auth",
    request_body = EmailBody,
    responses(
        (status = ACCEPTED, description = "If there is an account, a mail is on its way"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn request_magic_link(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<EmailBody>,
) -> Result<StatusCode, Problem> {
    request_link(&api, &caller, &origin, &body.email, Link::SignIn).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Signs in with the secret from the mail
#[utoipa::path(
    post,
    path = "/v1/auth/magic-link/redeem",
    tag = "auth",
    request_body = RedeemBody,
    responses(
        (status = OK, description = "Signed in, or a second factor is asked for", body = SignInView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn redeem_magic_link(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<RedeemBody>,
) -> Result<Response, Problem> {
    let signed_in = redeem(&api, &caller, &origin, &body.token).await?;
    Ok(session::sign_in(signed_in, body.carrier))
}
