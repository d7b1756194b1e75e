//! `GET /v1/patients/{id}/prescriptions`.

use axum::{Json, extract::State};

use super::PrescriptionView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PatientId},
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::records::read_prescriptions::list_prescriptions as list,
};

/// Lists a patient's prescriptions, newest first
///
/// Drafts are listed for who writes them alone.
#[utoipa::path(
    get,
    path = "/v1/patients/{id}/prescriptions",
    tag = "records",
    params(("id" = String, Path, description = "The patient"), PageQuery),
    responses(
        (status = OK, description = "A page of prescriptions", body = PageView<PrescriptionView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_prescriptions(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PatientId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<PrescriptionView>>, Problem> {
    Ok(Json(list(&api, &caller, &id, &page.parse()?).await?.into()))
}
