//! `/v1/appointments/series`: visits that repeat.

use axum::{Json, extract::State, http::StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::AppointmentView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{PatientId, PractitionerId, SeriesId, ServiceId},
    },
    http::{
        body::{At, Bodiless, Idempotent, needed},
        error::Problem,
    },
    usecase::series::{Series, cancel_series as cancel, create_series as create},
};

/// Visits that repeat.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeriesBody {
    /// The visit type.
    #[schema(value_type = String)]
    service: ServiceId,
    /// With whom.
    #[schema(value_type = String)]
    practitioner: PractitionerId,
    /// For whom; may be left out by who speaks for nobody else.
    #[schema(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// When the first begins. The others begin at the same time of day, on the practitioner's clock.
    #[schema(value_type = String, example = "2026-03-02T06:30:00Z")]
    start: Timestamp,
    /// Weeks from one to the next.
    #[schema(minimum = 1, maximum = 12, example = 1)]
    every_weeks: u32,
    /// How many.
    #[schema(minimum = 2, maximum = 26, example = 4)]
    visits: u32,
    /// Leaves out what cannot be booked; otherwise nothing is booked then.
    #[serde(default)]
    skip_taken: bool,
}

/// A series.
#[derive(Serialize, ToSchema)]
pub(super) struct SeriesView {
    /// Which one; appointments name it, and can be listed by it.
    series: String,
    /// What was booked, in order.
    appointments: Vec<AppointmentView>,
    /// Starts that were left out.
    skipped: Vec<String>,
}

/// What was called off.
#[derive(Serialize, ToSchema)]
pub(super) struct CancelledView {
    /// The appointments.
    appointments: Vec<AppointmentView>,
}

/// Books visits that repeat
///
/// All in one step. Hours, notice and horizon hold for each.
#[utoipa::path(
    post,
    path = "/v1/appointments/series",
    tag = "appointments",
    request_body = SeriesBody,
    params(("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The series", body = SeriesView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_series(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<SeriesBody>,
) -> Result<(StatusCode, Json<SeriesView>), Problem> {
    let SeriesBody { service, practitioner, patient, start, every_weeks, visits, skip_taken } =
        body;
    let wish = Series { service, practitioner, patient, start, every_weeks, visits, skip_taken };
    let booked = create(&api, &caller, &needed(once)?, &wish).await?;
    let view = SeriesView {
        series: booked.series.into(),
        appointments: booked.appointments.into_iter().map(Into::into).collect(),
        skipped: booked.skipped.iter().map(ToString::to_string).collect(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}

/// Calls off what is left of a series
///
/// What has begun or is over stays. The policy of each visit holds, its fee for a late call too.
#[utoipa::path(
    post,
    path = "/v1/appointments/series/{id}/cancel",
    tag = "appointments",
    params(
        ("id" = String, Path, description = "The series"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = OK, description = "What was called off", body = CancelledView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn cancel_series(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<SeriesId>,
    Bodiless(once): Bodiless,
) -> Result<Json<CancelledView>, Problem> {
    let cancelled = cancel(&api, &caller, once.as_ref(), &id).await?;
    Ok(Json(CancelledView { appointments: cancelled.into_iter().map(Into::into).collect() }))
}
