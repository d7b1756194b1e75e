//! `GET /v1/record/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::EntryView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::RecordEntryId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::records::read_entries::read_entry,
};

/// Reads an entry of a patient's record
#[utoipa::path(
    get,
    path = "/v1/record/{id}",
    tag = "record",
    params(("id" = String, Path, description = "The entry")),
    responses(
        (status = OK, description = "The entry", body = EntryView),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_record_entry(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<RecordEntryId>,
) -> Result<impl IntoResponse, Problem> {
    let entry = read_entry(&api, &caller, &id).await?;
    Ok((etag(entry.rev), Json(EntryView::from(entry))))
}
