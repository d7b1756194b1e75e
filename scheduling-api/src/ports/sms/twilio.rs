//! Text messages over the Messages resource of Twilio's shape, and the word that comes back about them.
//!
//! The resource has no idempotency key: what may have been taken is never sent again. Delivery is told by a signed
//! callback, which may come twice, in any order, and before the answer to the sending itself.

use aws_lc_rs::hmac;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Deserialize;
use url::Url;

use crate::{
    domain::delivery::DeliveryState,
    ports::{
        carry::{Carry, CarryError, Carrying, Parcel, Repeats},
        http_client,
    },
};

/// An account there.
#[derive(Clone)]
pub struct TwilioAccount {
    /// `https://api.twilio.com`, or another's of the same shape.
    pub base: String,
    /// The account's id.
    pub sid: String,
    /// The account's token: it also signs callbacks.
    pub token: String,
    /// The number, or the messaging service (`MG...`), that messages come from.
    pub from: String,
    /// Where callbacks go; the delivery's id is put behind it.
    pub callback: String,
}

/// Sends by an account.
pub struct Twilio {
    http: reqwest::Client,
    resource: Url,
    account: TwilioAccount,
}

/// An address that cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum TwilioError {
    /// Neither https nor this machine.
    #[error("the address of the text message provider must be https")]
    Address,
    /// The system has no certificates.
    #[error("no certificates to trust the text message provider by")]
    Tls(#[from] std::io::Error),
}

impl Twilio {
    /// Sends by an account.
    ///
    /// # Errors
    /// When its address is neither https nor this machine.
    pub fn new(account: TwilioAccount) -> Result<Self, TwilioError> {
        let base = account.base.trim_end_matches('/');
        let resource = format!("{base}/2010-04-01/Accounts/{}/Messages.json", account.sid);
        let resource = http_client::allowed(&resource).ok_or(TwilioError::Address)?;
        Ok(Self { http: http_client::client(http_client::TIMEOUT)?, resource, account })
    }

    fn form(&self, parcel: &Parcel) -> String {
        let from = &self.account.from;
        let sender = if from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("To", parcel.to.expose())
            .append_pair(sender, from)
            .append_pair("Body", parcel.text.expose())
            .append_pair("StatusCallback", &format!("{}/{}", self.account.callback, parcel.key))
            .finish()
    }
}

#[derive(Deserialize)]
struct Taken {
    sid: String,
}

#[derive(Deserialize)]
struct Trouble {
    code: Option<i64>,
}

impl Carry for Twilio {
    fn repeats(&self) -> Repeats {
        Repeats::Harmful
    }

    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(async move {
            let request = self
                .http
                .post(self.resource.clone())
                .basic_auth(&self.account.sid, Some(&self.account.token))
                .header("content-type", "application/x-www-form-urlencoded")
                .body(self.form(parcel));
            let answer = http_client::ask(request).await?;
            if answer.status.is_client_error() && answer.status.as_u16() != 429 {
                let code =
                    serde_json::from_slice::<Trouble>(&answer.body).ok().and_then(|t| t.code);
                let code = code.unwrap_or_else(|| answer.status.as_u16().into());
                return Err(CarryError::refused(format!("code {code}")));
            }
            let taken = answer.judged()?;
            // Taken all the same, if under a name that we do not learn.
            Ok(serde_json::from_slice::<Taken>(&taken.body).ok().map(|taken| taken.sid))
        })
    }
}

/// What a callback says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// What the provider calls the message.
    pub(crate) sid: String,
    /// What became of it, when it is the last word.
    pub(crate) state: Option<DeliveryState>,
    /// The provider's code for why not.
    pub(crate) code: Option<String>,
}

impl Twilio {
    /// Reads a callback, if it is signed: an HMAC-SHA1 under the account's token over the URL that was called and every
    /// field in order of its name.
    pub(crate) fn status(
        &self,
        delivery: &str,
        fields: &[(String, String)],
        signature: &str,
    ) -> Option<Status> {
        let url = format!("{}/{delivery}", self.account.callback);
        let mut sorted: Vec<&(String, String)> = fields.iter().collect();
        sorted.sort();
        let mut signed = url;
        for (name, value) in sorted {
            signed.push_str(name);
            signed.push_str(value);
        }
        let key =
            hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, self.account.token.as_bytes());
        let signature = BASE64_STANDARD.decode(signature).ok()?;
        hmac::verify(&key, signed.as_bytes(), &signature).ok()?;
        let field =
            |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        let state = match field("MessageStatus")?.as_str() {
            "delivered" | "read" => Some(DeliveryState::Delivered),
            "undelivered" | "failed" | "canceled" => Some(DeliveryState::Failed),
            _ => None,
        };
        Some(Status { sid: field("MessageSid")?, state, code: field("ErrorCode") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twilio(base: &str) -> Result<Twilio, TwilioError> {
        Twilio::new(TwilioAccount {
            base: base.into(),
            sid: "AC1".into(),
            token: "12345".into(),
            from: "+15550100".into(),
            callback: "https://mycompany.com/myapp.php?foo=1".into(),
        })
    }

    #[test]
    fn a_callback_counts_only_with_its_signature() {
        let provider = twilio("https://api.twilio.com").unwrap();
        let fields =
            [("MessageSid", "SM1"), ("MessageStatus", "undelivered"), ("ErrorCode", "30005")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let text = "https://mycompany.com/myapp.php?foo=1/dlv_1ErrorCode30005MessageSidSM1MessageStatusundelivered";
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"12345");
        let signature = BASE64_STANDARD.encode(hmac::sign(&key, text.as_bytes()));
        let status = provider.status("dlv_1", &fields, &signature).unwrap();
        assert_eq!((status.sid.as_str(), status.state), ("SM1", Some(DeliveryState::Failed)));
        assert_eq!(provider.status("dlv_2", &fields, &signature), None);
        assert_eq!(provider.status("dlv_1", &fields[..2], &signature), None);
        assert_eq!(provider.status("dlv_1", &fields, "AAAA"), None);
    }

    #[test]
    fn a_provider_is_asked_over_tls_or_on_this_machine() {
        assert!(twilio("http://api.twilio.com").is_err());
        assert!(twilio("http://127.0.0.1:9").is_ok());
    }
}
