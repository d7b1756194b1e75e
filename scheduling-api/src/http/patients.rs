//! `/v1/patients`: profiles of patients, and who acts for them.

mod proxies;
mod read;
mod search;
mod update;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, domain::profile::patient::PatientProfile, usecase::profile::Patient};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(search::search_patients))
        .routes(routes!(read::read_patient, update::update_patient))
        .routes(routes!(proxies::list_proxies, proxies::add_proxy))
        .routes(routes!(proxies::end_proxy))
}

/// A patient's profile.
#[derive(Serialize, ToSchema)]
struct PatientView {
    /// Which patient.
    id: String,
    /// How often it was changed; also the `ETag`.
    rev: i64,
    /// Names, day of birth, gender, telephone, address, language, zone, contacts, coverages.
    #[schema(value_type = Object)]
    profile: PatientProfile,
}

impl From<Patient> for PatientView {
    fn from(patient: Patient) -> Self {
        Self { id: patient.id.into(), rev: patient.rev.0, profile: patient.profile }
    }
}
