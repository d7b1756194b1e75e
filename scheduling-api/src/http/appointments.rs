//! `/v1/appointments`: booking and everything that becomes of it.

mod advance;
mod calendar_entry;
mod create;
mod list;
mod override_rules;
mod read;
mod reschedule;
mod series;
mod take_back_no_show;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, domain::appointment::Appointment, http::money::MoneyView};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_appointments, create::create_appointment))
        .routes(routes!(override_rules::override_appointment))
        .routes(routes!(series::create_series))
        .routes(routes!(series::cancel_series))
        .routes(routes!(read::read_appointment))
        .routes(routes!(calendar_entry::read_calendar_entry))
        .routes(routes!(reschedule::reschedule_appointment))
        .routes(routes!(advance::approve_appointment))
        .routes(routes!(advance::decline_appointment))
        .routes(routes!(advance::cancel_appointment))
        .routes(routes!(advance::check_in_appointment))
        .routes(routes!(advance::start_appointment))
        .routes(routes!(advance::finish_appointment))
        .routes(routes!(advance::mark_no_show))
        .routes(routes!(take_back_no_show::take_back_no_show))
        .routes(routes!(advance::enter_appointment_in_error))
}

/// An appointment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AppointmentView {
    /// Which one; the same through all its reschedulings.
    #[schema(example = "apt_01932f3ea5b07c3e8d9a6b1c2d3e4f50")]
    id: String,
    /// How often it was changed; also the `ETag`.
    rev: i64,
    /// `requested`, `held`, `booked`, `checked_in`, `in_progress`, `completed`, `no_show`, `cancelled`, `expired` or
    /// `entered_in_error`.
    state: &'static str,
    /// When a requested or held one ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// The visit type.
    service: String,
    /// Who gives the visit.
    practitioner: String,
    /// For whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<String>,
    /// From this instant.
    #[schema(example = "2026-03-02T06:30:00Z")]
    start: String,
    /// To before this one.
    end: String,
    /// Appointments that were booked together.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<String>,
    /// What it costs, as agreed.
    price: MoneyView,
    /// Until when cancelling costs the patient nothing.
    cancel_free_until: String,
    /// Whether staff placed it outside the rules.
    overridden: bool,
    /// What is owed for cancelling late or not coming.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<MoneyView>,
}

impl From<Appointment> for AppointmentView {
    fn from(appointment: Appointment) -> Self {
        Self {
            rev: appointment.rev.0,
            state: appointment.state.name(),
            expires_at: appointment.state.until().map(|until| until.to_string()),
            cancel_free_until: appointment.cancel_free_until().to_string(),
            id: appointment.id.into(),
            service: appointment.service.into(),
            practitioner: appointment.practitioner.into(),
            patient: appointment.patient.map(Into::into),
            start: appointment.visit.start.to_string(),
            end: appointment.visit.end.to_string(),
            series: appointment.series.map(Into::into),
            price: appointment.agreed.price.into(),
            overridden: appointment.overridden,
            fee: appointment.fee.map(Into::into),
        }
    }
}
