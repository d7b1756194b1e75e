//! `GET /v1/documents/{id}`.

use axum::{Json, extract::State};

use super::UploadView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::DocumentId},
    http::{body::At, error::Problem},
    usecase::documents::read::read_document as read,
};

/// Reads what a document is, and how far its upload is
#[utoipa::path(
    get,
    path = "/v1/documents/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "The document")),
    responses(
        (status = OK, description = "The document", body = UploadView),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_document(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<DocumentId>,
) -> Result<Json<UploadView>, Problem> {
    Ok(Json(read(&api, &caller, &id).await?.into()))
}
