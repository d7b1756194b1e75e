//! `/v1/payouts`: what practitioners are owed and were paid.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::PractitionerId,
        money::Money,
        payout::{Due, Payout},
    },
    http::{
        body::{Asked, Idempotent},
        error::Problem,
        money::MoneyView,
        page::{PageQuery, PageView},
    },
    usecase::payments::payouts::{self as usecase, Transfer},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list_payouts, make_payout))
        .routes(routes!(list_payouts_due))
}

/// Money that a practitioner was paid.
#[derive(Serialize, ToSchema)]
struct PayoutView {
    /// Which one.
    id: String,
    /// Who was paid.
    practitioner: String,
    /// How much.
    amount: MoneyView,
    /// What the bank calls the transfer.
    reference: String,
    /// When it was taken note of.
    #[schema(format = DateTime)]
    made_at: String,
}

impl From<Payout> for PayoutView {
    fn from(payout: Payout) -> Self {
        Self {
            id: payout.id.into(),
            practitioner: payout.practitioner.into(),
            amount: payout.amount.into(),
            reference: payout.reference,
            made_at: payout.made_at.to_string(),
        }
    }
}

/// What a practitioner is owed in one currency.
#[derive(Serialize, ToSchema)]
struct PayoutDueView {
    /// Who.
    practitioner: String,
    /// How much, after all payouts; below zero when patients were given money back since.
    amount: MoneyView,
}

impl From<Due> for PayoutDueView {
    fn from(due: Due) -> Self {
        let Due { practitioner, currency, minor } = due;
        Self { practitioner: practitioner.into(), amount: Money { minor, currency }.into() }
    }
}

/// What practitioners are owed.
#[derive(Serialize, ToSchema)]
struct PayoutsDueView {
    /// By practitioner and currency; who is owed nothing is not here.
    items: Vec<PayoutDueView>,
}

/// Lists what practitioners are owed
///
/// Their parts of what was received and kept, less what they were paid. A practitioner sees their own.
#[utoipa::path(
    get,
    path = "/v1/payouts/due",
    tag = "payments",
    responses(
        (status = OK, description = "By practitioner and currency", body = PayoutsDueView),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_payouts_due(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<PayoutsDueView>, Problem> {
    let found = usecase::list_due(&api, &caller).await?;
    Ok(Json(PayoutsDueView { items: found.into_iter().map(Into::into).collect() }))
}

/// Whose payouts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PayoutQuery {
    /// To this practitioner; a practitioner's own when absent.
    #[param(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists payouts, newest first
#[utoipa::path(
    get,
    path = "/v1/payouts",
    tag = "payments",
    params(PayoutQuery),
    responses(
        (status = OK, description = "A page of payouts", body = PageView<PayoutView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_payouts(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<PayoutQuery>,
) -> Result<Json<PageView<PayoutView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    Ok(Json(usecase::list_payouts(&api, &caller, query.practitioner, &page).await?.into()))
}

/// A transfer that was made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PayoutBody {
    /// To whom.
    #[schema(value_type = String)]
    practitioner: PractitionerId,
    /// How much; at most what they are owed in this currency.
    amount: MoneyView,
    /// What the bank calls the transfer: 1 to 40 letters, digits, spaces, `-` and `/`.
    #[schema(max_length = 40, example = "FT26/0331-7")]
    reference: String,
}

/// Takes note of a transfer to a practitioner
///
/// Needs a fresh proof. The clinic's bank moves the money; the ledger says that it has.
#[utoipa::path(
    post,
    path = "/v1/payouts",
    tag = "payments",
    request_body = PayoutBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The payout", body = PayoutView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn make_payout(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<PayoutBody>,
) -> Result<Response, Problem> {
    let PayoutBody { practitioner, amount, reference } = body;
    let transfer = Transfer { practitioner, amount: amount.into(), reference };
    let payout = usecase::make_payout(&api, &caller, once.as_ref(), transfer).await?;
    Ok((StatusCode::CREATED, Json(PayoutView::from(payout))).into_response())
}
