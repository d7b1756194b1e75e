//! Messages by WhatsApp over the Business Cloud API, and the words that come back about them.
//!
//! Outside of a conversation that a person began, only texts are taken that were approved beforehand: a template by its
//! name, with values for its places. The API has no idempotency key: what may have been taken is never sent again. What
//! became of a message is told by a signed call, which may come twice, in any order, and before the answer to the
//! sending; it brings back the delivery's id (`biz_opaque_callback_data`). Failures are told by `error.code`, not by
//! status.

use aws_lc_rs::hmac;
use serde::Deserialize;
use url::Url;

use crate::{
    domain::delivery::DeliveryState,
    ports::{
        carry::{Carry, CarryError, Carrying, Parcel, Repeats},
        http_client,
    },
};

/// A business account there.
#[derive(Clone)]
pub struct WhatsAppAccount {
    /// `https://graph.facebook.com/v23.0`, or another's of the same shape.
    pub base: String,
    /// The id of the number that messages come from.
    pub phone_number_id: String,
    /// A system user's token.
    pub token: String,
    /// The app's secret: it signs what we are told.
    pub app_secret: String,
    /// What the other side shows when it first asks whether we listen.
    pub verify_token: String,
}

/// Sends by an account.
pub struct WhatsApp {
    http: reqwest::Client,
    resource: Url,
    account: WhatsAppAccount,
    secret: hmac::Key,
}

/// An address that cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum WhatsAppError {
    /// Neither https nor this machine.
    #[error("the address of WhatsApp's API must be https")]
    Address,
    /// The system has no certificates.
    #[error("no certificates to trust WhatsApp's API by")]
    Tls(#[from] std::io::Error),
}

impl WhatsApp {
    /// Sends by an account.
    ///
    /// # Errors
    /// When its address is neither https nor this machine.
    pub fn new(account: WhatsAppAccount) -> Result<Self, WhatsAppError> {
        let base = account.base.trim_end_matches('/');
        let resource = format!("{base}/{}/messages", account.phone_number_id);
        let resource = http_client::allowed(&resource).ok_or(WhatsAppError::Address)?;
        let secret = hmac::Key::new(hmac::HMAC_SHA256, account.app_secret.as_bytes());
        let http = http_client::client(http_client::TIMEOUT)?;
        Ok(Self { http, resource, account, secret })
    }

    fn body(parcel: &Parcel) -> Option<serde_json::Value> {
        let template = parcel.template.as_ref()?;
        let values = template.values.iter();
        let values = values
            .map(|value| serde_json::json!({ "type": "text", "text": value.expose() }))
            .collect::<Vec<_>>();
        let to: String = parcel.to.expose().chars().filter(char::is_ascii_digit).collect();
        Some(serde_json::json!({
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            "to": to,
            "type": "template",
            "template": {
                "name": template.name,
                "language": { "policy": "deterministic", "code": parcel.language },
                "components": [{ "type": "body", "parameters": values }],
            },
            "biz_opaque_callback_data": parcel.key,
        }))
    }
}

#[derive(Deserialize)]
struct Taken {
    messages: Vec<TakenMessage>,
}

#[derive(Deserialize)]
struct TakenMessage {
    id: String,
}

#[derive(Deserialize)]
struct Trouble {
    error: TroubleError,
}

#[derive(Deserialize)]
struct TroubleError {
    code: i64,
}

/// Codes that mean "not now": limits of the app (4), of the account (80007), of throughput (130429), of one pair of
/// numbers (131056); a service that is away (131016), down for maintenance (131057), or in trouble (1, 2).
const LATER: [i64; 8] = [1, 2, 4, 80007, 130_429, 131_016, 131_056, 131_057];

impl Carry for WhatsApp {
    fn repeats(&self) -> Repeats {
        Repeats::Harmful
    }

    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(async move {
            let body = Self::body(parcel).ok_or_else(|| CarryError::refused("no template"))?;
            let request = self
                .http
                .post(self.resource.clone())
                .bearer_auth(&self.account.token)
                .header("content-type", "application/json")
                .body(body.to_string());
            let answer = http_client::ask(request).await?;
            if let Ok(trouble) = serde_json::from_slice::<Trouble>(&answer.body) {
                let why = format!("code {}", trouble.error.code);
                return Err(if LATER.contains(&trouble.error.code) {
                    CarryError::Later { why, after: answer.retry_after }
                } else {
                    CarryError::refused(why)
                });
            }
            let taken = answer.judged()?;
            let taken = serde_json::from_slice::<Taken>(&taken.body).ok();
            // Taken all the same, if under a name that we do not learn.
            Ok(taken.and_then(|taken| taken.messages.into_iter().next()).map(|one| one.id))
        })
    }
}

/// What is told of one message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// What the other side calls it.
    pub(crate) wamid: String,
    /// The delivery's id, as it was sent along.
    pub(crate) delivery: Option<String>,
    /// What became of it, when it is the last word.
    pub(crate) state: Option<DeliveryState>,
    /// The code for why not.
    pub(crate) code: Option<i64>,
}

#[derive(Deserialize)]
struct Call {
    object: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    changes: Vec<CallChange>,
}

#[derive(Deserialize)]
struct CallChange {
    field: String,
    value: CallValue,
}

#[derive(Deserialize)]
struct CallValue {
    #[serde(default)]
    statuses: Vec<CallStatus>,
}

#[derive(Deserialize)]
struct CallStatus {
    id: String,
    status: String,
    #[serde(default)]
    biz_opaque_callback_data: Option<String>,
    #[serde(default)]
    errors: Vec<TroubleError>,
}

impl WhatsApp {
    /// Whether a first question is the other side's, which then wants its own word back.
    pub(crate) fn is_theirs(&self, mode: &str, token: &str) -> bool {
        let expected = hmac::sign(&self.secret, self.account.verify_token.as_bytes());
        // Compared as digests, which takes as long whatever is equal.
        mode == "subscribe"
            && hmac::verify(&self.secret, token.as_bytes(), expected.as_ref()).is_ok()
    }

    /// Reads a call, if it is signed: HMAC-SHA256 of its bytes under the app's secret.
    pub(crate) fn statuses(&self, body: &[u8], signature: &str) -> Option<Vec<Status>> {
        let tag = unhex(signature.strip_prefix("sha256=")?)?;
        hmac::verify(&self.secret, body, &tag).ok()?;
        let call: Call = serde_json::from_slice(body).ok()?;
        if call.object != "whatsapp_business_account" {
            return Some(Vec::new());
        }
        let changes = call.entry.into_iter().flat_map(|entry| entry.changes);
        let told = changes.filter(|change| change.field == "messages");
        Some(told.flat_map(|change| change.value.statuses).map(Status::from).collect())
    }
}

impl From<CallStatus> for Status {
    fn from(told: CallStatus) -> Self {
        let state = match told.status.as_str() {
            "delivered" | "read" => Some(DeliveryState::Delivered),
            "failed" => Some(DeliveryState::Failed),
            _ => None,
        };
        let code = told.errors.first().map(|error| error.code);
        Self { wamid: told.id, delivery: told.biz_opaque_callback_data, state, code }
    }
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let pairs = digits.chunks_exact(2).map(|pair| std::str::from_utf8(pair).ok());
    pairs.map(|pair| pair.and_then(|pair| u8::from_str_radix(pair, 16).ok())).collect()
}
