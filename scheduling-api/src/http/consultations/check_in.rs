//! `POST /v1/consultations/{id}/check-in`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{TriedView, VisitView};
use crate::{
    api::Api,
    domain::{actor::Caller, id::ConsultationId},
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::visit::check_in::{Check, check_in},
};

/// What the device can do.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckInBody {
    /// The camera.
    camera: TriedView,
    /// The microphone.
    microphone: TriedView,
    /// The loudspeaker.
    speaker: TriedView,
    /// The line to the media server.
    network: TriedView,
    /// The browser, as it calls itself; at most 200 characters.
    browser: Option<String>,
    /// Which terms were agreed to; at most 40 characters.
    terms_version: Option<String>,
}

/// Comes to a visit, and waits
///
/// The appointment is checked in with it. Once more renews what the device can do, and whoever was let in stays so.
#[utoipa::path(
    post,
    path = "/v1/consultations/{id}/check-in",
    tag = "consultations",
    request_body = CheckInBody,
    params(("id" = String, Path, description = "The visit")),
    responses(
        (status = OK, description = "The visit", body = VisitView),
        (status = "4XX", description = "Not possible now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn check_in_consultation(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ConsultationId>,
    Body(body): Body<CheckInBody>,
) -> Result<Json<VisitView>, Problem> {
    let check = Check {
        camera: body.camera.into(),
        microphone: body.microphone.into(),
        speaker: body.speaker.into(),
        network: body.network.into(),
        browser: body.browser,
        terms_version: body.terms_version,
    };
    Ok(Json(check_in(&api, &caller, &id, check).await?.into()))
}
