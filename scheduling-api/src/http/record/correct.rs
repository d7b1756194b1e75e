//! `PUT /v1/record/{id}`.

use axum::{Json, extract::State, response::IntoResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::EntryView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::RecordEntryId, record::content::Content},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::records::correct_entry::correct_entry,
};

/// What is right.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CorrectionBody {
    /// What it says now, whole, of the same `kind`.
    #[schema(value_type = Object)]
    content: Content,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 20_000)]
    reason: String,
}

/// Corrects an entry of a patient's record
///
/// What stood there is kept among its versions. What should never have been is marked `entered-in-error`, which is the last
/// word. A patient corrects what they told themselves.
#[utoipa::path(
    put,
    path = "/v1/record/{id}",
    tag = "record",
    request_body = CorrectionBody,
    params(
        ("id" = String, Path, description = "The entry"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The corrected entry", body = EntryView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn correct_record_entry(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<RecordEntryId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<CorrectionBody>,
) -> Result<impl IntoResponse, Problem> {
    let entry = correct_entry(&api, &caller, &id, seen, (body.content, body.reason)).await?;
    Ok((etag(entry.rev), Json(EntryView::from(entry))))
}
