//! `POST /v1/appointments/{id}/note/addenda`.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::NoteView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::etag,
    },
    usecase::records::sign_note::add_addendum as add,
};

/// What to add.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddendumBody {
    /// The text.
    #[schema(max_length = 20_000)]
    text: String,
}

/// Adds to a visit's signed note
///
/// Asks for a fresh proof of identity; what is added is signed at once.
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/note/addenda",
    tag = "records",
    request_body = AddendumBody,
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = CREATED, description = "The note with its addenda", body = NoteView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn add_addendum(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    Body(body): Body<AddendumBody>,
) -> Result<impl IntoResponse, Problem> {
    let note = add(&api, &caller, &id, body.text).await?;
    Ok((StatusCode::CREATED, etag(note.rev), Json(NoteView::from(note))))
}
