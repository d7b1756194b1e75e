//! `/v1/payers`: the insurers that a clinic bills.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::PayerId,
        insurance::{PatientShare, Payer, PayerCard, ProviderAddress},
    },
    http::{
        body::{Asked, At, Body, Idempotent},
        error::Problem,
        if_match::{IfMatch, etag},
        money::MoneyView,
        page::{PageQuery, PageView},
    },
    usecase::insurance::payers as usecase,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_payers, create_payer)).routes(routes!(update_payer))
}

/// What a patient pays of a visit that this insurer pays for.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum PatientShareBody {
    /// A fixed amount, and never more than the price. Visits in another currency are not billed to this insurer.
    Fixed {
        /// How much.
        amount: MoneyView,
    },
    /// A part of the price.
    Percent {
        /// In hundredths of a percent.
        #[schema(maximum = 10000)]
        bps: u32,
    },
}

/// What a clinic says about an insurer.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PayerBody {
    /// What it is called.
    #[schema(max_length = 60, example = "Social Health Authority")]
    name: String,
    /// Its identifier on the wire: 2 to 30 letters, digits, `-` and `.`.
    #[schema(max_length = 30, example = "SHA-01")]
    code: String,
    /// What it calls the clinic (an NPI in the USA): 2 to 30 letters, digits, `-` and `.`.
    #[schema(max_length = 30)]
    provider_number: String,
    /// What its patients pay.
    share: PatientShareBody,
    /// Where the clinic is, as this insurer knows it; X12 files need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<ProviderAddressBody>,
    /// Whether it is billed for new visits.
    #[serde(default = "yes")]
    #[schema(default = true)]
    active: bool,
}

/// Where the clinic is, as an insurer knows it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ProviderAddressBody {
    /// Street and house.
    #[schema(max_length = 55)]
    street: String,
    /// Town.
    #[schema(max_length = 30)]
    city: String,
    /// State or province.
    #[serde(default)]
    #[schema(max_length = 30)]
    region: String,
    /// Postal code.
    #[serde(default)]
    #[schema(max_length = 15)]
    postal_code: String,
}

const fn yes() -> bool {
    true
}

/// An insurer.
#[derive(Serialize, ToSchema)]
struct PayerView {
    /// Which one.
    id: String,
    /// How often it was changed.
    rev: i64,
    /// What the clinic says about it.
    #[serde(flatten)]
    card: PayerBody,
}

impl From<PayerBody> for PayerCard {
    fn from(body: PayerBody) -> Self {
        let PayerBody { name, code, provider_number, share, address, active } = body;
        let address = address.map(|ProviderAddressBody { street, city, region, postal_code }| {
            ProviderAddress { street, city, region, postal_code }
        });
        let share = match share {
            PatientShareBody::Fixed { amount } => PatientShare::Fixed { amount: amount.into() },
            PatientShareBody::Percent { bps } => PatientShare::Percent { bps },
        };
        Self { name, code, provider_number, share, address, active }
    }
}

impl From<Payer> for PayerView {
    fn from(payer: Payer) -> Self {
        let PayerCard { name, code, provider_number, share, address, active } = payer.card;
        let address = address.map(|ProviderAddress { street, city, region, postal_code }| {
            ProviderAddressBody { street, city, region, postal_code }
        });
        let share = match share {
            PatientShare::Fixed { amount } => PatientShareBody::Fixed { amount: amount.into() },
            PatientShare::Percent { bps } => PatientShareBody::Percent { bps },
        };
        let card = PayerBody { name, code, provider_number, share, address, active };
        Self { id: payer.id.into(), rev: payer.rev.0, card }
    }
}

/// Lists the insurers that the clinic bills
#[utoipa::path(
    get,
    path = "/v1/payers",
    tag = "insurance",
    params(PageQuery),
    responses(
        (status = OK, description = "A page of insurers", body = PageView<PayerView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_payers(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<PayerView>>, Problem> {
    let page = page.parse()?;
    Ok(Json(usecase::list_payers(&api, &caller, &page).await?.into()))
}

/// Names an insurer that the clinic bills
///
/// With it comes which part of a price its patients pay: the server decides by it when a visit is over.
#[utoipa::path(
    post,
    path = "/v1/payers",
    tag = "insurance",
    request_body = PayerBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The insurer", body = PayerView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn create_payer(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<PayerBody>,
) -> Result<Response, Problem> {
    let payer = usecase::create_payer(&api, &caller, once.as_ref(), body.into()).await?;
    let tag = etag(payer.rev);
    Ok((StatusCode::CREATED, tag, Json(PayerView::from(payer))).into_response())
}

/// Changes an insurer
///
/// Needs a fresh proof. Visits that are over keep the parts that were decided for them.
#[utoipa::path(
    put,
    path = "/v1/payers/{id}",
    tag = "insurance",
    request_body = PayerBody,
    params(
        ("id" = String, Path, description = "The insurer"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The insurer", body = PayerView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn update_payer(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PayerId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<PayerBody>,
) -> Result<impl IntoResponse, Problem> {
    let payer = usecase::update_payer(&api, &caller, &id, seen, body.into()).await?;
    Ok((etag(payer.rev), Json(PayerView::from(payer))))
}
