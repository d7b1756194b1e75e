//! `/v1/reconciliation`: where providers' books and ours differ.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::actor::Caller,
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::payments::reconcile as usecase,
};

/// A difference.
#[derive(Serialize, ToSchema)]
pub(super) struct DifferenceView {
    /// `missing_here` (a provider has money that nobody asked for), `captured_differs`, `ledger_differs`, `unsettled` (a
    /// visit is over, and its money is not as it should be), `unresolved` (nobody knows what became of it), `stuck`,
    /// `refund_waits` (for a person), `other_payment`, `other_amount`, `other_currency`, `captured_above_authorized` or
    /// `refunded_above_captured`.
    kind: String,
    /// The clinic; absent for money that nobody here asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    clinic: Option<String>,
    /// How it was, or was to be, paid.
    method: &'static str,
    /// The payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment: Option<String>,
    /// What the provider calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<String>,
    /// What our books say.
    #[serde(skip_serializing_if = "Option::is_none")]
    ours: Option<String>,
    /// What the provider says.
    #[serde(skip_serializing_if = "Option::is_none")]
    theirs: Option<String>,
    /// Since when it is known.
    #[schema(format = DateTime)]
    found_at: String,
}

impl From<usecase::Difference> for DifferenceView {
    fn from(one: usecase::Difference) -> Self {
        Self {
            kind: one.kind,
            clinic: one.clinic.map(Into::into),
            method: one.method.name(),
            payment: one.payment.map(Into::into),
            provider_id: one.provider_id,
            ours: one.ours,
            theirs: one.theirs,
            found_at: one.found.to_string(),
        }
    }
}

/// Lists where providers' books and ours differ
#[utoipa::path(
    get,
    path = "/v1/reconciliation",
    tag = "payments",
    params(PageQuery),
    responses(
        (status = OK, description = "A page of differences that last", body = PageView<DifferenceView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_differences(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<DifferenceView>>, Problem> {
    Ok(Json(usecase::list_differences(&api, &caller, &page.parse()?).await?.into()))
}

/// How a comparison ended.
#[derive(Serialize, ToSchema)]
pub(super) struct ReconciledView {
    /// How many differences there are.
    differences: usize,
}

/// Compares the books now
///
/// It is done every hour by itself.
#[utoipa::path(
    post,
    path = "/v1/reconciliation",
    tag = "payments",
    responses(
        (status = OK, description = "Compared", body = ReconciledView),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn reconcile(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<ReconciledView>, Problem> {
    let differences = usecase::reconcile_now(&api, &caller).await?;
    Ok(Json(ReconciledView { differences }))
}
