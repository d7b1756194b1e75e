//! `POST /v1/appointments/override`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use protocol::redact::Redacted;
use serde::Deserialize;
use utoipa::ToSchema;

use super::AppointmentView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{PatientId, PractitionerId, ServiceId},
    },
    http::{
        body::{Idempotent, needed},
        error::Problem,
        if_match::etag,
    },
    usecase::override_rules::{Placement, override_appointment as place},
};

/// What to place outside the rules.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OverrideAppointmentBody {
    /// The visit type.
    #[schema(value_type = String)]
    service: ServiceId,
    /// With whom.
    #[schema(value_type = String)]
    practitioner: PractitionerId,
    /// For whom.
    #[schema(value_type = String)]
    patient: PatientId,
    /// When it begins.
    #[schema(value_type = String, example = "2026-03-02T19:30:00Z")]
    start: Timestamp,
    /// Why. Kept sealed.
    #[schema(min_length = 3, max_length = 500)]
    reason: String,
}

/// Places an appointment outside the rules
///
/// Off hours, too soon, or over another appointment. For staff, with a reason; the appointment says so.
#[utoipa::path(
    post,
    path = "/v1/appointments/override",
    tag = "appointments",
    request_body = OverrideAppointmentBody,
    params(("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The appointment", body = AppointmentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn override_appointment(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<OverrideAppointmentBody>,
) -> Result<Response, Problem> {
    let placement = Placement {
        service: body.service,
        practitioner: body.practitioner,
        patient: body.patient,
        start: body.start,
        reason: Redacted::new(body.reason),
    };
    let placed = place(&api, &caller, &needed(once)?, &placement).await?;
    let location = [(header::LOCATION, format!("/v1/appointments/{}", placed.id))];
    let etag = etag(placed.rev);
    Ok((StatusCode::CREATED, etag, location, Json(AppointmentView::from(placed))).into_response())
}
