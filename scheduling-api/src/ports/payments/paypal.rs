//! `PayPal`, Orders v2: the customer agrees at `PayPal`'s page, then we capture or authorise.
//!
//! Amounts are decimal texts, changes carry `PayPal-Request-Id`. An event is proved by asking `PayPal`
//! (`verify-webhook-signature`), with its bytes untouched within the question: few such questions run at once, so that
//! whoever posts rubbish here cannot make us ask without end.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use protocol::redact::Redacted;
use reqwest::{Method as Verb, RequestBuilder};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use url::Url;

use super::{
    About, Asking, Caps, Deaf, Gateway, GatewayError, Heard, Hearing, Listed, Order, RefundWay,
    Word, wire,
};
use crate::{
    domain::{
        money::{Currency, Money},
        payment::{
            Call, Flow, NextAction, Payment, Refund, RefundCall, RefundSeen, RefundState, Rules,
            Seen, Standing, Unanswered,
        },
    },
    ports::http_client::{self, Answer},
};

/// `PayPal` keeps request ids for hours at least; what is repeated later is looked for first.
const KEY_LIFE: Duration = Duration::from_secs(5 * 3600);

/// `PayPal` honours an authorisation for three days.
const AUTHORIZED_FOR: Duration = Duration::from_secs((3 * 24 - 6) * 3600);

/// Events that are being proved at one time.
const PROOFS_MAX: usize = 4;

/// How old an event may be. `PayPal` tries for three days; each try has the time of the first.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(73);

/// An account at `PayPal`.
pub struct PaypalAccount {
    /// Its address: `https://api-m.paypal.com`.
    pub base: String,
    /// The application's id.
    pub client_id: String,
    /// Its secret.
    pub client_secret: Redacted<String>,
    /// The ids of our registrations for events: the newest first, and whichever still may while it is being replaced.
    pub webhook_ids: Vec<String>,
}

/// Takes money by an account.
pub struct Paypal {
    http: reqwest::Client,
    base: Url,
    account: PaypalAccount,
    token: wire::Token,
    proofs: Semaphore,
}

impl Paypal {
    /// Takes money by an account.
    ///
    /// # Errors
    /// When its address is neither https nor this machine, or nothing could prove an event.
    pub fn new(account: PaypalAccount) -> Result<Self, GatewayError> {
        let base = http_client::allowed(&account.base).ok_or(GatewayError::Address)?;
        if account.webhook_ids.iter().all(String::is_empty) {
            return Err(GatewayError::Setting(
                "the id of the registration for PayPal's events is missing",
            ));
        }
        Ok(Self {
            http: http_client::client(http_client::TIMEOUT)?,
            base,
            account,
            token: wire::Token::default(),
            proofs: Semaphore::new(PROOFS_MAX),
        })
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    async fn fetch_token(&self) -> Result<(String, i64), Unanswered> {
        let request = self
            .http
            .post(self.url("/v1/oauth2/token"))
            .basic_auth(&self.account.client_id, Some(self.account.client_secret.expose()))
            .header("content-type", "application/x-www-form-urlencoded")
            .body("grant_type=client_credentials");
        let answer = wire::ask(request).await?;
        if !answer.status.is_success() {
            // Nothing of the payment has left.
            return Err(Unanswered::Later(answer.retry_after));
        }
        let body = wire::json(&answer).map_err(|_| Unanswered::Later(None))?;
        let token = wire::text(&body, "/access_token").ok_or(Unanswered::Later(None))?;
        Ok((token.to_owned(), wire::at(&body, "/expires_in").as_i64().unwrap_or(300)))
    }

    /// Asks with a token, and once more with a new one when the first is no longer taken.
    async fn asked(
        &self,
        now: Timestamp,
        request: impl Fn() -> RequestBuilder + Send + Sync,
    ) -> Result<Answer, Unanswered> {
        let token = self.token.get(now, self.fetch_token()).await?;
        let answer = wire::ask(request().bearer_auth(&token)).await?;
        if answer.status.as_u16() != 401 {
            return Ok(answer);
        }
        self.token.forget(&token).await;
        let token = self.token.get(now, self.fetch_token()).await?;
        wire::ask(request().bearer_auth(&token)).await
    }

    async fn call(
        &self,
        verb: Verb,
        path: &str,
        key: Option<String>,
        body: Option<Value>,
        now: Timestamp,
    ) -> Result<Value, Unanswered> {
        let body = body.map(|body| body.to_string());
        let request = || {
            let mut request = self
                .http
                .request(verb.clone(), self.url(path))
                .header("content-type", "application/json")
                .header("prefer", "return=representation");
            if let Some(key) = &key {
                request = request.header("paypal-request-id", key);
            }
            match &body {
                Some(body) => request.body(body.clone()),
                None => request,
            }
        };
        judged(&self.asked(now, request).await?)
    }

    async fn order(&self, payment: &Payment, now: Timestamp) -> Result<Value, Unanswered> {
        let id = payment.provider_id.as_deref().ok_or(Unanswered::NotThere)?;
        self.call(Verb::GET, &format!("/v2/checkout/orders/{id}"), None, None, now).await
    }

    async fn asked_for(
        &self,
        call: Call,
        payment: &Payment,
        order: &Order,
    ) -> Result<Seen, Unanswered> {
        let now = order.now;
        let id = payment.provider_id.as_deref().unwrap_or_default();
        let answer = match call {
            Call::Create => {
                let key = Some(format!("{}.create", payment.id));
                let body = Some(wanted(payment, order));
                self.call(Verb::POST, "/v2/checkout/orders", key, body, now).await?
            }
            // Orders cannot be listed. Nobody agrees to one whose address was never told, so no money moves by it.
            Call::Find => return Err(Unanswered::NotThere),
            Call::Read => self.order(payment, now).await?,
            Call::Confirm => {
                let verb = if payment.flow == Flow::Authorize { "authorize" } else { "capture" };
                let path = format!("/v2/checkout/orders/{id}/{verb}");
                // A key of each try: an order is captured once whatever its key, and a declined try is not to be
                // answered for the next one.
                let key = Some(format!("{}.confirm.{}", payment.id, payment.rev));
                let done = self.call(Verb::POST, &path, key, Some(json!({})), now).await;
                match done {
                    // The customer's turn again, or done before: the order says which.
                    Err(Unanswered::Refused(_)) | Ok(_) => self.order(payment, now).await?,
                    Err(other) => return Err(other),
                }
            }
            Call::Capture(minor) => {
                let order = self.order(payment, now).await?;
                let authorization = part(&order, "authorizations").ok_or(Unanswered::Unclear)?;
                let amount = amount(Money { minor, currency: payment.amount.currency });
                let path = format!("/v2/payments/authorizations/{authorization}/capture");
                let key = Some(format!("{}.capture.{minor}", payment.id));
                let body = Some(json!({ "amount": amount, "final_capture": true }));
                self.call(Verb::POST, &path, key, body, now).await?;
                self.order(payment, now).await?
            }
            Call::Cancel => {
                let order = self.order(payment, now).await?;
                match part(&order, "authorizations") {
                    Some(authorization) => {
                        let path = format!("/v2/payments/authorizations/{authorization}/void");
                        self.void(&path, now).await?;
                        self.order(payment, now).await?
                    }
                    // An order that nobody goes on with comes to nothing by itself.
                    None => {
                        let seen = seen(&order)?;
                        let open = matches!(seen.standing, Standing::Pending | Standing::Approved);
                        let standing = if open { Standing::Voided } else { seen.standing };
                        return Ok(Seen { standing, action: None, ..seen });
                    }
                }
            }
        };
        seen(&answer)
    }

    async fn void(&self, path: &str, now: Timestamp) -> Result<(), Unanswered> {
        let request = || self.http.post(self.url(path)).header("content-type", "application/json");
        let answer = self.asked(now, request).await?;
        if answer.status.is_success() { Ok(()) } else { judged(&answer).map(drop) }
    }

    async fn asked_refund(
        &self,
        call: RefundCall,
        payment: &Payment,
        refund: &Refund,
        now: Timestamp,
    ) -> Result<RefundSeen, Unanswered> {
        let answer = match (call, &refund.provider_id) {
            (RefundCall::Read, Some(id)) => {
                self.call(Verb::GET, &format!("/v2/payments/refunds/{id}"), None, None, now).await?
            }
            _ => {
                let order = self.order(payment, now).await?;
                let capture = part(&order, "captures").ok_or(Unanswered::Unclear)?;
                let path = format!("/v2/payments/captures/{capture}/refund");
                let body = json!({ "amount": amount(refund.amount), "custom_id": refund.id });
                let key = Some(refund.id.to_string());
                self.call(Verb::POST, &path, key, Some(body), now).await?
            }
        };
        let state = match wire::text(&answer, "/status") {
            Some("COMPLETED") => RefundState::Succeeded,
            Some("FAILED" | "CANCELLED") => RefundState::Failed,
            Some(_) => RefundState::Submitted,
            None => return Err(Unanswered::Unclear),
        };
        let provider_id = wire::text(&answer, "/id").ok_or(Unanswered::Unclear)?.to_owned();
        let reason = wire::text(&answer, "/status_details/reason").and_then(wire::code);
        Ok(RefundSeen { provider_id, state, reason })
    }

    /// Asks `PayPal` whether it said this.
    async fn is_signed(&self, word: &Word<'_>) -> Result<(), Deaf> {
        let header = |name: &str| word.header(name).ok_or(Deaf::Signature);
        let time = header("paypal-transmission-time")?;
        let said: Timestamp = time.parse().map_err(|_| Deaf::Signature)?;
        let age = word.now.duration_since(said);
        let known = json!({
            "auth_algo": header("paypal-auth-algo")?,
            "cert_url": header("paypal-cert-url")?,
            "transmission_id": header("paypal-transmission-id")?,
            "transmission_sig": header("paypal-transmission-sig")?,
            "transmission_time": time,
        });
        if age > TOLERANCE || age < -SignedDuration::from_mins(5) {
            return Err(Deaf::Stale);
        }
        let event = std::str::from_utf8(word.body).map_err(|_| Deaf::Unreadable)?;
        serde_json::from_str::<Value>(event).map_err(|_| Deaf::Unreadable)?;
        let _place = self.proofs.try_acquire().map_err(|_| Deaf::Busy)?;
        for id in self.account.webhook_ids.iter().filter(|id| !id.is_empty()) {
            let mut question = known.clone();
            if let Some(fields) = question.as_object_mut() {
                fields.insert("webhook_id".to_owned(), json!(id));
            }
            let question = question.to_string();
            // The event's bytes as they came: written anew they would not be what was signed.
            let body = format!("{},\"webhook_event\":{event}}}", question.trim_end_matches('}'));
            let request = || {
                self.http
                    .post(self.url("/v1/notifications/verify-webhook-signature"))
                    .header("content-type", "application/json")
                    .body(body.clone())
            };
            let answer = self.asked(word.now, request).await.map_err(|_| Deaf::Busy)?;
            if !answer.status.is_success() {
                let refused = answer.status.is_client_error() && answer.status.as_u16() != 429;
                return Err(if refused { Deaf::Signature } else { Deaf::Busy });
            }
            let verdict = wire::json(&answer).map_err(|_| Deaf::Busy)?;
            if wire::text(&verdict, "/verification_status") == Some("SUCCESS") {
                return Ok(());
            }
        }
        Err(Deaf::Signature)
    }
}

impl Gateway for Paypal {
    fn caps(&self) -> Caps {
        Caps {
            authorize_for: Some(AUTHORIZED_FOR),
            cancel: true,
            refund: RefundWay::Cumulative,
            rules: Rules { key_life: Some(KEY_LIFE), customer_max: Duration::from_secs(86_400) },
        }
    }

    fn accepts(&self, amount: Money) -> Result<(), &'static str> {
        let code = amount.currency.to_string();
        // These have a minor unit that PayPal does not take.
        let whole = matches!(code.as_str(), "HUF" | "TWD") && amount.minor % 100 != 0;
        if amount.minor <= 0 || whole || !CURRENCIES.contains(&code.as_str()) {
            return Err("PayPal cannot take this amount in this currency");
        }
        Ok(())
    }

    fn ask<'a>(&'a self, call: Call, payment: &'a Payment, order: &'a Order) -> Asking<'a, Seen> {
        Box::pin(self.asked_for(call, payment, order))
    }

    fn ask_refund<'a>(
        &'a self,
        call: RefundCall,
        payment: &'a Payment,
        refund: &'a Refund,
        order: &'a Order,
    ) -> Asking<'a, RefundSeen> {
        Box::pin(self.asked_refund(call, payment, refund, order.now))
    }

    fn hear<'a>(&'a self, word: &'a Word<'a>) -> Hearing<'a> {
        Box::pin(async move {
            self.is_signed(word).await?;
            let event: Value = serde_json::from_slice(word.body).map_err(|_| Deaf::Unreadable)?;
            let id = wire::text(&event, "/id").and_then(wire::code).ok_or(Deaf::Unreadable)?;
            let kind =
                wire::text(&event, "/event_type").and_then(wire::code).ok_or(Deaf::Unreadable)?;
            let resource = wire::at(&event, "/resource");
            let order = if kind.starts_with("CHECKOUT.ORDER.") {
                wire::text(resource, "/id")
            } else {
                wire::text(resource, "/supplementary_data/related_ids/order_id")
            };
            let payment = wire::text(resource, "/custom_id").and_then(|id| id.parse().ok());
            let about = match (order, payment) {
                (Some(order), _) => About::Provider(order.to_owned()),
                (None, Some(payment)) => About::Payment(payment),
                (None, None) => About::Nothing,
            };
            Ok(Heard { event: id, kind, about, claim: None })
        })
    }

    fn list(&self, _: Timestamp, _: Timestamp) -> Asking<'_, Option<Vec<Listed>>> {
        Box::pin(std::future::ready(Ok(None)))
    }
}

/// What `PayPal` takes.
const CURRENCIES: [&str; 24] = [
    "AUD", "BRL", "CAD", "CNY", "CZK", "DKK", "EUR", "HKD", "HUF", "ILS", "JPY", "MYR", "MXN",
    "TWD", "NZD", "NOK", "PHP", "PLN", "GBP", "SGD", "SEK", "CHF", "THB", "USD",
];

fn amount(money: Money) -> Value {
    let value = match money.currency.to_string().as_str() {
        "HUF" | "TWD" => (money.minor / 100).to_string(),
        _ => money.decimal(),
    };
    json!({ "currency_code": money.currency, "value": value })
}

fn wanted(payment: &Payment, order: &Order) -> Value {
    let intent = if payment.flow == Flow::Authorize { "AUTHORIZE" } else { "CAPTURE" };
    json!({
        "intent": intent,
        "purchase_units": [{
            "reference_id": payment.reference,
            "custom_id": payment.id,
            "amount": amount(payment.amount),
        }],
        "payment_source": { "paypal": { "experience_context": {
            "return_url": order.return_url,
            "cancel_url": order.return_url,
            "user_action": "PAY_NOW",
            "shipping_preference": "NO_SHIPPING",
        } } },
    })
}

/// The id of the newest part of an order of some kind.
fn part(order: &Value, kind: &str) -> Option<String> {
    let parts = order.pointer(&format!("/purchase_units/0/payments/{kind}"))?.as_array()?;
    wire::text(parts.last()?, "/id").map(str::to_owned)
}

fn money(value: &Value) -> Option<Money> {
    let currency: Currency = wire::text(value, "/currency_code")?.parse().ok()?;
    Money::from_decimal(wire::text(value, "/value")?, currency)
}

/// The sum of an order's parts of some kind that stand so.
fn sum(order: &Value, kind: &str, standing: &[&str]) -> Option<i64> {
    let parts = order.pointer(&format!("/purchase_units/0/payments/{kind}"));
    let mut all = 0;
    for one in parts.and_then(Value::as_array).into_iter().flatten() {
        if wire::text(one, "/status").is_some_and(|status| standing.contains(&status)) {
            all += money(wire::at(one, "/amount"))?.minor;
        }
    }
    Some(all)
}

fn seen(order: &Value) -> Result<Seen, Unanswered> {
    let unit = order.pointer("/purchase_units/0").ok_or(Unanswered::Unclear)?;
    let amount = money(wire::at(unit, "/amount")).ok_or(Unanswered::Unclear)?;
    let total = |kind, standing: &[&str]| sum(order, kind, standing).ok_or(Unanswered::Unclear);
    let captured = total("captures", &["COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"])?;
    let reserved = total("authorizations", &["CREATED", "CAPTURED", "PARTIALLY_CAPTURED"])?;
    let refunded = total("refunds", &["COMPLETED"])?;
    let last = |kind: &str, pointer: &str| {
        let parts = unit.pointer(&format!("/payments/{kind}"))?.as_array()?;
        wire::text(parts.last()?, pointer).map(str::to_owned)
    };
    let authorization = last("authorizations", "/status");
    let capture = last("captures", "/status");
    let standing = match wire::text(order, "/status").ok_or(Unanswered::Unclear)? {
        _ if captured > 0 => Standing::Captured,
        "APPROVED" => Standing::Approved,
        "VOIDED" => Standing::Voided,
        _ => match (authorization.as_deref(), capture.as_deref()) {
            (_, Some("DECLINED" | "FAILED")) | (Some("DENIED"), _) => Standing::Failed,
            (_, Some("PENDING")) | (Some("PENDING"), None) => Standing::Pending,
            (Some("VOIDED"), _) => Standing::Voided,
            (Some("CREATED"), None) => Standing::Authorized,
            _ => Standing::Pending,
        },
    };
    let until = last("authorizations", "/expiration_time").and_then(|at| at.parse().ok());
    let link = wire::at(order, "/links")
        .as_array()
        .into_iter()
        .flatten()
        .find(|link| matches!(wire::text(link, "/rel"), Some("payer-action" | "approve")));
    let action = link.and_then(|link| wire::text(link, "/href")).map(str::to_owned);
    Ok(Seen {
        provider_id: wire::text(order, "/id").ok_or(Unanswered::Unclear)?.to_owned(),
        payment: wire::text(unit, "/custom_id").and_then(|id| id.parse().ok()),
        receipt: None,
        amount,
        authorized: reserved.max(captured),
        captured,
        refunded: Some(refunded),
        dispute: None,
        until,
        action: action.filter(|_| standing == Standing::Pending).map(NextAction::Redirect),
        reason: last("captures", "/status_details/reason").as_deref().and_then(wire::code),
        standing,
    })
}

fn judged(answer: &Answer) -> Result<Value, Unanswered> {
    if answer.status.is_success() {
        return if answer.body.is_empty() { Ok(Value::Null) } else { wire::json(answer) };
    }
    let body = wire::json(answer).unwrap_or_default();
    let code = wire::text(&body, "/details/0/issue")
        .or_else(|| wire::text(&body, "/name"))
        .and_then(wire::code);
    Err(wire::trouble(answer, code))
}
