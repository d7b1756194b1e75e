//! `/v1/practitioners`: what patients choose by.

mod read;
mod update;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api, domain::profile::practitioner::PractitionerProfile, usecase::profile::Practitioner,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(read::read_practitioner, update::update_practitioner))
}

/// A practitioner's public card.
#[derive(Serialize, ToSchema)]
struct PractitionerView {
    /// Which practitioner.
    id: String,
    /// Where.
    clinic_id: String,
    /// How often it was changed; also the `ETag`.
    rev: i64,
    /// IANA name of the zone that they keep their hours in.
    time_zone: String,
    /// Name, specialties, languages, qualifications, licences, photo, fee, biography.
    #[schema(value_type = Object)]
    profile: PractitionerProfile,
}

impl From<Practitioner> for PractitionerView {
    fn from(practitioner: Practitioner) -> Self {
        Self {
            id: practitioner.id.into(),
            clinic_id: practitioner.clinic.into(),
            rev: practitioner.rev.0,
            time_zone: practitioner.time_zone,
            profile: practitioner.profile,
        }
    }
}
