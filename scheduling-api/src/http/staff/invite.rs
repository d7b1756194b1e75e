//! `POST /v1/clinics/{id}/invitations`.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::clinic::invite_member::invite_member as invite,
};

/// Whom to invite as what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InvitationBody {
    /// The address.
    email: String,
    /// `practitioner`, `receptionist`, `clinic_admin`.
    role: String,
    /// The language of the mail.
    #[schema(example = "en")]
    language: String,
}

/// Invites somebody to a clinic's staff
///
/// Needs a fresh proof. The mail's link works for a week.
#[utoipa::path(
    post,
    path = "/v1/clinics/{id}/invitations",
    tag = "staff",
    request_body = InvitationBody,
    params(("id" = String, Path, description = "The clinic")),
    responses(
        (status = ACCEPTED, description = "A mail is on its way"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn invite_member(
    State(api): State<Api>,
    caller: Caller,
    At(clinic): At<ClinicId>,
    Body(body): Body<InvitationBody>,
) -> Result<StatusCode, Problem> {
    invite(&api, &caller, &clinic, &body.email, &body.role, &body.language).await?;
    Ok(StatusCode::ACCEPTED)
}
