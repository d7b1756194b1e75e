//! `POST /v1/auth/logout`.

use axum::{extract::State, response::Response};

use super::session;
use crate::{
    api::Api, domain::actor::Caller, http::error::Problem,
    usecase::account::end_session::sign_out as run,
};

/// Ends this session
#[utoipa::path(
    post,
    path = "/v1/auth/logout",
    tag = "auth",
    responses(
        (status = NO_CONTENT, description = "Signed out"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn sign_out(State(api): State<Api>, caller: Caller) -> Result<Response, Problem> {
    run(&api, &caller).await?;
    Ok(session::signed_out())
}
