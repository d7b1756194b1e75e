//! `GET /v1/appointments/{id}/recordings`.

use axum::{Json, extract::State};

use super::DocumentView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::documents::recordings::list_recordings as list,
};

/// Lists the recordings of a visit, oldest first
///
/// They are documents of its patient, taken into the record when the recording is over: films, and with each recording a
/// `timeline.jsonl` that says who agreed when. Read as any document, at `/v1/documents/{id}/content`, in ranges too.
#[utoipa::path(
    get,
    path = "/v1/appointments/{id}/recordings",
    tag = "documents",
    params(("id" = String, Path, description = "The appointment"), PageQuery),
    responses(
        (status = OK, description = "A page of documents", body = PageView<DocumentView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_recordings(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<DocumentView>>, Problem> {
    Ok(Json(list(&api, &caller, &id, &page.parse()?).await?.into()))
}
