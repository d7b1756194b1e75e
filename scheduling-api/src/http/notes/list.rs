//! `GET /v1/patients/{id}/notes`.

use axum::{Json, extract::State};

use super::NoteView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PatientId},
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::records::list_notes::list_notes as list,
};

/// Lists a patient's signed notes, newest first
#[utoipa::path(
    get,
    path = "/v1/patients/{id}/notes",
    tag = "records",
    params(("id" = String, Path, description = "The patient"), PageQuery),
    responses(
        (status = OK, description = "A page of notes", body = PageView<NoteView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_notes(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PatientId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<NoteView>>, Problem> {
    Ok(Json(list(&api, &caller, &id, &page.parse()?).await?.into()))
}
