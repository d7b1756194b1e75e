//! Text messages over any provider's HTTP: an address, a body with `{to}`, `{text}` and `{key}` in it, one header that
//! signs in. What goes into the body is escaped as its kind asks.

use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

use crate::ports::{
    carry::{Carry, Carrying, Parcel, Repeats},
    http_client,
};

/// How a provider is asked.
#[derive(Clone)]
pub struct SmsTemplate {
    /// Where.
    pub url: String,
    /// The body.
    pub body: String,
    /// Its kind.
    pub kind: BodyKind,
    /// What stands in `Authorization`.
    pub authorization: Option<String>,
    /// The header in which the provider wants a key that it knows a repetition by, if it knows any.
    pub key_header: Option<String>,
}

/// The kind of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyKind {
    /// JSON: values stand within quotation marks.
    Json,
    /// A form, percent-encoded.
    Form,
}

/// Asks by a template.
pub struct Templated {
    http: reqwest::Client,
    url: Url,
    template: SmsTemplate,
    authorization: Option<HeaderValue>,
    key_header: Option<HeaderName>,
}

/// A template that is none.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// Neither https nor this machine.
    #[error("the address of the text message provider must be https")]
    Address,
    /// A placeholder is missing, or what is left is no JSON.
    #[error(
        "the body of a text message must hold {{to}} and {{text}}, and be JSON when it says so"
    )]
    Body,
    /// A header that is none.
    #[error("a header of the text message provider cannot be sent")]
    Header,
    /// The system has no certificates.
    #[error("no certificates to trust the text message provider by")]
    Tls(#[from] std::io::Error),
}

impl Templated {
    /// Asks by a template.
    ///
    /// # Errors
    /// When it is none.
    pub fn new(template: SmsTemplate) -> Result<Self, TemplateError> {
        let url = http_client::allowed(&template.url).ok_or(TemplateError::Address)?;
        let whole = template.body.contains("{to}") && template.body.contains("{text}");
        let sample = filled(&template, "+15550100", "x", "k");
        let sound = template.kind == BodyKind::Form
            || serde_json::from_str::<serde_json::Value>(&sample).is_ok();
        if !whole || !sound {
            return Err(TemplateError::Body);
        }
        let authorization = template.authorization.as_deref().map(|text| {
            HeaderValue::from_str(text).map(|mut value| {
                value.set_sensitive(true);
                value
            })
        });
        let key_header = template.key_header.as_deref().map(str::parse);
        Ok(Self {
            http: http_client::client(http_client::TIMEOUT)?,
            url,
            authorization: authorization.transpose().map_err(|_| TemplateError::Header)?,
            key_header: key_header.transpose().map_err(|_| TemplateError::Header)?,
            template,
        })
    }
}

/// In one pass: what was put in is not looked at again.
fn filled(template: &SmsTemplate, to: &str, text: &str, key: &str) -> String {
    let escaped = |value: &str| match template.kind {
        BodyKind::Form => {
            url::form_urlencoded::byte_serialize(value.as_bytes()).collect::<String>()
        }
        BodyKind::Json => {
            let quoted = serde_json::Value::from(value).to_string();
            let inner = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            inner.unwrap_or_default().to_owned()
        }
    };
    let mut out = String::new();
    let mut rest = template.body.as_str();
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let names = [("to}", to), ("text}", text), ("key}", key)];
        match names
            .iter()
            .find_map(|(name, value)| behind.strip_prefix(name).map(|rest| (rest, value)))
        {
            Some((behind, value)) => {
                out.push_str(&escaped(value));
                rest = behind;
            }
            None => {
                out.push('{');
                rest = behind;
            }
        }
    }
    out + rest
}

impl Carry for Templated {
    fn repeats(&self) -> Repeats {
        if self.key_header.is_some() { Repeats::Recognised } else { Repeats::Harmful }
    }

    fn carry<'a>(&'a self, parcel: &'a Parcel) -> Carrying<'a> {
        Box::pin(async move {
            let kind = match self.template.kind {
                BodyKind::Json => "application/json",
                BodyKind::Form => "application/x-www-form-urlencoded",
            };
            let body =
                filled(&self.template, parcel.to.expose(), parcel.text.expose(), &parcel.key);
            let mut request =
                self.http.post(self.url.clone()).header("content-type", kind).body(body);
            if let Some(value) = &self.authorization {
                request = request.header("authorization", value.clone());
            }
            if let Some(name) = &self.key_header {
                request = request.header(name.clone(), &parcel.key);
            }
            http_client::ask(request).await?.judged().map(|_| None::<String>)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(body: &str, kind: BodyKind) -> SmsTemplate {
        SmsTemplate {
            url: "https://sms.example/send".into(),
            body: body.into(),
            kind,
            authorization: None,
            key_header: None,
        }
    }

    #[test]
    fn what_is_put_in_stays_a_value() {
        let json = template(r#"{"to":"{to}","message":"{text}","id":"{key}"}"#, BodyKind::Json);
        let body = filled(&json, "+1", "a\"b {to} \\ \n", "k");
        let value: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            value,
            serde_json::json!({ "to": "+1", "message": "a\"b {to} \\ \n", "id": "k" })
        );
        let form = template("username=u&to={to}&message={text}", BodyKind::Form);
        assert_eq!(filled(&form, "+254", "a&b=c", "k"), "username=u&to=%2B254&message=a%26b%3Dc");
    }

    #[test]
    fn a_template_without_its_places_is_refused() {
        for (body, kind) in [
            (r#"{"to":"{to}"}"#, BodyKind::Json),
            (r#"{"to":{to},"m":"{text}""#, BodyKind::Json),
            ("to={to}", BodyKind::Form),
        ] {
            assert!(
                matches!(Templated::new(template(body, kind)), Err(TemplateError::Body)),
                "{body}"
            );
        }
        let sound = template(r#"{"to":"{to}","m":"{text}"}"#, BodyKind::Json);
        assert_eq!(Templated::new(sound.clone()).unwrap().repeats(), Repeats::Harmful);
        let keyed = SmsTemplate { key_header: Some("idempotency-key".into()), ..sound };
        assert_eq!(Templated::new(keyed).unwrap().repeats(), Repeats::Recognised);
    }
}
