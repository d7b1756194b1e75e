//! `/v1/earnings`: what practitioners and the clinic earn.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        earning::{Earning, csv},
        id::PractitionerId,
    },
    http::{body::Asked, error::Problem},
    usecase::payments::earnings::read_earnings as read,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(read_earnings)).routes(routes!(export_earnings))
}

/// Whose earnings, and when.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EarningsQuery {
    /// From this instant; 31 days before the end when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    from: Option<Timestamp>,
    /// To before this one; now when absent.
    #[param(value_type = Option<String>, format = DateTime)]
    to: Option<Timestamp>,
    /// Of this practitioner; a practitioner's own when absent, the clinic's for who runs it.
    #[param(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
}

/// What was earned with one visit type by one practitioner.
#[derive(Serialize, ToSchema)]
struct EarningView {
    /// Who.
    practitioner: String,
    /// With what.
    service: String,
    /// ISO 4217 code; all amounts are in its minor units.
    currency: String,
    /// Billed without tax, less what was credited.
    billed_minor: i64,
    /// The tax of it.
    tax_minor: i64,
    /// Came in, less what went back and what banks took.
    received_minor: i64,
    /// The practitioner's part of that.
    earned_minor: i64,
}

impl From<Earning> for EarningView {
    fn from(one: Earning) -> Self {
        Self {
            practitioner: one.practitioner.into(),
            service: one.service.into(),
            currency: one.currency.to_string(),
            billed_minor: one.billed,
            tax_minor: one.tax,
            received_minor: one.received,
            earned_minor: one.earned,
        }
    }
}

/// What was earned in a span of time.
#[derive(Serialize, ToSchema)]
struct EarningsView {
    /// By practitioner, visit type and currency.
    items: Vec<EarningView>,
}

/// Reads what was earned
#[utoipa::path(
    get,
    path = "/v1/earnings",
    tag = "payments",
    params(EarningsQuery),
    responses(
        (status = OK, description = "By practitioner, visit type and currency", body = EarningsView),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_earnings(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<EarningsQuery>,
) -> Result<Json<EarningsView>, Problem> {
    let EarningsQuery { from, to, practitioner } = query;
    let found = read(&api, &caller, Act::ReadEarnings, practitioner, (from, to)).await?;
    Ok(Json(EarningsView { items: found.into_iter().map(Into::into).collect() }))
}

/// Reads what was earned as CSV
#[utoipa::path(
    get,
    path = "/v1/earnings.csv",
    tag = "payments",
    params(EarningsQuery),
    responses(
        (status = OK, description = "A table (RFC 4180)", body = String, content_type = "text/csv"),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn export_earnings(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<EarningsQuery>,
) -> Result<Response, Problem> {
    let EarningsQuery { from, to, practitioner } = query;
    let found = read(&api, &caller, Act::ExportEarnings, practitioner, (from, to)).await?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"earnings.csv\""),
    ];
    Ok((headers, csv(&found)).into_response())
}
