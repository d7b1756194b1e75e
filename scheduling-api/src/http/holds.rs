//! `/v1/holds`: keeping a time while the patient decides. A hold is an appointment in the state `held`; its id stays.

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
use utoipa_axum::{router::OpenApiRouter, routes};

use super::appointments::AppointmentView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{AppointmentId, PatientId, PractitionerId, ServiceId},
    },
    http::{
        body::{At, Idempotent},
        error::Problem,
        if_match::etag,
    },
    usecase::{
        hold::{create_hold as create, release_hold as release},
        place::Place,
    },
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(create_hold)).routes(routes!(release_hold))
}

/// Which time to keep.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HoldBody {
    /// The visit type.
    #[schema(value_type = String)]
    service: ServiceId,
    /// With whom; anybody who offers it and is free when absent.
    #[schema(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
    /// When the visit begins.
    #[schema(value_type = String, example = "2026-03-02T06:30:00Z")]
    start: Timestamp,
    /// For whom, if that is known.
    #[schema(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// Why, in the patient's words; only where it is known for whom. Kept sealed; the practitioner reads it.
    #[schema(max_length = 2000)]
    reason: Option<String>,
}

/// Keeps a time
///
/// For ten minutes; then it is free again. Book it with `POST /v1/appointments {hold_id}`. A visit type that needs
/// approval cannot be held: book it at once, which makes a request. Where payment comes first, paying is what books: the
/// reason is said here.
#[utoipa::path(
    post,
    path = "/v1/holds",
    tag = "appointments",
    request_body = HoldBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The hold", body = AppointmentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn create_hold(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<HoldBody>,
) -> Result<Response, Problem> {
    let HoldBody { service, practitioner, start, patient, reason } = body;
    let place = Place { service, practitioner, start };
    let whom = (patient, reason.map(Redacted::new));
    let hold = create(&api, &caller, once.as_ref(), &place, whom).await?;
    let location = [(header::LOCATION, format!("/v1/appointments/{}", hold.id))];
    let etag = etag(hold.rev);
    Ok((StatusCode::CREATED, etag, location, Json(AppointmentView::from(hold))).into_response())
}

/// Gives a held time up
#[utoipa::path(
    delete,
    path = "/v1/holds/{id}",
    tag = "appointments",
    params(("id" = String, Path, description = "The hold")),
    responses(
        (status = NO_CONTENT, description = "The time is free"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn release_hold(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
) -> Result<StatusCode, Problem> {
    release(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
