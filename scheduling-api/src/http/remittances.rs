//! `/v1/remittances`: what insurers have paid, from their files.

use axum::{
    Json,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::PayerId,
        insurance::{claim::InsuranceClaim, remittance::Posted},
    },
    http::{
        body::{Asked, At, Text},
        error::Problem,
        limits::POST_BYTES_MAX,
        money::MoneyView,
        page::{PageQuery, PageView},
    },
    usecase::insurance::remittances::{self as usecase, Outcome},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new().routes(routes!(list_remittances)).merge(
        OpenApiRouter::new()
            .routes(routes!(post_remittance))
            .layer(DefaultBodyLimit::max(POST_BYTES_MAX)),
    )
}

/// What an insurer has paid at once.
#[derive(Serialize, ToSchema)]
struct RemittanceView {
    /// Which one.
    id: String,
    /// The insurer.
    payer: String,
    /// The transfer's number at the insurer's bank.
    trace: String,
    /// What it comes to.
    paid: MoneyView,
    /// What of it was posted to claims, in minor units; the rest is to be looked into.
    posted_minor: i64,
    /// How many of its claims were posted.
    posted: u32,
    /// How many did not fit.
    misfits: u32,
    /// When it was posted.
    #[schema(format = DateTime)]
    received_at: String,
}

impl From<Posted> for RemittanceView {
    fn from(one: Posted) -> Self {
        Self {
            id: one.id.into(),
            payer: one.payer.into(),
            trace: one.trace,
            paid: one.paid.into(),
            posted_minor: one.posted_minor,
            posted: one.posted,
            misfits: one.misfits,
            received_at: one.received_at.to_string(),
        }
    }
}

/// What became of one of a file's claims.
#[derive(Serialize, ToSchema)]
struct OutcomeView {
    /// What the file calls it.
    control: String,
    /// `posted`, or why it does not fit: `unknown_claim`, `other_currency`, `other_amount`, `not_awaited`, `decided_already`
    /// or `not_decided`.
    outcome: &'static str,
    /// The claim.
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<String>,
    /// How it stands now.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
}

impl From<Outcome> for OutcomeView {
    fn from(Outcome { control, claim }: Outcome) -> Self {
        match claim {
            Ok(InsuranceClaim { id, state, .. }) => {
                let (claim, state) = (Some(id.into()), Some(state.name()));
                Self { control, outcome: "posted", claim, state }
            }
            Err(misfit) => Self { control, outcome: misfit.name(), claim: None, state: None },
        }
    }
}

/// A remittance with what became of its claims.
#[derive(Serialize, ToSchema)]
struct PostedRemittanceView {
    /// The remittance.
    #[serde(flatten)]
    remittance: RemittanceView,
    /// Its claims, in the file's order.
    claims: Vec<OutcomeView>,
}

/// Posts what an insurer has paid
///
/// An X12 835 file of one transaction, at most 512 KiB and 500 claims, that balances. Needs a fresh proof. Each transfer is
/// posted once: by its trace number. What the insurer leaves to the patient is billed to them; what it denies stays open.
#[utoipa::path(
    post,
    path = "/v1/payers/{id}/remittances",
    tag = "insurance",
    request_body(content = String, content_type = "application/edi-x12"),
    params(("id" = String, Path, description = "The insurer")),
    responses(
        (status = CREATED, description = "What became of it", body = PostedRemittanceView),
        (status = "4XX", description = "Not posted", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn post_remittance(
    State(api): State<Api>,
    caller: Caller,
    At(payer): At<PayerId>,
    Text(file): Text,
) -> Result<Response, Problem> {
    let (remittance, claims) = usecase::post_remittance(&api, &caller, &payer, &file).await?;
    let claims = claims.into_iter().map(Into::into).collect();
    let view = PostedRemittanceView { remittance: remittance.into(), claims };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

/// Lists what insurers have paid, newest first
#[utoipa::path(
    get,
    path = "/v1/remittances",
    tag = "insurance",
    params(PageQuery),
    responses(
        (status = OK, description = "A page of remittances", body = PageView<RemittanceView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_remittances(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<RemittanceView>>, Problem> {
    let page = page.parse()?;
    Ok(Json(usecase::list_remittances(&api, &caller, &page).await?.into()))
}
