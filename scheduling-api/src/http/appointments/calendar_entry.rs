//! `GET /v1/appointments/{id}/calendar.ics`.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};

use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{body::At, error::Problem},
    usecase::read_calendar_entry::read_calendar_entry as read,
};

/// Reads an appointment as a calendar's entry
///
/// A file for any calendar (RFC 5545). Its `UID` stays through all reschedulings, its `SEQUENCE` is the revision, so
/// that a newer file replaces an older one. Says that there is an appointment, not what for. Seen in the patient's
/// access log.
#[utoipa::path(
    get,
    path = "/v1/appointments/{id}/calendar.ics",
    tag = "appointments",
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = OK, description = "The file", body = String, content_type = "text/calendar"),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_calendar_entry(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
) -> Result<Response, Problem> {
    let file = read(&api, &caller, &id).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/calendar; charset=utf-8; method=PUBLISH"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"appointment.ics\""),
    ];
    Ok((headers, file).into_response())
}
