//! `DELETE /v1/clinics/{id}/staff/{membership}`.

use axum::{extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{ClinicId, MembershipId},
    },
    http::{body::At, error::Problem},
    usecase::clinic::end_membership::end_membership as end,
};

/// Ends what somebody is in a clinic
///
/// At once: their sessions and what programs may do for them end too. Needs a fresh proof.
#[utoipa::path(
    delete,
    path = "/v1/clinics/{id}/staff/{membership}",
    tag = "staff",
    params(("id" = String, Path, description = "The clinic"), ("membership" = String, Path, description = "The membership")),
    responses(
        (status = NO_CONTENT, description = "Ended"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn end_membership(
    State(api): State<Api>,
    caller: Caller,
    At((clinic, membership)): At<(ClinicId, MembershipId)>,
) -> Result<StatusCode, Problem> {
    end(&api, &caller, &clinic, &membership).await?;
    Ok(StatusCode::NO_CONTENT)
}
