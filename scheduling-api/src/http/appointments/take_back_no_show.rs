//! `POST /v1/appointments/{id}/no-show/take-back`.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};

use super::AppointmentView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{
        body::{At, Bodiless},
        error::Problem,
        if_match::{IfMatchMaybe, etag},
    },
    usecase::no_show::take_back_no_show as take_back,
};

/// Says that a patient who was missed has come after all
///
/// Within a day of the start, whoever or whatever said that they had not come. They are checked in, and owe nothing for it.
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/no-show/take-back",
    tag = "appointments",
    params(
        ("id" = String, Path, description = "The appointment"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = OK, description = "The appointment", body = AppointmentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn take_back_no_show(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    IfMatchMaybe(seen): IfMatchMaybe,
    Bodiless(once): Bodiless,
) -> Result<Response, Problem> {
    let found = take_back(&api, &caller, once.as_ref(), (&id, seen)).await?;
    Ok((etag(found.rev), Json(AppointmentView::from(found))).into_response())
}
