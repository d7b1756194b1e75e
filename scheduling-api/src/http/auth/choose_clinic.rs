//! `POST /v1/auth/clinic`.

use axum::{extract::State, response::Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::session::{self, CarriedBy, TokenView};
use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    http::{body::Body, error::Problem},
    usecase::account::choose_clinic::choose_clinic as choose,
};

/// A clinic.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChooseClinicBody)]
pub(super) struct ClinicBody {
    /// Which one.
    #[schema(value_type = String)]
    clinic_id: ClinicId,
}

/// Chooses the clinic that this session acts in
///
/// The session gets a new token.
#[utoipa::path(
    post,
    path = "/v1/auth/clinic",
    tag = "auth",
    request_body = ClinicBody,
    responses(
        (status = OK, description = "Chosen", body = TokenView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn choose_clinic(
    State(api): State<Api>,
    caller: Caller,
    carried: CarriedBy,
    Body(body): Body<ClinicBody>,
) -> Result<Response, Problem> {
    let token = choose(&api, &caller, &body.clinic_id).await?;
    Ok(session::renewed(&token, &carried))
}
