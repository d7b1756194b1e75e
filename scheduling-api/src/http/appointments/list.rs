//! `GET /v1/appointments`.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa::IntoParams;

use super::AppointmentView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{PatientId, PractitionerId, SeriesId},
    },
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::read_appointment::{AppointmentWish, list_appointments as list},
};

/// Which appointments.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AppointmentQuery {
    /// Of this patient; a patient's own when absent.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// With this practitioner; a practitioner's own when absent.
    #[param(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
    /// Booked together.
    #[param(value_type = Option<String>)]
    series: Option<SeriesId>,
    /// In this state.
    state: Option<String>,
    /// That begin then or later.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// That begin before then.
    #[param(value_type = Option<String>)]
    to: Option<Timestamp>,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists appointments by their start
///
/// Patients see their own, practitioners theirs, staff the clinic's.
#[utoipa::path(
    get,
    path = "/v1/appointments",
    tag = "appointments",
    params(AppointmentQuery),
    responses(
        (status = OK, description = "A page of appointments", body = PageView<AppointmentView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_appointments(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<AppointmentQuery>,
) -> Result<Json<PageView<AppointmentView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    let wish = AppointmentWish {
        patient: query.patient,
        practitioner: query.practitioner,
        series: query.series,
        state: query.state,
        from: query.from,
        to: query.to,
    };
    Ok(Json(list(&api, &caller, wish, &page).await?.into()))
}
