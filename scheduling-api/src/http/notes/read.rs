//! `GET /v1/appointments/{id}/note`.

use axum::{Json, extract::State, response::IntoResponse};

use super::NoteView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::records::read_note::read_note as read,
};

/// Reads the note of a visit
///
/// A draft is there for the visit's practitioner alone; a signed one also for the patient, and for practitioners who have
/// or had a visit with the patient.
#[utoipa::path(
    get,
    path = "/v1/appointments/{id}/note",
    tag = "records",
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = OK, description = "The note", body = NoteView),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_note(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
) -> Result<impl IntoResponse, Problem> {
    let note = read(&api, &caller, &id).await?;
    Ok((etag(note.rev), Json(NoteView::from(note))))
}
