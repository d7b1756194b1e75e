//! `POST /v1/documents`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::UploadView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        document::Intent,
        id::{AppointmentId, PatientId},
    },
    http::{
        body::{Idempotent, needed},
        error::Problem,
    },
    usecase::documents::{create::create_document as create, upload::Progress},
};

/// What shall be uploaded.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DocumentBody {
    /// About whom.
    #[schema(value_type = String)]
    patient: PatientId,
    /// The visit that it belongs to.
    #[schema(value_type = Option<String>)]
    appointment: Option<AppointmentId>,
    /// A file's name, without folders.
    #[schema(min_length = 1, max_length = 200)]
    name: String,
    /// Bytes of the whole.
    #[schema(minimum = 1)]
    size: u64,
}

/// Begins the upload of a document
///
/// The answer says into how many parts of which length the file is cut. Each is sent by itself, in any order; then
/// `complete`. What is not complete after seven days is given up.
#[utoipa::path(
    post,
    path = "/v1/documents",
    tag = "documents",
    request_body = DocumentBody,
    params(("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "What to send", body = UploadView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_document(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<DocumentBody>,
) -> Result<Response, Problem> {
    let DocumentBody { patient, appointment, name, size } = body;
    let intent = Intent { patient, appointment, name, size };
    let document = create(&api, &caller, &needed(once)?, intent).await?;
    let location = [(header::LOCATION, format!("/v1/documents/{}", document.id))];
    let view = UploadView::from(Progress { document, there: Vec::new() });
    Ok((StatusCode::CREATED, location, Json(view)).into_response())
}
