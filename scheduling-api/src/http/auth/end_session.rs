//! `DELETE /v1/auth/sessions/{id}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::{actor::Caller, id::SessionId},
    http::{body::At, error::Problem},
    usecase::account::end_session::end_session as end,
};

/// Ends another of my sessions
#[utoipa::path(
    delete,
    path = "/v1/auth/sessions/{id}",
    tag = "auth",
    params(("id" = String, Path, description = "The session")),
    responses(
        (status = NO_CONTENT, description = "Ended"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn end_session(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<SessionId>,
) -> Result<StatusCode, Problem> {
    end(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
