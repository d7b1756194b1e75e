//! `POST /v1/documents/{id}/complete`, `DELETE /v1/documents/{id}`.

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use super::DocumentView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::DocumentId},
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::documents::create::{complete_document as complete, discard_document as discard},
};

/// What the client knows of the whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CompleteBody {
    /// SHA-256 in hexadecimal digits; a document with another is refused.
    #[schema(min_length = 64, max_length = 64)]
    sha256: Option<String>,
}

/// Says that all parts are there
///
/// The document is `checking` then: its hash is compared and malware looked for; it is `ready` or `refused` shortly
/// after, which is told as the event `document.ready` or `document.refused`. Sent again, it changes nothing more.
#[utoipa::path(
    post,
    path = "/v1/documents/{id}/complete",
    tag = "documents",
    request_body = CompleteBody,
    params(("id" = String, Path, description = "The document")),
    responses(
        (status = OK, description = "The document", body = DocumentView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn complete_document(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<DocumentId>,
    Body(body): Body<CompleteBody>,
) -> Result<Json<DocumentView>, Problem> {
    Ok(Json(complete(&api, &caller, &id, body.sha256).await?.into()))
}

/// Gives an upload up
///
/// Only before it is complete.
#[utoipa::path(
    delete,
    path = "/v1/documents/{id}",
    tag = "documents",
    params(("id" = String, Path, description = "The document")),
    responses(
        (status = NO_CONTENT, description = "Given up"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn discard_document(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<DocumentId>,
) -> Result<StatusCode, Problem> {
    discard(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
