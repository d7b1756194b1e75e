//! `GET /v1/clinics/{id}/oauth-clients`.

use axum::{Json, extract::State};

use super::ClientView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::oauth::manage_clients::list_oauth_clients as list,
};

/// Lists a clinic's programs
#[utoipa::path(
    get,
    path = "/v1/clinics/{id}/oauth-clients",
    tag = "oauth",
    params(("id" = String, Path, description = "The clinic"), PageQuery),
    responses(
        (status = OK, description = "A page of clients", body = PageView<ClientView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_oauth_clients(
    State(api): State<Api>,
    caller: Caller,
    At(clinic): At<ClinicId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<ClientView>>, Problem> {
    Ok(Json(list(&api, &caller, &clinic, &page.parse()?).await?.into()))
}
