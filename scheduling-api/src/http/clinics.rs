//! `/v1/clinics`: the directory of clinics, and the model for every other noun.

mod create;
mod list;
mod read;
mod retention;
mod update;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::clinic::{Clinic, ClinicCard},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_clinics, create::create_clinic))
        .routes(routes!(read::read_clinic, update::update_clinic))
        .routes(routes!(retention::read_retention, retention::update_retention))
}

/// A clinic's public card.
#[derive(Debug, Serialize, ToSchema)]
struct ClinicView {
    /// Which one.
    #[schema(example = "clin_01932f3ea5b07c3e8d9a6b1c2d3e4f50")]
    id: String,
    /// How often it was changed; also the `ETag`.
    rev: i64,
    /// What it is called.
    name: String,
    /// IANA name of its time zone.
    #[schema(example = "Africa/Nairobi")]
    time_zone: String,
    /// Whom a patient calls when nothing else works.
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
}

impl From<Clinic> for ClinicView {
    fn from(clinic: Clinic) -> Self {
        let Clinic { id, rev, name, time_zone, phone } = clinic;
        Self { id: id.into(), rev: rev.0, name, time_zone, phone }
    }
}

/// What may be said about a clinic.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ClinicBody {
    /// What it is called.
    #[schema(min_length = 1, max_length = 120)]
    name: String,
    /// IANA name of its time zone.
    #[schema(example = "Africa/Nairobi")]
    time_zone: String,
    /// Whom a patient calls when nothing else works.
    phone: Option<String>,
}

impl From<ClinicBody> for ClinicCard {
    fn from(body: ClinicBody) -> Self {
        let ClinicBody { name, time_zone, phone } = body;
        Self { name, time_zone, phone }
    }
}
