//! `GET /v1/practitioners`: the directory, by what they do, speak, cost, and when they are free.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        directory::{Found, Order, Wish},
        id::{ClinicId, ServiceId},
    },
    http::{body::Asked, error::Problem, money::MoneyView},
    usecase::search::search_practitioners as search,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(search_practitioners))
}

/// Whom to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PractitionerQuery {
    /// The clinic.
    #[param(value_type = String)]
    clinic: ClinicId,
    /// With this specialty.
    specialty: Option<String>,
    /// Who speaks this language (BCP 47).
    language: Option<String>,
    /// Whose name or specialty contains this.
    q: Option<String>,
    /// Who offers this visit type.
    #[param(value_type = Option<String>)]
    service: Option<ServiceId>,
    /// Free from then on.
    #[param(value_type = Option<String>)]
    available_from: Option<Timestamp>,
    /// At most this, in minor units.
    max_fee: Option<i64>,
    /// By `next_free` (the default), `fee` or `name`.
    sort: Option<String>,
}

/// A practitioner of the directory.
#[derive(Debug, Serialize, ToSchema)]
struct FoundPractitionerView {
    /// Who.
    #[schema(example = "prac_01932f3ea5b07c3e8d9a6b1c2d3e4f50")]
    id: String,
    /// What they are called.
    display_name: String,
    /// What they say about themselves.
    biography: String,
    /// IANA name of their zone.
    time_zone: String,
    /// What they do.
    specialties: Vec<String>,
    /// What they speak.
    languages: Vec<String>,
    /// The lowest fee of what they offer.
    #[serde(skip_serializing_if = "Option::is_none")]
    fee: Option<MoneyView>,
    /// The first time that can be booked within 62 days.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_free: Option<NextFreeView>,
}

/// The first time that can be booked.
#[derive(Debug, Serialize, ToSchema)]
struct NextFreeView {
    /// For which visit type.
    service: String,
    /// From this instant.
    start: String,
}

/// Who was found, at most 100.
#[derive(Debug, Serialize, ToSchema)]
struct PractitionersView {
    /// Who.
    items: Vec<FoundPractitionerView>,
}

impl From<Found> for FoundPractitionerView {
    fn from(Found { card, fee, next_free }: Found) -> Self {
        Self {
            id: card.id.into(),
            display_name: card.display_name,
            biography: card.biography,
            time_zone: card.time_zone,
            specialties: card.specialties,
            languages: card.languages,
            fee: fee.map(Into::into),
            next_free: next_free.map(|(visit, service)| NextFreeView {
                service: service.into(),
                start: visit.start.to_string(),
            }),
        }
    }
}

/// Searches the directory of practitioners
///
/// Public.
#[utoipa::path(
    get,
    path = "/v1/practitioners",
    tag = "availability",
    params(PractitionerQuery),
    responses(
        (status = OK, description = "Who was found", body = PractitionersView),
        (status = "4XX", description = "Not understood", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn search_practitioners(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<PractitionerQuery>,
) -> Result<Json<PractitionersView>, Problem> {
    let order = match query.sort.as_deref() {
        None | Some("next_free") => Order::NextFree,
        Some("fee") => Order::Fee,
        Some("name") => Order::Name,
        Some(_) => return Err(Problem::bad_request("sort must be next_free, fee or name")),
    };
    let wish = Wish {
        specialty: query.specialty,
        language: query.language,
        text: query.q,
        service: query.service,
        available_from: query.available_from,
        max_fee_minor: query.max_fee,
        order,
    };
    let found = search(&api, &caller, &query.clinic, &wish).await?;
    Ok(Json(PractitionersView { items: found.into_iter().map(Into::into).collect() }))
}
