//! `/v1/clinics/{id}/record-settings`.

use axum::{Json, extract::State, response::IntoResponse};

use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId, record_settings::RecordSettings},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::record_settings::{read_record_settings as read, update_record_settings as update},
};

/// Reads what a clinic chose about its records
#[utoipa::path(
    get,
    path = "/v1/clinics/{id}/record-settings",
    tag = "documents",
    params(("id" = String, Path, description = "The clinic")),
    responses(
        (status = OK, description = "`document_bytes_max`, `message_days`, `office_hours`, `urgent_notice`, `reviews_min`, \
            `recording`",
            body = Object),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_record_settings(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ClinicId>,
) -> Result<impl IntoResponse, Problem> {
    let (rev, settings) = read(&api, &caller, &id).await?;
    Ok((etag(rev), Json(settings)))
}

/// Chooses how a clinic keeps its records
///
/// All choices at once; what is left out is the default.
#[utoipa::path(
    put,
    path = "/v1/clinics/{id}/record-settings",
    tag = "documents",
    request_body(content = Object, content_type = "application/json",
        description = "`document_bytes_max`: most bytes of a document; `message_days`: days after a visit in which its \
            patient may write; `office_hours`: when messages are read, as `weekday` and `windows` of a schedule; \
            `urgent_notice`: where to turn when it cannot wait; `reviews_min`: from how many on reviews are shown; \
            `recording`: whether the practitioner of a visit may ask for it to be recorded"),
    params(
        ("id" = String, Path, description = "The clinic"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The choices", body = Object),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn update_record_settings(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ClinicId>,
    IfMatch(seen): IfMatch,
    Body(settings): Body<RecordSettings>,
) -> Result<impl IntoResponse, Problem> {
    let (rev, settings) = update(&api, &caller, &id, seen, settings).await?;
    Ok((etag(rev), Json(settings)))
}
