//! `PUT /v1/appointments/{id}/note`.

use axum::{Json, extract::State, response::IntoResponse};

use super::NoteView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId, note::NoteText},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatchMaybe, etag},
    },
    usecase::records::write_note::write_note as write,
};

/// Writes the draft of a visit's note
///
/// The whole text, each time: made for saving while somebody types. The first time without `If-Match`, afterwards with the
/// `ETag` of the answer before; `stale` says that it was written elsewhere meanwhile.
#[utoipa::path(
    put,
    path = "/v1/appointments/{id}/note",
    tag = "records",
    request_body(content = Object, content_type = "application/json",
        description = "`reason`, `history`, `findings`, `assessment`, `plan`: each up to 20,000 characters, empty when left out"),
    params(
        ("id" = String, Path, description = "The appointment"),
        ("If-Match" = Option<String>, Header, description = "The ETag that was read; left out for the first text"),
    ),
    responses(
        (status = OK, description = "The draft", body = NoteView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn write_note(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    IfMatchMaybe(seen): IfMatchMaybe,
    Body(text): Body<NoteText>,
) -> Result<impl IntoResponse, Problem> {
    let note = write(&api, &caller, &id, seen, text).await?;
    Ok((etag(note.rev), Json(NoteView::from(note))))
}
