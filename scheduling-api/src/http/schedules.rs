//! `/v1/schedules`: practitioners' hours.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        availability::{DayHours, Override, Window},
        id::{PractitionerId, ScheduleId},
        schedule::{Hours, Schedule},
    },
    http::{
        body::{At, Body, Idempotent},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::schedule::{self as usecase, Edit},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create_schedule))
        .routes(routes!(read_schedule, update_schedule))
        .routes(routes!(add_override))
        .routes(routes!(find_schedule))
}

/// A part of a day. An end of 00:00 is the end of the day.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WindowBody {
    /// From this time on the clock there.
    #[schema(value_type = String, example = "09:00:00")]
    from: Time,
    /// To before this one.
    #[schema(value_type = String, example = "17:00:00")]
    to: Time,
}

/// The hours of one day of the week.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct DayBody {
    /// 1 is Monday, 7 Sunday.
    #[schema(minimum = 1, maximum = 7)]
    weekday: i8,
    /// When, in order and apart from each other.
    windows: Vec<WindowBody>,
}

/// Dates on which the weekly hours do not hold.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct OverrideBody {
    /// From this date.
    #[schema(value_type = String, example = "2026-12-24")]
    first: Date,
    /// To this date, itself included.
    #[schema(value_type = String, example = "2026-12-26")]
    last: Date,
    /// The hours of each of these dates instead; none is leave.
    windows: Vec<WindowBody>,
}

/// A practitioner's hours.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HoursBody {
    /// IANA name of the zone that they are meant in.
    #[schema(example = "Africa/Nairobi")]
    time_zone: String,
    /// The weekly hours; a day without a row is free.
    weekly: Vec<DayBody>,
    /// Exceptions; of two for one date the later in the list holds.
    #[serde(default)]
    overrides: Vec<OverrideBody>,
}

/// New hours of a practitioner.
#[derive(Debug, Deserialize, ToSchema)]
struct ScheduleBody {
    /// Whose.
    #[schema(value_type = String)]
    practitioner: PractitionerId,
    /// What they say.
    #[serde(flatten)]
    hours: HoursBody,
}

/// A practitioner's hours.
#[derive(Debug, Serialize, ToSchema)]
struct ScheduleView {
    /// Which.
    #[schema(example = "sch_01932f3ea5b07c3e8d9a6b1c2d3e4f50")]
    id: String,
    /// How often they were changed; also the `ETag`.
    rev: i64,
    /// Whose.
    practitioner: String,
    /// What they say.
    #[serde(flatten)]
    hours: HoursBody,
}

impl From<WindowBody> for Window {
    fn from(WindowBody { from, to }: WindowBody) -> Self {
        Self { from, to }
    }
}

impl From<Window> for WindowBody {
    fn from(Window { from, to }: Window) -> Self {
        Self { from, to }
    }
}

impl From<OverrideBody> for Override {
    fn from(body: OverrideBody) -> Self {
        let windows = body.windows.into_iter().map(Into::into).collect();
        Self { first: body.first, last: body.last, windows }
    }
}

impl From<HoursBody> for Hours {
    fn from(body: HoursBody) -> Self {
        let day = |day: DayBody| DayHours {
            weekday: day.weekday,
            windows: day.windows.into_iter().map(Into::into).collect(),
        };
        Self {
            time_zone: body.time_zone,
            weekly: body.weekly.into_iter().map(day).collect(),
            overrides: body.overrides.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<Schedule> for ScheduleView {
    fn from(schedule: Schedule) -> Self {
        let windows = |windows: Vec<Window>| windows.into_iter().map(Into::into).collect();
        let hours = schedule.hours;
        let day = |day: DayHours| DayBody { weekday: day.weekday, windows: windows(day.windows) };
        let exception = |other: Override| OverrideBody {
            first: other.first,
            last: other.last,
            windows: windows(other.windows),
        };
        Self {
            id: schedule.id.into(),
            rev: schedule.rev.0,
            practitioner: schedule.practitioner.into(),
            hours: HoursBody {
                time_zone: hours.time_zone,
                weekly: hours.weekly.into_iter().map(day).collect(),
                overrides: hours.overrides.into_iter().map(exception).collect(),
            },
        }
    }
}

/// Makes a practitioner's hours
#[utoipa::path(
    post,
    path = "/v1/schedules",
    tag = "availability",
    request_body = ScheduleBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The hours", body = ScheduleView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn create_schedule(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<ScheduleBody>,
) -> Result<Response, Problem> {
    let ScheduleBody { practitioner, hours } = body;
    let made = usecase::create_schedule(&api, &caller, once.as_ref(), &practitioner, hours.into());
    let schedule = made.await?;
    let location = [(header::LOCATION, format!("/v1/schedules/{}", schedule.id))];
    let etag = etag(schedule.rev);
    Ok((StatusCode::CREATED, etag, location, Json(ScheduleView::from(schedule))).into_response())
}

/// Reads a practitioner's hours
#[utoipa::path(
    get,
    path = "/v1/schedules/{id}",
    tag = "availability",
    params(("id" = String, Path, description = "The hours")),
    responses(
        (status = OK, description = "The hours", body = ScheduleView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_schedule(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ScheduleId>,
) -> Result<impl IntoResponse, Problem> {
    let schedule = usecase::read_schedule(&api, &caller, &id).await?;
    Ok((etag(schedule.rev), Json(ScheduleView::from(schedule))))
}

/// Finds a practitioner's hours
#[utoipa::path(
    get,
    path = "/v1/practitioners/{id}/schedule",
    tag = "availability",
    params(("id" = String, Path, description = "The practitioner")),
    responses(
        (status = OK, description = "The hours", body = ScheduleView),
        (status = "4XX", description = "None yet", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn find_schedule(
    State(api): State<Api>,
    caller: Caller,
    At(practitioner): At<PractitionerId>,
) -> Result<impl IntoResponse, Problem> {
    let schedule = usecase::find_schedule(&api, &caller, &practitioner).await?;
    Ok((etag(schedule.rev), Json(ScheduleView::from(schedule))))
}

/// Changes a practitioner's hours
///
/// Appointments that are booked stay as they are.
#[utoipa::path(
    put,
    path = "/v1/schedules/{id}",
    tag = "availability",
    request_body = HoursBody,
    params(
        ("id" = String, Path, description = "The hours"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The hours", body = ScheduleView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn update_schedule(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ScheduleId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<HoursBody>,
) -> Result<impl IntoResponse, Problem> {
    let edit = Edit::Hours(body.into());
    let schedule = usecase::update_schedule(&api, &caller, None, (&id, seen), edit).await?;
    Ok((etag(schedule.rev), Json(ScheduleView::from(schedule))))
}

/// Adds dates on which the hours do not hold
///
/// Without windows they are leave.
#[utoipa::path(
    post,
    path = "/v1/schedules/{id}/overrides",
    tag = "availability",
    request_body = OverrideBody,
    params(
        ("id" = String, Path, description = "The hours"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = OK, description = "The hours", body = ScheduleView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn add_override(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ScheduleId>,
    IfMatch(seen): IfMatch,
    Idempotent(once, body): Idempotent<OverrideBody>,
) -> Result<impl IntoResponse, Problem> {
    let edit = Edit::Override(body.into());
    let made = usecase::update_schedule(&api, &caller, once.as_ref(), (&id, seen), edit);
    let schedule = made.await?;
    Ok((etag(schedule.rev), Json(ScheduleView::from(schedule))))
}
