//! `POST /v1/appointments`.

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
        id::{AppointmentId, PatientId, PractitionerId, ServiceId},
    },
    http::{
        body::{Idempotent, needed},
        error::Problem,
        if_match::etag,
    },
    usecase::{
        book::{Booking, Wanted, create_appointment as book},
        place::Place,
    },
};

/// What to book: a hold, or a visit type and a start.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BookingBody {
    /// The hold; then neither `service` nor `start`.
    #[schema(value_type = Option<String>)]
    hold_id: Option<AppointmentId>,
    /// The visit type.
    #[schema(value_type = Option<String>)]
    service: Option<ServiceId>,
    /// With whom; anybody who offers it and is free when absent.
    #[schema(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
    /// When it begins.
    #[schema(value_type = Option<String>, example = "2026-03-02T06:30:00Z")]
    start: Option<Timestamp>,
    /// For whom; may be left out by a patient who speaks for nobody else.
    #[schema(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// Why, in the patient's words. Kept sealed; the practitioner reads it.
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

impl BookingBody {
    fn parse(self) -> Result<Booking, Problem> {
        let time = match (self.hold_id, self.service, self.start) {
            (Some(hold), None, None) => Wanted::Hold(hold),
            (None, Some(service), Some(start)) => {
                Wanted::Place(Place { service, practitioner: self.practitioner, start })
            }
            _ => return Err(Problem::bad_request("send either hold_id, or service and start")),
        };
        let reason = self.reason.map(Redacted::new);
        Ok(Booking { time, patient: self.patient, reason })
    }
}

/// Books an appointment
///
/// From a hold, or at once. A visit type that needs approval makes a request (`requested`), whose time is kept until
/// staff decide. The time is taken (`slot-taken`) when the practitioner or the patient has another appointment then.
#[utoipa::path(
    post,
    path = "/v1/appointments",
    tag = "appointments",
    request_body = BookingBody,
    params(("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The appointment", body = AppointmentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_appointment(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<BookingBody>,
) -> Result<Response, Problem> {
    let appointment = book(&api, &caller, &needed(once)?, &body.parse()?).await?;
    let location = [(header::LOCATION, format!("/v1/appointments/{}", appointment.id))];
    let etag = etag(appointment.rev);
    let view = AppointmentView::from(appointment);
    Ok((StatusCode::CREATED, etag, location, Json(view)).into_response())
}
