//! `POST /v1/clinics`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{ClinicBody, ClinicView};
use crate::{
    api::Api,
    domain::actor::Caller,
    http::{body::Idempotent, error::Problem, if_match::etag},
    usecase::create_clinic::create_clinic as create,
};

/// Opens a clinic
///
/// For the administrators of the installation.
#[utoipa::path(
    post,
    path = "/v1/clinics",
    tag = "clinics",
    request_body = ClinicBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The clinic", body = ClinicView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_clinic(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<ClinicBody>,
) -> Result<Response, Problem> {
    let clinic = create(&api, &caller, once.as_ref(), body.into()).await?;
    let location = [(header::LOCATION, format!("/v1/clinics/{}", clinic.id))];
    let etag = etag(clinic.rev);
    Ok((StatusCode::CREATED, etag, location, Json(ClinicView::from(clinic))).into_response())
}
