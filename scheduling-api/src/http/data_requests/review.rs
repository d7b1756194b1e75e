//! The clinic's side: looking at requests, and deciding.

use axum::{Json, extract::State};

use super::DataRequestView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::DataRequestId},
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::data_requests as usecase,
};

/// Lists what the clinic's patients asked for about their data
#[utoipa::path(
    get,
    path = "/v1/data-requests",
    tag = "privacy",
    params(PageQuery),
    responses(
        (status = OK, description = "A page of requests", body = PageView<DataRequestView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_data_requests(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<DataRequestView>>, Problem> {
    Ok(Json(usecase::list_data_requests(&api, &caller, &page.parse()?).await?.into()))
}

/// Has a request carried out
///
/// Needs a fresh proof. An erasure cannot be taken back: the patient's key is destroyed. Not while there are appointments
/// to come.
#[utoipa::path(
    post,
    path = "/v1/data-requests/{id}/approve",
    tag = "privacy",
    params(("id" = String, Path, description = "The request")),
    responses(
        (status = OK, description = "The request", body = DataRequestView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn approve_data_request(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<DataRequestId>,
) -> Result<Json<DataRequestView>, Problem> {
    Ok(Json(usecase::review_data_request(&api, &caller, &id, true).await?.into()))
}

/// Refuses a request
///
/// Needs a fresh proof. For who must keep the data by law.
#[utoipa::path(
    post,
    path = "/v1/data-requests/{id}/refuse",
    tag = "privacy",
    params(("id" = String, Path, description = "The request")),
    responses(
        (status = OK, description = "The request", body = DataRequestView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn refuse_data_request(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<DataRequestId>,
) -> Result<Json<DataRequestView>, Problem> {
    Ok(Json(usecase::review_data_request(&api, &caller, &id, false).await?.into()))
}
