//! Cards by Stripe: PaymentIntents with automatic or manual capture, refunds, disputes.
//!
//! Bodies are forms with brackets, the API's version is pinned, every change carries an `Idempotency-Key` that is made
//! with the payment's row, so that a repetition is the same (Stripe keeps keys for a day at least). Card numbers never
//! come near us: the page gives the intent's client secret to Stripe's own fields.

use std::time::Duration;

use aws_lc_rs::hmac;
use jiff::Timestamp;
use protocol::redact::Redacted;
use reqwest::{Method as Verb, RequestBuilder};
use serde_json::Value;
use url::Url;

use super::{
    About, Asking, Caps, Deaf, Gateway, GatewayError, Heard, Hearing, Listed, Order, RefundWay,
    Word, wire,
};
use crate::{
    domain::{
        money::{Currency, Money},
        payment::{
            Call, Dispute, Flow, NextAction, Payment, Refund, RefundCall, RefundSeen, RefundState,
            Rules, Seen, Standing, Unanswered,
        },
    },
    ports::http_client::{self, Answer},
};

/// The version of the API that this was written against.
pub const VERSION: &str = "2026-10-28.endive";

/// How old a signed event may be, as in Stripe's own libraries.
const TOLERANCE_S: i64 = 300;

/// Less than the day for which Stripe keeps a key at least.
const KEY_LIFE: Duration = Duration::from_secs(23 * 3600);

/// Stripe cancels what is reserved after seven days, by card network sooner; half a day is for whoever has to act.
const AUTHORIZED_FOR: Duration = Duration::from_secs((7 * 24 - 12) * 3600);

/// Payments of a page of Stripe's list, and pages that are read of it at most.
const PAGE: u32 = 10;
const PAGES_MAX: u32 = 500;

/// An account at Stripe.
pub struct StripeAccount {
    /// Its address: `https://api.stripe.com`.
    pub base: String,
    /// The secret key.
    pub secret_key: Redacted<String>,
    /// What signs events: the newest first, and whichever still may while it is being replaced.
    pub webhook_secrets: Vec<Redacted<String>>,
}

/// Takes cards by an account.
pub struct Stripe {
    http: reqwest::Client,
    base: Url,
    account: StripeAccount,
}

impl Stripe {
    /// Takes cards by an account.
    ///
    /// # Errors
    /// When its address is neither https nor this machine, or nothing could prove an event.
    pub fn new(account: StripeAccount) -> Result<Self, GatewayError> {
        let base = http_client::allowed(&account.base).ok_or(GatewayError::Address)?;
        if account.webhook_secrets.iter().all(|secret| secret.expose().is_empty()) {
            return Err(GatewayError::Setting("a secret that signs Stripe's events is missing"));
        }
        Ok(Self { http: http_client::client(http_client::TIMEOUT)?, base, account })
    }

    fn request(&self, verb: Verb, path: &str) -> RequestBuilder {
        let mut url = self.base.clone();
        url.set_path(path);
        self.http
            .request(verb, url)
            .bearer_auth(self.account.secret_key.expose())
            .header("stripe-version", VERSION)
    }

    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, Unanswered> {
        let mut url = self.base.clone();
        url.set_path(path);
        url.query_pairs_mut().extend_pairs(query);
        let request = self
            .http
            .get(url)
            .bearer_auth(self.account.secret_key.expose())
            .header("stripe-version", VERSION);
        judged(&wire::ask(request).await?)
    }

    async fn post(
        &self,
        path: &str,
        key: &str,
        fields: &[(&str, String)],
    ) -> Result<Value, Unanswered> {
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self
            .request(Verb::POST, path)
            .header("idempotency-key", key)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        judged(&wire::ask(request).await?)
    }

    async fn asked(&self, call: Call, payment: &Payment) -> Result<Seen, Unanswered> {
        let expand = ("expand[]", "latest_charge".to_owned());
        let id = payment.provider_id.as_deref().unwrap_or_default();
        let path = |verb: &str| format!("/v1/payment_intents/{id}{verb}");
        let intent = match call {
            Call::Create => {
                let capture = if payment.flow == Flow::Authorize { "manual" } else { "automatic" };
                let fields = [
                    ("amount", amount_of(payment.amount).ok_or(NO_AMOUNT)?.to_string()),
                    ("currency", payment.amount.currency.to_string().to_lowercase()),
                    ("automatic_payment_methods[enabled]", "true".to_owned()),
                    ("capture_method", capture.to_owned()),
                    ("metadata[payment]", payment.id.to_string()),
                    expand,
                ];
                let key = format!("{}.create", payment.id);
                self.post("/v1/payment_intents", &key, &fields).await?
            }
            Call::Find => return self.found(payment).await,
            // Stripe goes on by itself once the customer agreed.
            Call::Read | Call::Confirm => self.get(&path(""), &[expand]).await?,
            Call::Capture(minor) => {
                let wanted = Money { minor, currency: payment.amount.currency };
                let amount = amount_of(wanted).ok_or(NO_AMOUNT)?.to_string();
                let key = format!("{}.capture.{minor}", payment.id);
                let fields = [("amount_to_capture", amount), expand];
                self.post(&path("/capture"), &key, &fields).await?
            }
            Call::Cancel => {
                let key = format!("{}.cancel", payment.id);
                self.post(&path("/cancel"), &key, &[expand]).await?
            }
        };
        self.seen(&intent).await
    }

    /// Looks through the list for a payment whose creation was answered by a failure.
    async fn found(&self, payment: &Payment) -> Result<Seen, Unanswered> {
        let from = payment.sent_at.unwrap_or(payment.created_at);
        let to = from + jiff::SignedDuration::from_hours(25);
        let mut found = None;
        self.pages(from, to, |intent| {
            if wire::text(intent, "/metadata/payment") == Some(payment.id.as_str()) {
                found = wire::text(intent, "/id").map(str::to_owned);
            }
        })
        .await?;
        let id = found.ok_or(Unanswered::NotThere)?;
        let path = format!("/v1/payment_intents/{id}");
        let intent = self.get(&path, &[("expand[]", "latest_charge".to_owned())]).await?;
        self.seen(&intent).await
    }

    async fn pages(
        &self,
        from: Timestamp,
        to: Timestamp,
        mut each: impl FnMut(&Value),
    ) -> Result<(), Unanswered> {
        let mut after: Option<String> = None;
        for _ in 0..PAGES_MAX {
            let mut query = vec![
                ("limit", PAGE.to_string()),
                // A minute before: their clock is another one.
                ("created[gte]", (from.as_second() - 60).to_string()),
                ("created[lte]", (to.as_second() + 60).to_string()),
            ];
            query.extend(after.take().map(|id| ("starting_after", id)));
            let page = self.get("/v1/payment_intents", &query).await?;
            let intents = wire::at(&page, "/data").as_array().ok_or(Unanswered::Unclear)?;
            intents.iter().for_each(&mut each);
            let last = intents.last().and_then(|intent| wire::text(intent, "/id"));
            match (wire::at(&page, "/has_more").as_bool(), last) {
                (Some(true), Some(last)) => after = Some(last.to_owned()),
                _ => return Ok(()),
            }
        }
        // Reading half a list would report the other half as missing.
        Err(Unanswered::Refused("list_too_long".to_owned()))
    }

    async fn seen(&self, intent: &Value) -> Result<Seen, Unanswered> {
        let provider_id = wire::text(intent, "/id").ok_or(Unanswered::Unclear)?.to_owned();
        let currency = currency_of(intent).ok_or(Unanswered::Unclear)?;
        let money =
            |pointer: &str| intent.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
        let minor = |pointer: &str| minor_of(money(pointer), currency);
        let captured = minor("/amount_received");
        let status = wire::text(intent, "/status").ok_or(Unanswered::Unclear)?;
        let cancelled_because = wire::text(intent, "/cancellation_reason");
        let standing = match status {
            "succeeded" => Standing::Captured,
            "requires_capture" => Standing::Authorized,
            "canceled" if matches!(cancelled_because, Some("expired" | "automatic")) => {
                Standing::Expired
            }
            "canceled" => Standing::Voided,
            // A declined card lets the customer try another.
            _ => Standing::Pending,
        };
        let error = wire::text(intent, "/last_payment_error/decline_code")
            .or_else(|| wire::text(intent, "/last_payment_error/code"));
        let secret = wire::text(intent, "/client_secret").map(str::to_owned);
        let until = intent
            .pointer("/latest_charge/payment_method_details/card/capture_before")
            .and_then(Value::as_i64)
            .and_then(|second| Timestamp::from_second(second).ok());
        let disputed = intent.pointer("/latest_charge/disputed").and_then(Value::as_bool);
        let dispute = if disputed == Some(true) { self.dispute(&provider_id).await? } else { None };
        Ok(Seen {
            payment: wire::text(intent, "/metadata/payment").and_then(|id| id.parse().ok()),
            receipt: None,
            amount: Money { minor: minor("/amount"), currency },
            authorized: captured.max(minor("/amount_capturable")),
            captured,
            refunded: Some(minor("/latest_charge/amount_refunded")),
            dispute,
            until,
            action: secret.filter(|_| standing == Standing::Pending).map(NextAction::ClientSecret),
            reason: error.or(cancelled_because).and_then(wire::code),
            standing,
            provider_id,
        })
    }

    async fn dispute(&self, intent: &str) -> Result<Option<Dispute>, Unanswered> {
        let query = [("payment_intent", intent.to_owned()), ("limit", "1".to_owned())];
        let list = self.get("/v1/disputes", &query).await?;
        Ok(wire::text(&list, "/data/0/status").and_then(|status| match status {
            "won" => Some(Dispute::Won),
            "lost" => Some(Dispute::Lost),
            // An inquiry: no money has moved.
            "warning_needs_response" | "warning_under_review" | "warning_closed" => None,
            _ => Some(Dispute::Open),
        }))
    }

    async fn asked_refund(
        &self,
        call: RefundCall,
        payment: &Payment,
        refund: &Refund,
    ) -> Result<RefundSeen, Unanswered> {
        let answer = match (call, &refund.provider_id) {
            (RefundCall::Read, Some(id)) => self.get(&format!("/v1/refunds/{id}"), &[]).await?,
            _ => {
                let intent = payment.provider_id.clone().ok_or(NO_AMOUNT)?;
                let reason = match refund.why.as_str() {
                    "duplicate" => "duplicate",
                    _ => "requested_by_customer",
                };
                let fields = [
                    ("payment_intent", intent),
                    ("amount", amount_of(refund.amount).ok_or(NO_AMOUNT)?.to_string()),
                    ("reason", reason.to_owned()),
                    ("metadata[refund]", refund.id.to_string()),
                ];
                self.post("/v1/refunds", refund.id.as_str(), &fields).await?
            }
        };
        let state = match wire::text(&answer, "/status") {
            Some("succeeded") => RefundState::Succeeded,
            Some("failed" | "canceled") => RefundState::Failed,
            Some(_) => RefundState::Submitted,
            None => return Err(Unanswered::Unclear),
        };
        let provider_id = wire::text(&answer, "/id").ok_or(Unanswered::Unclear)?.to_owned();
        let reason = wire::text(&answer, "/failure_reason").and_then(wire::code);
        Ok(RefundSeen { provider_id, state, reason })
    }

    /// Whether Stripe signed these bytes, lately.
    fn is_signed(&self, word: &Word<'_>) -> Result<(), Deaf> {
        let header = word.header("stripe-signature").ok_or(Deaf::Signature)?;
        let mut at = None;
        let mut signatures: Vec<Vec<u8>> = Vec::new();
        for part in header.split(',').take(20) {
            match part.trim().split_once('=') {
                Some(("t", second)) => at = Some(second.to_owned()),
                Some(("v1", digits)) => signatures.extend(wire::unhex(digits)),
                _ => {}
            }
        }
        let at = at.ok_or(Deaf::Signature)?;
        let second: i64 = at.parse().map_err(|_| Deaf::Signature)?;
        let mut signed = at.into_bytes();
        signed.push(b'.');
        signed.extend_from_slice(word.body);
        let fits = self.account.webhook_secrets.iter().any(|secret| {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
            signatures.iter().any(|signature| hmac::verify(&key, &signed, signature).is_ok())
        });
        if !fits {
            return Err(Deaf::Signature);
        }
        if (word.now.as_second() - second).abs() > TOLERANCE_S {
            return Err(Deaf::Stale);
        }
        Ok(())
    }
}

const NO_AMOUNT: Unanswered = Unanswered::Unclear;

impl Gateway for Stripe {
    fn caps(&self) -> Caps {
        Caps {
            authorize_for: Some(AUTHORIZED_FOR),
            cancel: true,
            refund: RefundWay::Cumulative,
            rules: Rules { key_life: Some(KEY_LIFE), customer_max: Duration::from_secs(86_400) },
        }
    }

    fn accepts(&self, amount: Money) -> Result<(), &'static str> {
        match amount_of(amount) {
            Some(1..=99_999_999) => Ok(()),
            Some(_) => Err("the amount is more, or less, than a card can pay"),
            None => Err("a card cannot pay this amount in this currency"),
        }
    }

    fn ask<'a>(&'a self, call: Call, payment: &'a Payment, _: &'a Order) -> Asking<'a, Seen> {
        Box::pin(self.asked(call, payment))
    }

    fn ask_refund<'a>(
        &'a self,
        call: RefundCall,
        payment: &'a Payment,
        refund: &'a Refund,
        _: &'a Order,
    ) -> Asking<'a, RefundSeen> {
        Box::pin(self.asked_refund(call, payment, refund))
    }

    fn hear<'a>(&'a self, word: &'a Word<'a>) -> Hearing<'a> {
        Box::pin(async move {
            self.is_signed(word)?;
            let event: Value = serde_json::from_slice(word.body).map_err(|_| Deaf::Unreadable)?;
            let id = wire::text(&event, "/id").and_then(wire::code).ok_or(Deaf::Unreadable)?;
            let kind = wire::text(&event, "/type").and_then(wire::code).ok_or(Deaf::Unreadable)?;
            let object = wire::at(&event, "/data/object");
            let about = match wire::text(object, "/object") {
                Some("payment_intent") => wire::text(object, "/id"),
                _ => wire::text(object, "/payment_intent"),
            };
            let about = about.map_or(About::Nothing, |id| About::Provider(id.to_owned()));
            Ok(Heard { event: id, kind, about, claim: None })
        })
    }

    fn list(&self, from: Timestamp, to: Timestamp) -> Asking<'_, Option<Vec<Listed>>> {
        Box::pin(async move {
            let mut all = Vec::new();
            self.pages(from, to, |intent| {
                let (Some(id), Some(currency)) = (wire::text(intent, "/id"), currency_of(intent))
                else {
                    return;
                };
                let received = wire::at(intent, "/amount_received").as_i64().unwrap_or_default();
                all.push(Listed {
                    provider_id: id.to_owned(),
                    reference: wire::text(intent, "/metadata/payment").map(str::to_owned),
                    captured: Money { minor: minor_of(received, currency), currency },
                });
            })
            .await?;
            Ok(Some(all))
        })
    }
}

fn judged(answer: &Answer) -> Result<Value, Unanswered> {
    if answer.status.is_success() {
        return wire::json(answer);
    }
    let body = wire::json(answer).unwrap_or_default();
    let code = wire::text(&body, "/error/decline_code")
        .or_else(|| wire::text(&body, "/error/code"))
        .or_else(|| wire::text(&body, "/error/type"))
        .and_then(wire::code);
    Err(wire::trouble(answer, code))
}

fn currency_of(intent: &Value) -> Option<Currency> {
    wire::text(intent, "/currency")?.to_uppercase().parse().ok()
}

/// An amount as Stripe counts it. Króna and Ugandan shilling have no minor unit any more, but Stripe still wants two
/// digits; the ariary has one that Stripe does not take; of three digits the last must be 0.
fn amount_of(money: Money) -> Option<i64> {
    match money.currency.to_string().as_str() {
        "ISK" | "UGX" => money.minor.checked_mul(100),
        "MGA" => (money.minor % 100 == 0).then_some(money.minor / 100),
        _ if money.currency.exponent() == 3 => (money.minor % 10 == 0).then_some(money.minor),
        _ => Some(money.minor),
    }
}

fn minor_of(amount: i64, currency: Currency) -> i64 {
    match currency.to_string().as_str() {
        "ISK" | "UGX" => amount / 100,
        "MGA" => amount.saturating_mul(100),
        _ => amount,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripe(secrets: &[&str]) -> Stripe {
        Stripe::new(StripeAccount {
            base: "https://api.stripe.com".into(),
            secret_key: "sk".to_owned().into(),
            webhook_secrets: secrets.iter().map(|one| (*one).to_owned().into()).collect(),
        })
        .unwrap()
    }

    /// The file is written by Stripe's own library: `tests/foreign/stripe_webhook.py`.
    #[test]
    fn stripes_own_signatures_are_understood() {
        let text = include_str!("../../../tests/foreign/stripe_webhook.json");
        let cases: Vec<Value> = serde_json::from_str(text).unwrap();
        assert!(cases.len() >= 6);
        for case in &cases {
            let at = case["at"].as_i64().unwrap();
            let header = case["header"].as_str().unwrap().to_owned();
            let heard = |secret: &str, body: &str, second: i64| {
                let proofs = [("stripe-signature".to_owned(), header.clone())];
                let now = Timestamp::from_second(second).unwrap();
                let word = Word { proofs: &proofs, body: body.as_bytes(), now };
                stripe(&["whsec_other", secret]).is_signed(&word)
            };
            let (secret, body) = (case["secret"].as_str().unwrap(), case["body"].as_str().unwrap());
            assert_eq!(heard(secret, body, at + TOLERANCE_S), Ok(()));
            assert_eq!(heard(secret, body, at + TOLERANCE_S + 1), Err(Deaf::Stale));
            assert_eq!(heard(secret, body, at - TOLERANCE_S - 1), Err(Deaf::Stale));
            assert_eq!(heard(secret, &format!("{body} "), at), Err(Deaf::Signature));
            assert_eq!(heard("whsec_none", body, at), Err(Deaf::Signature));
        }
    }

    #[test]
    fn amounts_are_as_stripe_counts_them() {
        let of = |minor, code: &str| amount_of(Money { minor, currency: code.parse().unwrap() });
        assert_eq!((of(1250, "KES"), of(1250, "JPY")), (Some(1250), Some(1250)));
        assert_eq!((of(5, "ISK"), of(5, "UGX")), (Some(500), Some(500)));
        assert_eq!((of(500, "MGA"), of(501, "MGA")), (Some(5), None));
        assert_eq!((of(1250, "KWD"), of(1251, "KWD")), (Some(1250), None));
        for code in ["KES", "ISK", "UGX", "MGA", "JPY"] {
            let currency = code.parse().unwrap();
            assert_eq!(minor_of(of(500, code).unwrap(), currency), 500, "{code}");
        }
    }
}
