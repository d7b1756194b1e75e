//! What payment providers tell us: the raw bytes, proved by each one's own way, kept, answered.

use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use serde_json::{Value, json};

use crate::{
    api::Api,
    domain::payment::Method,
    http::{body::At, caller::Stranger, error::Problem},
    usecase::payments::hear::{Address, Post, receive_payment_event as receive},
};

/// Takes Stripe's word about a payment
///
/// Signed by `Stripe-Signature` over the raw body, not older than five minutes. A word without a signature that fits is
/// answered 404. What is taken is only a hint: the payment is read from Stripe before anything moves.
#[utoipa::path(
    post,
    path = "/v1/hooks/stripe",
    tag = "hooks",
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = NO_CONTENT, description = "Taken"),
        (status = "4XX", description = "Not taken", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn receive_stripe_event(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    receive(&api, &caller, Method::Card, &post(&headers, &body), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes `PayPal`'s word about a payment
///
/// `PayPal` is asked whether it said this. As with the others, it is only a hint.
#[utoipa::path(
    post,
    path = "/v1/hooks/paypal",
    tag = "hooks",
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = NO_CONTENT, description = "Taken"),
        (status = "4XX", description = "Not taken", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn receive_paypal_event(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    receive(&api, &caller, Method::Paypal, &post(&headers, &body), None).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes M-Pesa's word about one payment or refund
///
/// M-Pesa signs nothing: each payment and refund has an address that nobody can guess, and what is said there is only a
/// hint.
#[utoipa::path(
    post,
    path = "/v1/hooks/mpesa/{id}/{secret}",
    tag = "hooks",
    request_body(content = String, content_type = "application/json"),
    params(
        ("id" = String, Path, description = "The payment or refund"),
        ("secret" = String, Path, description = "What nobody can guess"),
    ),
    responses(
        (status = OK, description = "Taken", body = Value),
        (status = "4XX", description = "Not taken", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn receive_mpesa_event(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    At((id, secret)): At<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let address = Some(Address { id: &id, secret: &secret });
    receive(&api, &caller, Method::Mpesa, &post(&headers, &body), address).await?;
    // As Safaricom wants it.
    Ok(Json(json!({ "ResultCode": 0, "ResultDesc": "Accepted" })))
}

/// The headers by which providers prove themselves.
const PROOFS: [&str; 6] = [
    "stripe-signature",
    "paypal-auth-algo",
    "paypal-cert-url",
    "paypal-transmission-id",
    "paypal-transmission-sig",
    "paypal-transmission-time",
];

fn post<'a>(headers: &HeaderMap, body: &'a [u8]) -> Post<'a> {
    let proofs = PROOFS.iter().filter_map(|name| {
        let value = headers.get(*name)?.to_str().ok()?;
        Some(((*name).to_owned(), value.to_owned()))
    });
    Post { proofs: proofs.collect(), body }
}
