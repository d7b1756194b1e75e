//! M-Pesa, Daraja 3.0: a prompt on the payer's telephone (STK push), a query, a reversal.
//!
//! Three things make it unlike the others. A push has no key by which a repetition would be known: what may have arrived
//! is never sent again, but looked for. Callbacks are not signed: each payment has an address of its own that nobody can
//! guess, and what is said there is a hint; only a query tells that money moved. And money comes in whole shillings.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{Timestamp, tz};
use protocol::redact::Redacted;
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use url::Url;

use super::{
    About, Asking, Caps, Claim, Deaf, Gateway, GatewayError, Heard, Hearing, Listed, Order,
    RefundWay, Word, wire,
};
use crate::{
    domain::{
        money::{Currency, Money},
        payment::{
            Call, NOT_POSSIBLE, NextAction, Payment, Refund, RefundCall, RefundSeen, RefundState,
            Rules, Seen, Standing, Unanswered,
        },
    },
    ports::http_client::{self, Answer},
};

/// A prompt is answered within a minute or two; what nobody finds after this was never paid.
const CUSTOMER_MAX: Duration = Duration::from_secs(10 * 60);

/// Payments of a page of the list, and pages that are read of it at most.
const PAGE: usize = 100;
const PAGES_MAX: usize = 100;

/// An account at Safaricom.
pub struct MpesaAccount {
    /// Its address: `https://api.safaricom.co.ke`.
    pub base: String,
    /// The application's key.
    pub consumer_key: String,
    /// Its secret.
    pub consumer_secret: Redacted<String>,
    /// The paybill or till number.
    pub shortcode: String,
    /// What its pushes are made with.
    pub passkey: Redacted<String>,
    /// Whether it is a till (goods) instead of a paybill.
    pub is_till: bool,
    /// Who may give money back, with the credential that Safaricom's portal makes of the password.
    pub initiator: Option<(String, Redacted<String>)>,
}

/// Takes money by an account.
pub struct Mpesa {
    http: reqwest::Client,
    base: Url,
    account: MpesaAccount,
    token: wire::Token,
}

impl Mpesa {
    /// Takes money by an account.
    ///
    /// # Errors
    /// When its address is neither https nor this machine, or the number is none.
    pub fn new(account: MpesaAccount) -> Result<Self, GatewayError> {
        let base = http_client::allowed(&account.base).ok_or(GatewayError::Address)?;
        let digits = account.shortcode.bytes().all(|byte| byte.is_ascii_digit());
        if !digits || !(5..=7).contains(&account.shortcode.len()) {
            return Err(GatewayError::Setting("the M-Pesa number must have 5 to 7 digits"));
        }
        let http = http_client::client(http_client::TIMEOUT)?;
        Ok(Self { http, base, account, token: wire::Token::default() })
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(path);
        url
    }

    async fn fetch_token(&self) -> Result<(String, i64), Unanswered> {
        let mut url = self.url("/oauth/v1/generate");
        url.query_pairs_mut().append_pair("grant_type", "client_credentials");
        let account = &self.account;
        let request = self
            .http
            .get(url)
            .basic_auth(&account.consumer_key, Some(account.consumer_secret.expose()));
        // Whatever happens here, nothing of the payment has left.
        let answer = wire::ask(request).await.map_err(|_| Unanswered::Later(None))?;
        let body = wire::json(&answer).map_err(|_| Unanswered::Later(None))?;
        let token = wire::text(&body, "/access_token").ok_or(Unanswered::Later(None))?;
        // A number here, a text there.
        let seconds = match wire::at(&body, "/expires_in") {
            Value::String(text) => text.parse().ok(),
            other => other.as_i64(),
        };
        Ok((token.to_owned(), seconds.unwrap_or(300)))
    }

    async fn post(&self, path: &str, body: &Value, now: Timestamp) -> Result<Value, Unanswered> {
        let text = body.to_string();
        let request = |token: &str| -> RequestBuilder {
            self.http
                .post(self.url(path))
                .bearer_auth(token)
                .header("content-type", "application/json")
                .body(text.clone())
        };
        let token = self.token.get(now, self.fetch_token()).await?;
        let mut answer = wire::ask(request(&token)).await?;
        if is_bad_token(&answer) {
            // Somebody else fetched a token, which ended ours.
            self.token.forget(&token).await;
            let token = self.token.get(now, self.fetch_token()).await?;
            answer = wire::ask(request(&token)).await?;
        }
        judged(&answer)
    }

    /// The password of a push or query, and the instant that is in it, on East Africa's clocks.
    fn password(&self, now: Timestamp) -> (String, String) {
        let at = tz::offset(3).to_datetime(now).strftime("%Y%m%d%H%M%S").to_string();
        let account = &self.account;
        let text = format!("{}{}{at}", account.shortcode, account.passkey.expose());
        (BASE64_STANDARD.encode(text), at)
    }

    async fn push(&self, payment: &Payment, order: &Order) -> Result<Seen, Unanswered> {
        let Some(telephone) = &order.telephone else {
            return Err(Unanswered::Refused("no_telephone".to_owned()));
        };
        let (password, at) = self.password(order.now);
        let shortcode = &self.account.shortcode;
        let kind =
            if self.account.is_till { "CustomerBuyGoodsOnline" } else { "CustomerPayBillOnline" };
        let body = json!({
            "BusinessShortCode": shortcode,
            "Password": password,
            "Timestamp": at,
            "TransactionType": kind,
            "Amount": payment.amount.minor / 100,
            "PartyA": telephone.expose(),
            "PartyB": shortcode,
            "PhoneNumber": telephone.expose(),
            "CallBackURL": order.hook.expose(),
            "AccountReference": payment.reference,
            "TransactionDesc": "Payment",
        });
        let answer = self.post("/mpesa/stkpush/v1/processrequest", &body, order.now).await?;
        if text_or_number(wire::at(&answer, "/ResponseCode")).as_deref() != Some("0") {
            let code =
                text_or_number(wire::at(&answer, "/ResponseCode")).as_deref().and_then(wire::code);
            return Err(Unanswered::Refused(code.unwrap_or_else(|| "refused".to_owned())));
        }
        let id = wire::text(&answer, "/CheckoutRequestID").ok_or(Unanswered::Unclear)?;
        Ok(reading(payment, id, Standing::Pending))
    }

    async fn query(&self, payment: &Payment, now: Timestamp) -> Result<Seen, Unanswered> {
        let id = payment.provider_id.as_deref().ok_or(Unanswered::NotThere)?;
        let (password, at) = self.password(now);
        let body = json!({
            "BusinessShortCode": self.account.shortcode,
            "Password": password,
            "Timestamp": at,
            "CheckoutRequestID": id,
        });
        let answer = match self.post("/mpesa/stkpushquery/v1/query", &body, now).await {
            Ok(answer) => answer,
            // "The transaction is being processed": the payer has the prompt before them.
            Err(Unanswered::Refused(code)) if code == "500.001.1001" => {
                return Ok(reading(payment, id, Standing::Pending));
            }
            Err(other) => return Err(other),
        };
        let code = text_or_number(wire::at(&answer, "/ResultCode")).ok_or(Unanswered::Unclear)?;
        Ok(match code.as_str() {
            "0" => Seen { receipt: payment.receipt.clone(), ..taken(payment, id) },
            // Being processed, in one of its other spellings.
            "4999" => reading(payment, id, Standing::Pending),
            "1019" => Seen { reason: wire::code(&code), ..reading(payment, id, Standing::Expired) },
            _ => Seen { reason: wire::code(&code), ..reading(payment, id, Standing::Failed) },
        })
    }

    /// What came in under our number in a span of time: the reference, the receipt, the amount.
    async fn pulled(
        &self,
        from: Timestamp,
        to: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Listed>, Unanswered> {
        let at =
            |at: Timestamp| tz::offset(3).to_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let mut all = Vec::new();
        for page in 0..PAGES_MAX {
            let body = json!({
                "ShortCode": self.account.shortcode,
                "StartDate": at(from),
                "EndDate": at(to),
                "OffSetValue": (page * PAGE).to_string(),
            });
            let answer = self.post("/pulltransactions/v1/query", &body, now).await?;
            let rows = wire::at(&answer, "/Response").as_array().cloned().unwrap_or_default();
            // A list of lists, of which the first has everything.
            let rows: Vec<Value> = rows
                .into_iter()
                .flat_map(|row| match row {
                    Value::Array(rows) => rows,
                    other => vec![other],
                })
                .collect();
            let count = rows.len();
            for row in rows {
                let amount = text_or_number(wire::at(&row, "/amount"));
                let captured = amount.and_then(|text| Money::from_decimal(&text, Currency::KES));
                let (Some(id), Some(captured)) = (wire::text(&row, "/transactionId"), captured)
                else {
                    return Err(Unanswered::Unclear);
                };
                let reference = wire::text(&row, "/billreference").map(str::to_owned);
                all.push(Listed { provider_id: id.to_owned(), reference, captured });
            }
            if count < PAGE {
                return Ok(all);
            }
        }
        Err(Unanswered::Refused("list_too_long".to_owned()))
    }

    async fn find(&self, payment: &Payment, now: Timestamp) -> Result<Listed, Unanswered> {
        let sent = payment.sent_at.unwrap_or(payment.created_at);
        let from = sent - jiff::SignedDuration::from_mins(2);
        let all = self.pulled(from, now, now).await?;
        let ours = all.into_iter().find(|one| one.reference.as_ref() == Some(&payment.reference));
        ours.ok_or(Unanswered::NotThere)
    }

    async fn asked(
        &self,
        call: Call,
        payment: &Payment,
        order: &Order,
    ) -> Result<Seen, Unanswered> {
        match call {
            Call::Create => self.push(payment, order).await,
            Call::Find => {
                let found = self.find(payment, order.now).await?;
                let id = payment.provider_id.as_deref().unwrap_or(&found.provider_id);
                let receipt = Some(found.provider_id.clone());
                let captured = found.captured;
                let seen = taken(payment, id);
                Ok(Seen {
                    receipt,
                    amount: captured,
                    captured: captured.minor,
                    authorized: captured.minor,
                    ..seen
                })
            }
            // Found by its receipt, it has no other name: its row in the list is what there is to read.
            Call::Read
                if payment.provider_id.is_some() && payment.provider_id == payment.receipt =>
            {
                Box::pin(self.asked(Call::Find, payment, order)).await
            }
            Call::Read => self.query(payment, order.now).await,
            Call::Confirm | Call::Capture(_) | Call::Cancel => {
                Err(Unanswered::Refused(NOT_POSSIBLE.to_owned()))
            }
        }
    }

    async fn reverse(
        &self,
        payment: &Payment,
        refund: &Refund,
        order: &Order,
    ) -> Result<RefundSeen, Unanswered> {
        let Some((initiator, credential)) = &self.account.initiator else {
            return Err(Unanswered::Refused("no_initiator".to_owned()));
        };
        let receipt = match &payment.receipt {
            Some(receipt) => receipt.clone(),
            // Nothing of the reversal has left yet.
            None => match self.find(payment, order.now).await {
                Ok(found) => found.provider_id,
                Err(Unanswered::NotThere | Unanswered::Refused(_)) => {
                    return Err(Unanswered::Refused("no_receipt".to_owned()));
                }
                Err(_) => return Err(Unanswered::Later(None)),
            },
        };
        let body = json!({
            "Initiator": initiator,
            "SecurityCredential": credential.expose(),
            "CommandID": "TransactionReversal",
            "TransactionID": receipt,
            "Amount": refund.amount.minor / 100,
            "ReceiverParty": self.account.shortcode,
            // Their spelling.
            "RecieverIdentifierType": "11",
            "ResultURL": order.hook.expose(),
            "QueueTimeOutURL": order.hook.expose(),
            "Remarks": "Refund",
        });
        let answer = self.post("/mpesa/reversal/v1/request", &body, order.now).await?;
        if text_or_number(wire::at(&answer, "/ResponseCode")).as_deref() != Some("0") {
            return Err(Unanswered::Refused("refused".to_owned()));
        }
        let id = wire::text(&answer, "/ConversationID").ok_or(Unanswered::Unclear)?;
        let (provider_id, state) = (id.to_owned(), RefundState::Submitted);
        Ok(RefundSeen { provider_id, state, reason: None })
    }
}

impl Gateway for Mpesa {
    fn caps(&self) -> Caps {
        let refund =
            if self.account.initiator.is_some() { RefundWay::Told } else { RefundWay::ByHand };
        let rules = Rules { key_life: None, customer_max: CUSTOMER_MAX };
        Caps { authorize_for: None, cancel: false, refund, rules }
    }

    fn accepts(&self, amount: Money) -> Result<(), &'static str> {
        if amount.currency != Currency::KES {
            return Err("M-Pesa takes Kenyan shillings only");
        }
        if amount.minor % 100 != 0 || !(1..=250_000).contains(&(amount.minor / 100)) {
            return Err("M-Pesa takes whole shillings, 1 to 250000");
        }
        Ok(())
    }

    fn ask<'a>(&'a self, call: Call, payment: &'a Payment, order: &'a Order) -> Asking<'a, Seen> {
        Box::pin(self.asked(call, payment, order))
    }

    fn ask_refund<'a>(
        &'a self,
        call: RefundCall,
        payment: &'a Payment,
        refund: &'a Refund,
        order: &'a Order,
    ) -> Asking<'a, RefundSeen> {
        Box::pin(async move {
            match call {
                RefundCall::Submit => self.reverse(payment, refund, order).await,
                // The end is told, and can only be told.
                RefundCall::Read => Err(Unanswered::Later(None)),
            }
        })
    }

    /// The address says which payment or refund it is about; who calls proved to know it.
    fn hear<'a>(&'a self, word: &'a Word<'a>) -> Hearing<'a> {
        Box::pin(async move {
            let body: Value = serde_json::from_slice(word.body).map_err(|_| Deaf::Unreadable)?;
            heard(&body).ok_or(Deaf::Unreadable)
        })
    }

    fn list(&self, from: Timestamp, to: Timestamp) -> Asking<'_, Option<Vec<Listed>>> {
        Box::pin(async move { self.pulled(from, to, to).await.map(Some) })
    }
}

fn heard(body: &Value) -> Option<Heard> {
    let about = About::Nothing;
    if let Some(callback) = body.pointer("/Body/stkCallback") {
        let id = wire::text(callback, "/CheckoutRequestID").and_then(wire::code)?;
        let code = text_or_number(wire::at(callback, "/ResultCode"))?;
        let items = callback.pointer("/CallbackMetadata/Item").and_then(Value::as_array);
        let item = |name: &str| {
            let item = items?.iter().find(|item| wire::text(item, "/Name") == Some(name))?;
            text_or_number(wire::at(item, "/Value"))
        };
        let claim = Claim {
            moved: code == "0",
            amount: item("Amount"),
            receipt: item("MpesaReceiptNumber").as_deref().and_then(wire::code),
            code: wire::code(&code)?,
            provider_id: id.clone(),
        };
        let event = format!("{id}.{code}");
        return Some(Heard { event, kind: "stk_callback".to_owned(), about, claim: Some(claim) });
    }
    let result = body.get("Result")?;
    let id = wire::text(result, "/ConversationID").and_then(wire::code)?;
    let code = text_or_number(wire::at(result, "/ResultCode"))?;
    let claim = Claim {
        moved: code == "0",
        amount: None,
        receipt: wire::text(result, "/TransactionID").and_then(wire::code),
        code: wire::code(&code)?,
        provider_id: id.clone(),
    };
    let event = format!("{id}.{code}");
    Some(Heard { event, kind: "reversal_result".to_owned(), about, claim: Some(claim) })
}

/// A reading that moves nothing.
fn reading(payment: &Payment, id: &str, standing: Standing) -> Seen {
    let action = (standing == Standing::Pending).then_some(NextAction::Telephone);
    Seen {
        provider_id: id.to_owned(),
        payment: None,
        receipt: None,
        amount: payment.amount,
        standing,
        authorized: 0,
        captured: 0,
        refunded: None,
        dispute: None,
        until: None,
        action,
        reason: None,
    }
}

/// A reading of a push that was paid. A push is of one amount, which is ours: it was told by nobody else.
fn taken(payment: &Payment, id: &str) -> Seen {
    let minor = payment.amount.minor;
    Seen { authorized: minor, captured: minor, ..reading(payment, id, Standing::Captured) }
}

/// Codes are texts here and numbers there.
fn text_or_number(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn error_code(answer: &Answer) -> Option<String> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    wire::text(&body, "/errorCode").and_then(wire::code)
}

fn is_bad_token(answer: &Answer) -> bool {
    answer.status.as_u16() == 401
        || matches!(error_code(answer).as_deref(), Some("404.001.03" | "400.003.01"))
}

fn judged(answer: &Answer) -> Result<Value, Unanswered> {
    if answer.status.is_success() {
        return wire::json(answer);
    }
    Err(match error_code(answer) {
        // Spike arrest and quota: nothing was done.
        Some(code) if code == "500.003.02" || code == "500.003.03" => {
            Unanswered::Later(answer.retry_after)
        }
        // Whatever else it has a code for, it has decided.
        Some(code) => Unanswered::Refused(code),
        None => wire::trouble(answer, None),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callback_is_read_with_and_without_its_items() {
        let paid = json!({ "Body": { "stkCallback": {
            "MerchantRequestID": "29115-34620561-1",
            "CheckoutRequestID": "ws_CO_191220191020363925",
            "ResultCode": 0,
            "ResultDesc": "The service request is processed successfully.",
            "CallbackMetadata": { "Item": [
                { "Name": "Amount", "Value": 1.00 },
                { "Name": "MpesaReceiptNumber", "Value": "NLJ7RT61SV" },
                { "Name": "Balance" },
                { "Name": "TransactionDate", "Value": 20_191_219_102_115_u64 },
                { "Name": "PhoneNumber", "Value": 254_708_374_149_u64 }
            ] }
        } } });
        let claim = heard(&paid).unwrap().claim.unwrap();
        assert!(claim.moved);
        assert_eq!(claim.receipt.as_deref(), Some("NLJ7RT61SV"));
        let amount = Money::from_decimal(&claim.amount.unwrap(), Currency::KES).unwrap();
        assert_eq!(amount.minor, 100);
        let cancelled = json!({ "Body": { "stkCallback": {
            "MerchantRequestID": "1", "CheckoutRequestID": "ws_CO_2", "ResultCode": 1032,
            "ResultDesc": "Request cancelled by user"
        } } });
        let claim = heard(&cancelled).unwrap().claim.unwrap();
        assert_eq!((claim.moved, claim.code.as_str()), (false, "1032"));
        assert_eq!(heard(&json!({ "Body": {} })), None);
        let result = json!({ "Result": { "ResultType": 0, "ResultCode": "R000002",
            "ResultDesc": "The OriginalTransactionID is invalid.",
            "OriginatorConversationID": "a", "ConversationID": "AG_1", "TransactionID": "X1" } });
        assert_eq!(heard(&result).unwrap().claim.unwrap().code, "R000002");
    }
}
