//! `GET /v1/patients/{id}/documents`.

use axum::{Json, extract::State};

use super::DocumentView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PatientId},
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::documents::read::list_documents as list,
};

/// Lists a patient's documents, newest first
///
/// Whoever reads by a share of single documents is shown those.
#[utoipa::path(
    get,
    path = "/v1/patients/{id}/documents",
    tag = "documents",
    params(("id" = String, Path, description = "The patient"), PageQuery),
    responses(
        (status = OK, description = "A page of documents", body = PageView<DocumentView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_documents(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PatientId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<DocumentView>>, Problem> {
    Ok(Json(list(&api, &caller, &id, &page.parse()?).await?.into()))
}
