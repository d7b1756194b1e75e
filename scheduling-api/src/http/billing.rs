//! `/v1/billing`: a clinic's rules about money; `/v1/payment-methods`: how it can be paid.

use axum::{Json, extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        billing::{Billing, BillingRules, ShareRule},
        id::{PractitionerId, ServiceId},
        invoice::Tax,
    },
    http::{
        body::Body,
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::payments::billing as usecase,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_payment_methods))
        .routes(routes!(read_billing, update_billing))
}

/// A clinic's rules about money.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct BillingBody {
    /// Who is paid, as it stands on invoices. It should not tell what kind of clinic it is.
    #[schema(example = "Mwangaza Ltd")]
    seller: String,
    /// The seller's tax number; may be empty.
    #[serde(default)]
    tax_number: String,
    /// What stands before invoices' numbers.
    #[serde(default)]
    #[schema(example = "MW-")]
    prefix: String,
    /// The tax on visits and fees.
    tax: TaxBody,
    /// A practitioner's part of what is received, without tax, in hundredths of a percent.
    #[schema(minimum = 0, maximum = 10_000, example = 7000)]
    #[serde(default)]
    practitioner_bps: u32,
    /// Where another part is agreed; the first that fits holds.
    #[serde(default)]
    exceptions: Vec<ShareBody>,
}

/// A tax.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TaxBody {
    /// What it is called.
    #[schema(example = "VAT")]
    name: String,
    /// How much, in hundredths of a percent: 1600 is 16 %.
    #[schema(minimum = 0, maximum = 10_000)]
    rate_bps: u32,
    /// Whether prices and fees have it in them.
    is_included: bool,
}

/// Another part in some cases.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BillingShareBody)]
struct ShareBody {
    /// Of this practitioner; anybody when absent.
    #[schema(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
    /// For this visit type; any when absent.
    #[schema(value_type = Option<String>)]
    service: Option<ServiceId>,
    /// The part, in hundredths of a percent.
    practitioner_bps: u32,
}

impl From<BillingBody> for BillingRules {
    fn from(body: BillingBody) -> Self {
        let TaxBody { name, rate_bps, is_included } = body.tax;
        let exceptions = body.exceptions.into_iter().map(|one| ShareRule {
            practitioner: one.practitioner,
            service: one.service,
            practitioner_bps: one.practitioner_bps,
        });
        Self {
            seller: body.seller,
            tax_number: body.tax_number,
            prefix: body.prefix,
            tax: Tax { name, rate_bps, is_included },
            practitioner_bps: body.practitioner_bps,
            exceptions: exceptions.collect(),
        }
    }
}

/// A clinic's rules about money.
#[derive(Serialize, ToSchema)]
struct BillingView {
    /// How often they were changed; also the `ETag`. 0 before anybody has.
    rev: i64,
    /// What holds.
    #[serde(flatten)]
    rules: BillingBody,
}

impl From<Billing> for BillingView {
    fn from(Billing { rev, rules, .. }: Billing) -> Self {
        let Tax { name, rate_bps, is_included } = rules.tax;
        let exceptions = rules.exceptions.into_iter().map(|one| ShareBody {
            practitioner: one.practitioner,
            service: one.service,
            practitioner_bps: one.practitioner_bps,
        });
        let rules = BillingBody {
            seller: rules.seller,
            tax_number: rules.tax_number,
            prefix: rules.prefix,
            tax: TaxBody { name, rate_bps, is_included },
            practitioner_bps: rules.practitioner_bps,
            exceptions: exceptions.collect(),
        };
        Self { rev: rev.0, rules }
    }
}

/// How a clinic can be paid.
#[derive(Serialize, ToSchema)]
struct PaymentMethodsView {
    /// `card`, `paypal`, `mpesa`: those that are set up.
    methods: Vec<&'static str>,
}

/// Lists the ways in which patients can pay by themselves
///
/// Public. Cash, transfers and vouchers are taken by the desk.
#[utoipa::path(
    get,
    path = "/v1/payment-methods",
    tag = "payments",
    responses((status = OK, description = "The ways", body = PaymentMethodsView)),
)]
async fn list_payment_methods(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<PaymentMethodsView>, Problem> {
    let methods = usecase::list_payment_methods(&api, &caller)?;
    let methods = methods.into_iter().map(crate::domain::payment::Method::name).collect();
    Ok(Json(PaymentMethodsView { methods }))
}

/// Reads the clinic's rules about money
#[utoipa::path(
    get,
    path = "/v1/billing",
    tag = "payments",
    responses(
        (status = OK, description = "The rules", body = BillingView),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_billing(
    State(api): State<Api>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    let billing = usecase::read_billing(&api, &caller).await?;
    Ok((etag(billing.rev), Json(BillingView::from(billing))))
}

/// Changes the clinic's rules about money
///
/// Needs a fresh proof. What was begun before keeps the rules that held then: documents that were given out never change.
#[utoipa::path(
    put,
    path = "/v1/billing",
    tag = "payments",
    request_body = BillingBody,
    params(("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = OK, description = "The rules", body = BillingView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn update_billing(
    State(api): State<Api>,
    caller: Caller,
    IfMatch(seen): IfMatch,
    Body(body): Body<BillingBody>,
) -> Result<impl IntoResponse, Problem> {
    let billing = usecase::update_billing(&api, &caller, seen, body.into()).await?;
    Ok((etag(billing.rev), Json(BillingView::from(billing))))
}
