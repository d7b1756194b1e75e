//! `GET /v1/record/{id}/versions`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::EntryView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::RecordEntryId},
    http::{body::At, error::Problem},
    usecase::records::read_entries::list_versions,
};

/// All that an entry ever said.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionsView {
    /// The present revision first.
    items: Vec<EntryView>,
}

/// Reads all that an entry of a patient's record ever said, with who said it
#[utoipa::path(
    get,
    path = "/v1/record/{id}/versions",
    tag = "record",
    params(("id" = String, Path, description = "The entry")),
    responses(
        (status = OK, description = "Its revisions", body = VersionsView),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_record_versions(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<RecordEntryId>,
) -> Result<Json<VersionsView>, Problem> {
    let found = list_versions(&api, &caller, &id).await?;
    Ok(Json(VersionsView { items: found.into_iter().map(Into::into).collect() }))
}
