//! `GET /v1/clinics/{id}/api-keys`.

use axum::{Json, extract::State};

use super::KeyView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::api_keys::list_api_keys as list,
};

/// Lists a clinic's API keys
#[utoipa::path(
    get,
    path = "/v1/clinics/{id}/api-keys",
    tag = "api-keys",
    params(("id" = String, Path, description = "The clinic"), PageQuery),
    responses(
        (status = OK, description = "A page of keys", body = PageView<KeyView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_api_keys(
    State(api): State<Api>,
    caller: Caller,
    At(clinic): At<ClinicId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<KeyView>>, Problem> {
    Ok(Json(list(&api, &caller, &clinic, &page.parse()?).await?.into()))
}
