//! Those who take money, on loopback: the part of Stripe's, PayPal's and Daraja's wire that is used, with what goes wrong
//! there: answers lost before and after the deed, failures that are remembered under a key, tokens that end, a telephone
//! that is asked already.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::http::Asked;

/// What becomes of the next request.
#[derive(Debug, Clone, Copy)]
pub enum Fate {
    /// The connection breaks before anything is done.
    LostBefore,
    /// It is done, and the answer is lost.
    LostAfter,
    /// Nothing is done.
    Status(u16),
}

/// A provider's wire.
pub trait Speaks: Send + 'static {
    fn answer(&mut self, asked: &Asked, query: &HashMap<String, String>) -> (u16, Value);
}

/// A running provider; ends with the value.
pub struct Provider<S> {
    pub address: String,
    inside: Arc<Mutex<Inside<S>>>,
    served: tokio::task::JoinHandle<()>,
}

struct Inside<S> {
    speaks: S,
    asked: Vec<Asked>,
    /// By a part of the path.
    fates: VecDeque<(&'static str, Fate)>,
}

impl<S: Speaks> Provider<S> {
    pub async fn start(speaks: S) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let inside = Inside { speaks, asked: Vec::new(), fates: VecDeque::new() };
        let inside = Arc::new(Mutex::new(inside));
        let router = Router::new().fallback(answer::<S>).with_state(inside.clone());
        let served = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, inside, served }
    }

    /// The next request whose path has this part meets this fate.
    pub fn next(&self, path: &'static str, fate: Fate) {
        self.inside.lock().unwrap().fates.push_back((path, fate));
    }

    /// Requests whose path has this part.
    pub fn asked(&self, path: &str) -> Vec<Asked> {
        let inside = self.inside.lock().unwrap();
        inside.asked.iter().filter(|asked| asked.path.contains(path)).cloned().collect()
    }

    /// Everything that was ever sent.
    pub fn everything(&self) -> String {
        let inside = self.inside.lock().unwrap();
        inside.asked.iter().map(|asked| format!("{asked:?}")).collect()
    }

    /// What the provider does by itself.
    pub fn with<T>(&self, act: impl FnOnce(&mut S) -> T) -> T {
        act(&mut self.inside.lock().unwrap().speaks)
    }
}

impl<S> Drop for Provider<S> {
    fn drop(&mut self) {
        self.served.abort();
    }
}

async fn answer<S: Speaks>(
    State(inside): State<Arc<Mutex<Inside<S>>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query: HashMap<String, String> = query.into_owned().collect();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let asked = Asked { method, path: uri.path().to_owned(), headers, body, bytes: Vec::new() };
    let (fate, answered) = {
        let mut inside = inside.lock().unwrap();
        inside.asked.push(asked.clone());
        let at = inside.fates.iter().position(|(path, _)| asked.path.contains(path));
        let fate = at.and_then(|at| inside.fates.remove(at)).map(|(_, fate)| fate);
        let answered = match fate {
            Some(Fate::LostBefore | Fate::Status(_)) => None,
            _ => Some(inside.speaks.answer(&asked, &query)),
        };
        (fate, answered)
    };
    let (status, body) = match (fate, answered) {
        (Some(Fate::LostBefore | Fate::LostAfter), _) => panic!("the connection breaks"),
        (Some(Fate::Status(status)), _) => (status, json!({})),
        (None, Some(answered)) => answered,
        (None, None) => unreachable!(),
    };
    (StatusCode::from_u16(status).unwrap(), axum::Json(body)).into_response()
}

// -- Stripe

pub const STRIPE_KEY: &str = "sk_test_canary";
pub const STRIPE_SECRET: &str = "whsec_new";

#[derive(Default)]
pub struct Stripe {
    pub intents: BTreeMap<String, Value>,
    pub refunds: BTreeMap<String, Value>,
    pub disputes: Vec<Value>,
    /// By key: what was asked, and what was answered.
    keys: HashMap<String, (String, (u16, Value))>,
}

impl Stripe {
    /// The customer pays; the charge.
    pub fn pay(&mut self, id: &str) {
        let intent = self.intents.get_mut(id).unwrap();
        let amount = intent["amount"].clone();
        let manual = intent["capture_method"] == "manual";
        intent["latest_charge"] = json!({
            "id": format!("ch_{id}"), "object": "charge", "amount_refunded": 0, "disputed": false,
            "payment_method_details": { "card": { "capture_before": 1_773_000_000_i64 } },
        });
        if manual {
            intent["status"] = json!("requires_capture");
            intent["amount_capturable"] = amount;
        } else {
            intent["status"] = json!("succeeded");
            intent["amount_received"] = amount;
        }
    }

    pub fn only(&self) -> String {
        assert_eq!(self.intents.len(), 1);
        self.intents.keys().next().unwrap().clone()
    }

    fn post(&mut self, path: &str, form: &HashMap<String, String>) -> (u16, Value) {
        let parts: Vec<&str> = path.trim_start_matches("/v1/").split('/').collect();
        let number = |text: &str| text.parse::<i64>().unwrap();
        let wrong = |code: &str| {
            (400, json!({ "error": { "type": "invalid_request_error", "code": code } }))
        };
        match parts[..] {
            ["payment_intents"] => {
                assert_eq!(form["automatic_payment_methods[enabled]"], "true");
                let id = format!("pi_{}", self.intents.len() + 1);
                let intent = json!({
                    "id": id, "object": "payment_intent", "amount": number(&form["amount"]),
                    "currency": form["currency"], "capture_method": form["capture_method"],
                    "status": "requires_payment_method", "amount_capturable": 0, "amount_received": 0,
                    "client_secret": format!("{id}_secret_x"), "created": 1_772_431_200,
                    "metadata": { "payment": form["metadata[payment]"] }, "latest_charge": null,
                    "cancellation_reason": null, "last_payment_error": null,
                });
                self.intents.insert(id, intent.clone());
                (200, intent)
            }
            ["payment_intents", id, "capture"] => {
                let Some(intent) = self.intents.get_mut(id) else {
                    return wrong("resource_missing");
                };
                let amount = number(&form["amount_to_capture"]);
                if intent["status"] != "requires_capture"
                    || amount > intent["amount_capturable"].as_i64().unwrap()
                {
                    return wrong("payment_intent_unexpected_state");
                }
                intent["status"] = json!("succeeded");
                intent["amount_received"] = json!(amount);
                intent["amount_capturable"] = json!(0);
                (200, intent.clone())
            }
            ["payment_intents", id, "cancel"] => {
                let Some(intent) = self.intents.get_mut(id) else {
                    return wrong("resource_missing");
                };
                if intent["status"] == "succeeded" {
                    return wrong("payment_intent_unexpected_state");
                }
                intent["status"] = json!("canceled");
                intent["amount_capturable"] = json!(0);
                (200, intent.clone())
            }
            ["refunds"] => {
                let intent = self.intents.get_mut(&form["payment_intent"]).unwrap();
                let (amount, before) = (
                    number(&form["amount"]),
                    intent["latest_charge"]["amount_refunded"].as_i64().unwrap(),
                );
                if before + amount > intent["amount_received"].as_i64().unwrap() {
                    return wrong("charge_already_refunded");
                }
                intent["latest_charge"]["amount_refunded"] = json!(before + amount);
                let id = format!("re_{}", self.refunds.len() + 1);
                let refund = json!({ "id": id, "object": "refund", "status": "succeeded",
                    "amount": amount, "payment_intent": form["payment_intent"] });
                self.refunds.insert(id, refund.clone());
                (200, refund)
            }
            _ => panic!("nobody posts to {path}"),
        }
    }
}

impl Speaks for Stripe {
    fn answer(&mut self, asked: &Asked, query: &HashMap<String, String>) -> (u16, Value) {
        if asked.header("authorization") != format!("Bearer {STRIPE_KEY}") {
            return (401, json!({ "error": { "type": "invalid_request_error" } }));
        }
        assert_eq!(
            asked.header("stripe-version"),
            scheduling_api::ports::payments::stripe::VERSION
        );
        if asked.method == Method::POST {
            let key = asked.header("idempotency-key").to_owned();
            assert!(!key.is_empty() && key.len() <= 255, "every change has a key");
            let request = format!("{} {}", asked.path, asked.body);
            if let Some((before, answer)) = self.keys.get(&key) {
                if *before != request {
                    return (400, json!({ "error": { "type": "idempotency_error" } }));
                }
                return answer.clone();
            }
            let answer = self.post(&asked.path, &asked.form());
            self.keys.insert(key, (request, answer.clone()));
            return answer;
        }
        let parts: Vec<&str> = asked.path.trim_start_matches("/v1/").split('/').collect();
        let found = match parts[..] {
            ["payment_intents"] => {
                let after = query.get("starting_after");
                let mut all: Vec<Value> = self
                    .intents
                    .iter()
                    .filter(|(id, _)| after.is_none_or(|after| *id > after))
                    .map(|(_, intent)| intent.clone())
                    .collect();
                let limit: usize = query["limit"].parse().unwrap();
                let has_more = all.len() > limit;
                all.truncate(limit);
                Some(json!({ "object": "list", "data": all, "has_more": has_more }))
            }
            ["payment_intents", id] => self.intents.get(id).cloned(),
            ["refunds", id] => self.refunds.get(id).cloned(),
            ["disputes"] => Some(json!({ "object": "list", "data": self.disputes })),
            _ => None,
        };
        found
            .map_or((404, json!({ "error": { "code": "resource_missing" } })), |value| (200, value))
    }
}

// -- PayPal

#[derive(Default)]
pub struct Paypal {
    pub orders: BTreeMap<String, Value>,
    keys: HashMap<String, (u16, Value)>,
    tokens: u32,
    /// The next customer's bank declines.
    pub declines: bool,
}

pub const PAYPAL_WEBHOOK: &str = "WH-1";

impl Paypal {
    pub fn only(&self) -> String {
        assert_eq!(self.orders.len(), 1);
        self.orders.keys().next().unwrap().clone()
    }

    pub fn approve(&mut self, id: &str) {
        self.orders.get_mut(id).unwrap()["status"] = json!("APPROVED");
    }

    /// The token that was given last no longer counts.
    pub fn end_tokens(&mut self) {
        self.tokens += 1;
    }

    fn post(&mut self, path: &str, body: &Value) -> (u16, Value) {
        let parts: Vec<&str> = path.trim_start_matches("/v2/").split('/').collect();
        let issue = |issue: &str| {
            let details = json!([{ "issue": issue, "description": "x" }]);
            (422, json!({ "name": "UNPROCESSABLE_ENTITY", "details": details }))
        };
        match parts[..] {
            ["checkout", "orders"] => {
                let id = format!("ORDER{}", self.orders.len() + 1);
                let mut unit = body["purchase_units"][0].clone();
                unit["payments"] = json!({ "captures": [], "authorizations": [], "refunds": [] });
                let order = json!({
                    "id": id, "intent": body["intent"], "status": "PAYER_ACTION_REQUIRED",
                    "purchase_units": [unit],
                    "links": [{ "rel": "self", "href": "https://api/x" },
                        { "rel": "payer-action", "href": format!("https://paypal.example/{id}") }],
                });
                self.orders.insert(id, order.clone());
                (201, order)
            }
            ["checkout", "orders", id, verb] => {
                let declines = std::mem::take(&mut self.declines);
                let order = self.orders.get_mut(id).unwrap();
                if declines {
                    order["status"] = json!("PAYER_ACTION_REQUIRED");
                    return issue("INSTRUMENT_DECLINED");
                }
                if order["status"] != "APPROVED" {
                    return issue("ORDER_NOT_APPROVED");
                }
                order["status"] = json!("COMPLETED");
                let amount = order["purchase_units"][0]["amount"].clone();
                let kind = if verb == "capture" { "captures" } else { "authorizations" };
                let status = if verb == "capture" { "COMPLETED" } else { "CREATED" };
                let part = json!({ "id": format!("{kind}-{id}"), "status": status, "amount": amount,
                    "expiration_time": "2026-03-31T00:00:00Z" });
                order["purchase_units"][0]["payments"][kind] = json!([part]);
                (201, order.clone())
            }
            ["payments", "captures", capture, "refund"] => {
                let id = capture.strip_prefix("captures-").unwrap().to_owned();
                let unit = &mut self.orders.get_mut(&id).unwrap()["purchase_units"][0];
                let refund = json!({ "id": format!("REFUND{}", self.keys.len()), "status": "COMPLETED",
                    "amount": body["amount"] });
                unit["payments"]["refunds"].as_array_mut().unwrap().push(refund.clone());
                unit["payments"]["captures"][0]["status"] = json!("PARTIALLY_REFUNDED");
                (201, refund)
            }
            ["payments", "authorizations", authorization, verb] => {
                let id = authorization.strip_prefix("authorizations-").unwrap().to_owned();
                let unit = &mut self.orders.get_mut(&id).unwrap()["purchase_units"][0];
                if verb == "void" {
                    unit["payments"]["authorizations"][0]["status"] = json!("VOIDED");
                    return (204, Value::Null);
                }
                let capture = json!({ "id": format!("captures-{id}"), "status": "COMPLETED",
                    "amount": body["amount"] });
                unit["payments"]["captures"] = json!([capture]);
                unit["payments"]["authorizations"][0]["status"] = json!("CAPTURED");
                (201, capture)
            }
            _ => panic!("nobody posts to {path}"),
        }
    }
}

impl Speaks for Paypal {
    fn answer(&mut self, asked: &Asked, _: &HashMap<String, String>) -> (u16, Value) {
        if asked.path == "/v1/oauth2/token" {
            assert_eq!(asked.body, "grant_type=client_credentials");
            let basic = BASE64_STANDARD.encode("the-id:the-secret");
            assert_eq!(asked.header("authorization"), format!("Basic {basic}"));
            self.tokens += 1;
            let token = format!("token{}", self.tokens);
            return (200, json!({ "access_token": token, "expires_in": 32_400 }));
        }
        if asked.header("authorization") != format!("Bearer token{}", self.tokens) {
            return (401, json!({ "error": "invalid_token" }));
        }
        if asked.path.ends_with("verify-webhook-signature") {
            let body = asked.json();
            // The signature of this fake is over the event's bytes as they stand in the question.
            let event = asked.body.split_once("\"webhook_event\":").unwrap().1;
            let event = &event[..event.len() - 1];
            let fits = body["webhook_id"] == PAYPAL_WEBHOOK
                && body["transmission_sig"] == paypal_signature(event);
            let status = if fits { "SUCCESS" } else { "FAILURE" };
            return (200, json!({ "verification_status": status }));
        }
        if asked.method == Method::POST {
            let key = asked.header("paypal-request-id").to_owned();
            assert!(!key.is_empty() || asked.path.ends_with("/void"), "changes have a key");
            if let Some(answer) = self.keys.get(&key).filter(|_| !key.is_empty()) {
                return answer.clone();
            }
            let body = if asked.body.is_empty() { Value::Null } else { asked.json() };
            let answer = self.post(&asked.path, &body);
            if answer.0 < 300 {
                self.keys.insert(key, answer.clone());
            }
            return answer;
        }
        let id = asked.path.rsplit('/').next().unwrap();
        self.orders.get(id).map_or((404, json!({})), |order| (200, order.clone()))
    }
}

pub fn paypal_signature(event: &str) -> String {
    format!("signed:{}", event.len())
}

// -- Daraja

#[derive(Default)]
pub struct Daraja {
    tokens: u32,
    pub pushes: Vec<Push>,
    pub reversals: Vec<Value>,
    /// The list of what came in lags behind.
    pub list_lags: bool,
}

#[derive(Debug, Clone)]
pub struct Push {
    pub id: String,
    pub body: Value,
    /// The result code, once the payer decided.
    pub result: Option<i64>,
    pub receipt: String,
}

impl Daraja {
    /// Somebody else fetches a token, which ends the one before.
    pub fn end_tokens(&mut self) {
        self.tokens += 1;
    }

    fn push(&mut self, body: Value) -> (u16, Value) {
        let at = body["Timestamp"].as_str().unwrap();
        let password = BASE64_STANDARD.encode(format!("174379the-passkey{at}"));
        assert_eq!(body["Password"], password);
        assert!(body["AccountReference"].as_str().unwrap().len() <= 12);
        assert!(body["TransactionDesc"].as_str().unwrap().len() <= 13);
        assert!(body["Amount"].is_i64(), "whole shillings");
        if self.pushes.iter().any(|push| push.result.is_none()) {
            // The subscriber has a prompt before them.
            return (
                500,
                json!({ "requestId": "1", "errorCode": "500.001.1001", "errorMessage": "x" }),
            );
        }
        let number = self.pushes.len() + 1;
        let push = Push {
            id: format!("ws_CO_{number}"),
            body,
            result: None,
            receipt: format!("NLJ7RT61S{number}"),
        };
        self.pushes.push(push.clone());
        (
            200,
            json!({ "MerchantRequestID": "29115-1", "CheckoutRequestID": push.id,
            "ResponseCode": "0", "ResponseDescription": "x", "CustomerMessage": "x" }),
        )
    }

    /// The payer of the last push decides; the callback, and where it goes.
    pub fn decide(&mut self, code: i64) -> (String, Value) {
        let push = self.pushes.last_mut().unwrap();
        push.result = Some(code);
        let mut callback = json!({
            "MerchantRequestID": "29115-1", "CheckoutRequestID": push.id, "ResultCode": code,
            "ResultDesc": "x",
        });
        if code == 0 {
            callback["CallbackMetadata"] = json!({ "Item": [
                { "Name": "Amount", "Value": push.body["Amount"].as_f64().unwrap() },
                { "Name": "MpesaReceiptNumber", "Value": push.receipt },
                { "Name": "Balance" },
                { "Name": "TransactionDate", "Value": 20_260_302_090_000_u64 },
                { "Name": "PhoneNumber", "Value": 254_712_345_678_u64 },
            ] });
        }
        let url = push.body["CallBackURL"].as_str().unwrap().to_owned();
        (url, json!({ "Body": { "stkCallback": callback } }))
    }
}

impl Speaks for Daraja {
    fn answer(&mut self, asked: &Asked, query: &HashMap<String, String>) -> (u16, Value) {
        let error = |status, code: &str| {
            (status, json!({ "requestId": "1", "errorCode": code, "errorMessage": "x" }))
        };
        if asked.path == "/oauth/v1/generate" {
            assert_eq!(query["grant_type"], "client_credentials");
            let basic = BASE64_STANDARD.encode("the-key:the-secret");
            assert_eq!(asked.header("authorization"), format!("Basic {basic}"));
            self.tokens += 1;
            // A text, here.
            return (
                200,
                json!({ "access_token": format!("token{}", self.tokens), "expires_in": "3599" }),
            );
        }
        if asked.header("authorization") != format!("Bearer token{}", self.tokens) {
            return error(404, "404.001.03");
        }
        let body = asked.json();
        match asked.path.as_str() {
            "/mpesa/stkpush/v1/processrequest" => self.push(body),
            "/mpesa/stkpushquery/v1/query" => {
                let push = self.pushes.iter().find(|push| body["CheckoutRequestID"] == push.id);
                match push.and_then(|push| push.result) {
                    Some(code) => (
                        200,
                        json!({ "ResponseCode": "0", "ResultCode": code.to_string(),
                        "CheckoutRequestID": body["CheckoutRequestID"] }),
                    ),
                    None => error(500, "500.001.1001"),
                }
            }
            "/pulltransactions/v1/query" => {
                let paid =
                    self.pushes.iter().filter(|push| push.result == Some(0) && !self.list_lags);
                let rows: Vec<Value> = paid
                    .map(|push| {
                        json!({ "transactionId": push.receipt, "msisdn": "254******678",
                        "billreference": push.body["AccountReference"],
                        "amount": format!("{}.00", push.body["Amount"]) })
                    })
                    .collect();
                (200, json!({ "ResponseCode": "1000", "Response": [rows] }))
            }
            "/mpesa/reversal/v1/request" => {
                assert_eq!(body["RecieverIdentifierType"], "11");
                assert_eq!(body["SecurityCredential"], "the-credential");
                self.reversals.push(body);
                (
                    200,
                    json!({ "OriginatorConversationID": "o", "ResponseCode": "0",
                    "ConversationID": format!("AG_{}", self.reversals.len()) }),
                )
            }
            path => panic!("nobody posts to {path}"),
        }
    }
}
