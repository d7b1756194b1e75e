//! `GET /v1/patients`.

use axum::{Json, extract::State};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::IntoParams;

use super::PatientView;
use crate::{
    api::Api,
    domain::actor::Caller,
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::profile::search_patients::{PatientWish, search_patients as search},
};

/// What is known of somebody.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct PatientsQuery {
    /// The beginning of a name.
    name: Option<String>,
    /// Day of birth.
    #[param(value_type = Option<String>, example = "1984-05-01")]
    birth_date: Option<Date>,
    /// Telephone with country, whole.
    phone: Option<String>,
    /// Patients wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Finds a clinic's patients
///
/// Each who is found sees it in their access log.
#[utoipa::path(
    get,
    path = "/v1/patients",
    tag = "people",
    params(PatientsQuery),
    responses(
        (status = OK, description = "A page of patients", body = PageView<PatientView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn search_patients(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<PatientsQuery>,
) -> Result<Json<PageView<PatientView>>, Problem> {
    let PatientsQuery { name, birth_date, phone, limit, after } = query;
    let page = PageQuery::new(limit, after).parse()?;
    let wish = PatientWish { name, birth_date, phone, ..PatientWish::default() };
    Ok(Json(search(&api, &caller, &wish, &page).await?.into()))
}
