//! `GET /v1/clinics`.

use axum::{Json, extract::State};

use super::ClinicView;
use crate::{
    api::Api,
    domain::actor::Caller,
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::list_clinics::list_clinics as list,
};

/// Lists clinics
///
/// The oldest first. Public.
#[utoipa::path(
    get,
    path = "/v1/clinics",
    tag = "clinics",
    params(PageQuery),
    responses((status = OK, description = "A page of clinics", body = PageView<ClinicView>)),
)]
pub(super) async fn list_clinics(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<ClinicView>>, Problem> {
    let clinics = list(&api, &caller, &page.parse()?).await?;
    Ok(Json(clinics.into()))
}
