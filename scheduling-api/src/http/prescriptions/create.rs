//! `POST /v1/appointments/{id}/prescriptions`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use super::PrescriptionView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId, prescription::PrescriptionText},
    http::{
        body::{At, Idempotent, needed},
        error::Problem,
        if_match::etag,
    },
    usecase::records::prescribe::create_prescription as create,
};

/// Begins a prescription of a visit
///
/// A draft: nobody but the visit's practitioner sees it before it is signed.
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/prescriptions",
    tag = "records",
    request_body(content = Object, content_type = "application/json",
        description = "`items`: 1 to 20, each with `medicine`, `dose`, `frequency` and, if wanted, `code` (`system`, `code`), \
            `duration_days`, `repeats`, `instructions`; and `remark`"),
    params(
        ("id" = String, Path, description = "The appointment"),
        ("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer"),
    ),
    responses(
        (status = CREATED, description = "The draft", body = PrescriptionView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_prescription(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    Idempotent(once, text): Idempotent<PrescriptionText>,
) -> Result<Response, Problem> {
    let made = create(&api, &caller, &needed(once)?, &id, text).await?;
    let location = [(header::LOCATION, format!("/v1/prescriptions/{}", made.id))];
    let etag = etag(made.rev);
    Ok((StatusCode::CREATED, etag, location, Json(PrescriptionView::from(made))).into_response())
}
