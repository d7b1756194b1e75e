//! `/v1/payments/{id}/refunds`, `POST /v1/refunds/{id}/resolve`.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::RefundView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{PaymentId, RefundId},
        payment::RefundState,
    },
    http::{
        body::{At, Idempotent},
        error::Problem,
    },
    usecase::payments::{manage as usecase, read},
};

/// A payment's refunds.
#[derive(Serialize, ToSchema)]
pub(super) struct RefundsView {
    /// The oldest first.
    items: Vec<RefundView>,
}

/// Lists a payment's refunds
#[utoipa::path(
    get,
    path = "/v1/payments/{id}/refunds",
    tag = "payments",
    params(("id" = String, Path, description = "The payment")),
    responses(
        (status = OK, description = "Its refunds", body = RefundsView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_refunds(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PaymentId>,
) -> Result<Json<RefundsView>, Problem> {
    let found = read::list_refunds(&api, &caller, &id).await?;
    Ok(Json(RefundsView { items: found.into_iter().map(Into::into).collect() }))
}

/// What is to be given back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundBody {
    /// In minor units; all that is left when absent.
    #[schema(minimum = 1)]
    amount_minor: Option<i64>,
    /// `requested_by_customer`, `duplicate`, `mistake` or `cancelled`.
    reason: String,
}

/// Gives money back
///
/// Needs a fresh proof. Never more than was taken. What called-off visits owe goes back by itself.
#[utoipa::path(
    post,
    path = "/v1/payments/{id}/refunds",
    tag = "payments",
    request_body = RefundBody,
    params(
        ("id" = String, Path, description = "The payment"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = CREATED, description = "The refund", body = RefundView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn refund_payment(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PaymentId>,
    Idempotent(once, body): Idempotent<RefundBody>,
) -> Result<Response, Problem> {
    let what = (body.amount_minor, body.reason.as_str());
    let refund = usecase::refund_payment(&api, &caller, once.as_ref(), &id, what).await?;
    Ok((StatusCode::CREATED, Json(RefundView::from(refund))).into_response())
}

/// What became of a refund that waits for a person.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResolveBody {
    /// `succeeded` (the money went back), `failed` (it stays, and is owed) or `waived` (the patient leaves it).
    #[schema(value_type = String, example = "succeeded")]
    state: RefundState,
}

/// Says what became of a refund that waits for a person
///
/// Needs a fresh proof.
#[utoipa::path(
    post,
    path = "/v1/refunds/{id}/resolve",
    tag = "payments",
    request_body = ResolveBody,
    params(
        ("id" = String, Path, description = "The refund"),
        ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
    ),
    responses(
        (status = OK, description = "The refund", body = RefundView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn resolve_refund(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<RefundId>,
    Idempotent(once, body): Idempotent<ResolveBody>,
) -> Result<Json<RefundView>, Problem> {
    Ok(Json(usecase::resolve_refund(&api, &caller, once.as_ref(), &id, body.state).await?.into()))
}
