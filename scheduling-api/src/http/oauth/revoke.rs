//! `POST /oauth/revoke`.

use axum::{extract::State, http::StatusCode};

use super::{form::Form, problem::OauthProblem};
use crate::{api::Api, http::caller::Stranger, usecase::oauth::revoke::revoke as run};

/// Takes a token back
///
/// RFC 7009. The whole grant ends. Answered alike for a token that is worth nothing.
#[utoipa::path(
    post,
    path = "/oauth/revoke",
    tag = "oauth",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = OK, description = "It is worth nothing now"),
        (status = "4XX", description = "Refused, in the words of RFC 6749", body = OauthProblem),
    ),
)]
pub(super) async fn revoke(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    mut form: Form,
) -> Result<StatusCode, OauthProblem> {
    let token = form.need("token", "token is missing")?;
    run(&api, &caller, &form.client, &token).await?;
    Ok(StatusCode::OK)
}
