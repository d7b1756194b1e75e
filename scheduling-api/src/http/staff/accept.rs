//! `POST /v1/auth/invitations/accept`.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::actor::Caller,
    gate::Origin,
    http::{body::Body, error::Problem},
    usecase::clinic::accept_invitation::{NewAccount, accept_invitation as accept},
};

/// An invitation is accepted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AcceptBody {
    /// The secret, from the link's fragment.
    token: String,
    /// For who has no account yet.
    account: Option<NewAccountBody>,
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccountBody {
    /// What they are called.
    name: String,
    /// At least ten characters, none of the most guessed ones.
    #[schema(min_length = 10)]
    password: String,
    /// The language of mails.
    language: String,
    /// IANA name of the zone that times are shown in.
    time_zone: String,
}

/// Joins a clinic's staff with the secret from the mail
///
/// Who has no account yet describes one. Signs nobody in.
#[utoipa::path(
    post,
    path = "/v1/auth/invitations/accept",
    tag = "staff",
    request_body = AcceptBody,
    responses(
        (status = NO_CONTENT, description = "Joined"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn accept_invitation(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<AcceptBody>,
) -> Result<StatusCode, Problem> {
    let new = body.account.map(|NewAccountBody { name, password, language, time_zone }| {
        NewAccount { name, password, language, time_zone }
    });
    accept(&api, &caller, &origin, &body.token, new).await?;
    Ok(StatusCode::NO_CONTENT)
}
