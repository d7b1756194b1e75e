//! `DELETE /v1/appointments/{id}/join-links/{link}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{AppointmentId, JoinLinkId},
    },
    http::{body::At, error::Problem},
    usecase::visit::join_links::revoke_join_link as revoke,
};

/// Ends a way into a visit
///
/// And the session of whoever came by it. Who is in the call is sent away by removing them.
#[utoipa::path(
    delete,
    path = "/v1/appointments/{id}/join-links/{link}",
    tag = "join",
    params(
        ("id" = String, Path, description = "The appointment"),
        ("link" = String, Path, description = "The link"),
    ),
    responses(
        (status = NO_CONTENT, description = "It is ended"),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn revoke_join_link(
    State(api): State<Api>,
    caller: Caller,
    At((id, link)): At<(AppointmentId, JoinLinkId)>,
) -> Result<StatusCode, Problem> {
    revoke(&api, &caller, (&id, &link)).await?;
    Ok(StatusCode::NO_CONTENT)
}
