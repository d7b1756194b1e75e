//! `POST /v1/appointments/{id}/note/sign`.

use axum::{Json, extract::State, response::IntoResponse};

use super::NoteView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{
        body::At,
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::records::sign_note::sign_note as sign,
};

/// Makes a visit's note final
///
/// Asks for a fresh proof of identity. Signs what stands in the revision of `If-Match`, and nothing that was written since.
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/note/sign",
    tag = "records",
    params(
        ("id" = String, Path, description = "The appointment"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The signed note", body = NoteView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn sign_note(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    IfMatch(seen): IfMatch,
) -> Result<impl IntoResponse, Problem> {
    let note = sign(&api, &caller, &id, seen).await?;
    Ok((etag(note.rev), Json(NoteView::from(note))))
}
