//! `/v1/slots`: times that can be booked.

use axum::{Json, extract::State};
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        availability::Span,
        id::{PractitionerId, ServiceId},
    },
    http::{body::Asked, error::Problem},
    usecase::search::{SlotWish, search_slots as search},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(search_slots))
}

/// Which times.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SlotQuery {
    /// The visit type.
    #[param(value_type = String)]
    service: ServiceId,
    /// With whom; anybody who offers it when absent.
    #[param(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
    /// That begin then or later.
    #[param(value_type = String, example = "2026-03-02T00:00:00Z")]
    from: Timestamp,
    /// That begin before then, at most 62 days later.
    #[param(value_type = String, example = "2026-03-09T00:00:00Z")]
    to: Timestamp,
    /// IANA name of the zone for `local_start`; UTC when absent.
    tz: Option<String>,
    /// Times wanted.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<usize>,
}

/// A time that can be booked.
#[derive(Debug, Serialize, ToSchema)]
struct SlotView {
    /// With whom.
    practitioner: String,
    /// From this instant.
    #[schema(example = "2026-03-02T06:30:00Z")]
    start: String,
    /// To before this one.
    end: String,
    /// The start on the clock in the zone that was asked for, with its offset.
    #[schema(example = "2026-03-02T09:30:00+03:00")]
    local_start: String,
}

/// Times that can be booked, in order.
#[derive(Debug, Serialize, ToSchema)]
struct SlotsView {
    /// The times.
    items: Vec<SlotView>,
}

/// Finds times that can be booked
///
/// A proposal: somebody else may be faster. Public.
#[utoipa::path(
    get,
    path = "/v1/slots",
    tag = "availability",
    params(SlotQuery),
    responses(
        (status = OK, description = "The times", body = SlotsView),
        (status = "4XX", description = "Not found", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn search_slots(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<SlotQuery>,
) -> Result<Json<SlotsView>, Problem> {
    let zone = match &query.tz {
        None => TimeZone::UTC,
        Some(name) => TimeZone::get(name)
            .map_err(|_| Problem::bad_request("tz is not an IANA name such as Africa/Nairobi"))?,
    };
    let wish = SlotWish {
        service: query.service,
        practitioner: query.practitioner,
        span: Span { start: query.from, end: query.to },
        limit: query.limit.unwrap_or(100),
    };
    let found = search(&api, &caller, &wish).await?;
    let items = found.into_iter().map(|slot| SlotView {
        practitioner: slot.practitioner.into(),
        start: slot.visit.start.to_string(),
        end: slot.visit.end.to_string(),
        local_start: slot
            .visit
            .start
            .display_with_offset(zone.to_offset(slot.visit.start))
            .to_string(),
    });
    Ok(Json(SlotsView { items: items.collect() }))
}
