//! `/v1/queue`: waiting for the next practitioner who is free.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::appointments::AppointmentView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{PatientId, QueueEntryId, ServiceId},
        waitlist::QueueEntry,
    },
    http::{
        body::{Asked, At, Idempotent, needed},
        error::Problem,
        if_match::etag,
        page::{PageQuery, PageView},
    },
    usecase::queue::{
        Standing, join_queue as join, leave_queue as leave, list_queue as list,
        read_queue_entry as read, take_from_queue as take,
    },
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_queue, join_queue))
        .routes(routes!(take_from_queue))
        .routes(routes!(read_queue_entry))
        .routes(routes!(leave_queue))
}

/// Which queue.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QueueBody {
    /// The visit type; one that is given on demand.
    #[schema(value_type = String)]
    service: ServiceId,
    /// Who waits; may be left out by who speaks for nobody else.
    #[schema(value_type = Option<String>)]
    patient: Option<PatientId>,
}

/// Whose turn it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TakeBody {
    /// The visit type.
    #[schema(value_type = String)]
    service: ServiceId,
}

/// A place in a queue.
#[derive(Serialize, ToSchema)]
struct QueueEntryView {
    /// Which one.
    id: String,
    /// `waiting`, `taken` or `left`.
    state: &'static str,
    /// The visit type.
    service: String,
    /// Who waits.
    patient: String,
    /// How many stand before; only where one place is read, or a patient's.
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead: Option<i64>,
    /// The visit, once a practitioner took the patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    appointment: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<QueueEntry> for QueueEntryView {
    fn from(one: QueueEntry) -> Self {
        Self {
            state: one.state.name(),
            appointment: one.state.appointment().map(ToString::to_string),
            id: one.id.into(),
            service: one.service.into(),
            patient: one.patient.into(),
            ahead: None,
            created_at: one.created.to_string(),
        }
    }
}

impl From<Standing> for QueueEntryView {
    fn from(Standing { entry, ahead }: Standing) -> Self {
        Self { ahead, ..entry.into() }
    }
}

/// Which queue.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct QueueQuery {
    /// Of this visit type; all of the clinic's when absent.
    #[param(value_type = Option<String>)]
    service: Option<ServiceId>,
    /// Of this patient; a patient's own when absent.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
}

/// Joins a queue
///
/// Once a visit type. In order of coming; after twelve hours who still stands there is out.
#[utoipa::path(
    post,
    path = "/v1/queue",
    tag = "waiting",
    request_body = QueueBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The place", body = QueueEntryView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn join_queue(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<QueueBody>,
) -> Result<(StatusCode, Json<QueueEntryView>), Problem> {
    let entry = join(&api, &caller, once.as_ref(), (body.service, body.patient)).await?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// Lists who stands in the clinic's queues
///
/// In order. Staff see everybody; a patient the own places, with how many stand before each.
#[utoipa::path(
    get,
    path = "/v1/queue",
    tag = "waiting",
    params(PageQuery, QueueQuery),
    responses(
        (status = OK, description = "A page of places", body = PageView<QueueEntryView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_queue(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
    Asked(which): Asked<QueueQuery>,
) -> Result<Json<PageView<QueueEntryView>>, Problem> {
    let whose = (which.service, which.patient);
    Ok(Json(list(&api, &caller, whose, &page.parse()?).await?.into()))
}

/// Reads a place in a queue
#[utoipa::path(
    get,
    path = "/v1/queue/{id}",
    tag = "waiting",
    params(("id" = String, Path, description = "The place")),
    responses(
        (status = OK, description = "The place", body = QueueEntryView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_queue_entry(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<QueueEntryId>,
) -> Result<Json<QueueEntryView>, Problem> {
    Ok(Json(read(&api, &caller, &id).await?.into()))
}

/// Leaves a queue
#[utoipa::path(
    post,
    path = "/v1/queue/{id}/leave",
    tag = "waiting",
    params(("id" = String, Path, description = "The place")),
    responses(
        (status = OK, description = "The place", body = QueueEntryView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn leave_queue(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<QueueEntryId>,
) -> Result<Json<QueueEntryView>, Problem> {
    Ok(Json(leave(&api, &caller, &id).await?.into()))
}

/// Takes the first of a queue
///
/// An appointment that begins now, with who asks as its practitioner, whatever the hours say.
#[utoipa::path(
    post,
    path = "/v1/queue/take",
    tag = "waiting",
    request_body = TakeBody,
    params(("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The appointment", body = AppointmentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn take_from_queue(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<TakeBody>,
) -> Result<Response, Problem> {
    let taken = take(&api, &caller, &needed(once)?, &body.service).await?;
    let location = [(header::LOCATION, format!("/v1/appointments/{}", taken.id))];
    let etag = etag(taken.rev);
    Ok((StatusCode::CREATED, etag, location, Json(AppointmentView::from(taken))).into_response())
}
