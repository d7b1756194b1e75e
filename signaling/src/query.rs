//! The query parameters with which a client asks for a socket (v0, `/rtc`). Those of a client with one peer connection
//! (v1) stand in one of them: see `join_request`.
//!
//! Parsed strictly where a wrong value would change what happens (400), leniently where it only
//! describes the client. The text of a query holds a token: nothing of it is ever printed, errors
//! name parameters only.

use std::collections::BTreeMap;

use axum::extract::Query;
use axum::http::Uri;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use livekit_protocol::{ReconnectReason, client_info::Capability};
use protocol::redact::Redacted;
use sfu::words::info::ClientInfo;

use crate::limits::BROWSER_BYTES_MAX;

/// The pairs of a query, in order.
pub(crate) struct RawQuery(Vec<(String, String)>);

/// What a client wishes, apart from its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parameters {
    pub(crate) auto_subscribe: bool,
    pub(crate) adaptive_stream: bool,
    /// Pictures may be paused for want of bandwidth.
    pub(crate) may_pause: bool,
    /// The participant sid to continue as, as sent; present exactly if `reconnect=1`.
    pub(crate) reconnect: Option<String>,
    /// It comes back because its media does not get through.
    pub(crate) media_failed: bool,
    /// One peer connection, on which the client offers; else two.
    pub(crate) single_connection: bool,
    pub(crate) client: ClientInfo,
    /// Metadata instead of the token's; empty says nothing.
    pub(crate) metadata: String,
    /// Attributes to add to those of the token.
    pub(crate) attributes: BTreeMap<String, String>,
}

/// A parameter that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParameterError {
    #[error("the query is malformed")]
    Query,
    #[error("the parameter {0} is malformed")]
    Value(&'static str),
}

impl RawQuery {
    pub(crate) fn of(uri: &Uri) -> Result<Self, ParameterError> {
        Query::try_from_uri(uri).map(|Query(pairs)| Self(pairs)).map_err(|_| ParameterError::Query)
    }

    pub(crate) fn token(&self) -> Option<Redacted<String>> {
        self.value("access_token").map(|token| Redacted::new(token.to_owned()))
    }

    /// What a client says that speaks v1, one peer connection.
    pub(crate) fn join_request(&self) -> Option<&str> {
        self.value("join_request")
    }

    pub(crate) fn parse(&self) -> Result<Parameters, ParameterError> {
        let reconnect = self.flag("reconnect", false)?;
        let reason = self.number::<i32>("reconnect_reason").map(ReconnectReason::try_from);
        Ok(Parameters {
            auto_subscribe: self.flag("auto_subscribe", true)?,
            adaptive_stream: self.flag("adaptive_stream", false)?,
            may_pause: self.flag("subscriber_allow_pause", true)?,
            reconnect: reconnect.then(|| self.value("sid").unwrap_or_default().to_owned()),
            media_failed: reconnect
                && matches!(
                    reason,
                    Ok(
                        Ok(ReconnectReason::RrPublisherFailed
                            | ReconnectReason::RrSubscriberFailed)
                    )
                ),
            single_connection: false,
            client: ClientInfo {
                sdk: known_sdk(self.value("sdk").unwrap_or_default()).to_owned(),
                browser: shortened_browser(self.value("browser").unwrap_or_default()),
                protocol: self.number("protocol")?,
                client_protocol: self.number("client_protocol")?,
                capabilities: self.capabilities(),
            },
            metadata: String::new(),
            attributes: self.attributes()?,
        })
    }

    /// The first non-empty value.
    fn value(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())
            .map(|(_, value)| value.as_str())
    }

    fn flag(&self, name: &'static str, default: bool) -> Result<bool, ParameterError> {
        match self.value(name) {
            None => Ok(default),
            Some("1" | "true") => Ok(true),
            Some("0" | "false") => Ok(false),
            Some(_) => Err(ParameterError::Value(name)),
        }
    }

    fn number<N: std::str::FromStr + Default>(
        &self,
        name: &'static str,
    ) -> Result<N, ParameterError> {
        self.value(name)
            .map_or(Ok(N::default()), |text| text.parse().map_err(|_| ParameterError::Value(name)))
    }

    fn capabilities(&self) -> Vec<i32> {
        self.value("capabilities")
            .into_iter()
            .flat_map(|names| names.split(','))
            .filter_map(|name| Capability::from_str_name(name.trim()))
            .take(CAPABILITIES_MAX)
            .map(|capability| capability as i32)
            .collect()
    }

    fn attributes(&self) -> Result<BTreeMap<String, String>, ParameterError> {
        let malformed = ParameterError::Value("attributes");
        let Some(text) = self.value("attributes") else { return Ok(BTreeMap::new()) };
        let json = decode_base64(text).ok_or(malformed)?;
        serde_json::from_slice(&json).map_err(|_| malformed)
    }
}

/// The name that is known, in lower case.
pub(crate) fn known_sdk(sdk: &str) -> &'static str {
    SDKS.iter().find(|known| known.eq_ignore_ascii_case(sdk)).map_or("unknown", |known| known)
}

/// As much of a browser's name as is kept.
pub(crate) fn shortened_browser(browser: &str) -> String {
    let end = browser.floor_char_boundary(BROWSER_BYTES_MAX);
    browser.get(..end).unwrap_or_default().to_owned()
}

/// A value in base64, of either alphabet and padding.
pub(crate) fn decode_base64(text: &str) -> Option<Vec<u8>> {
    // A `+` arrives as a space, for it is one in a query.
    let url_safe = text.replace(['+', ' '], "-").replace('/', "_");
    BASE64.decode(url_safe).ok()
}

/// Either padding: SDKs differ.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// There are three; a list of repetitions is cut.
pub(crate) const CAPABILITIES_MAX: usize = 16;

const SDKS: [&str; 17] = [
    "js",
    "ios",
    "swift",
    "android",
    "flutter",
    "go",
    "unity",
    "reactnative",
    "rust",
    "python",
    "cpp",
    "unityweb",
    "node",
    "esp32",
    "unreal",
    "dotnet",
    "browser",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Parameters, ParameterError> {
        raw(query).parse()
    }

    fn raw(query: &str) -> RawQuery {
        RawQuery::of(&format!("/rtc?{query}").parse().unwrap()).unwrap()
    }

    #[test]
    fn absent_parameters_have_their_defaults() {
        let parameters = parse("").unwrap();
        assert!(parameters.auto_subscribe && !parameters.adaptive_stream);
        assert_eq!(parameters.reconnect, None);
        assert_eq!(parameters.client.protocol, 0);
        assert_eq!(parameters.client.sdk, "unknown");
        assert_eq!(parse("auto_subscribe=&protocol=").unwrap(), parameters);
    }

    #[test]
    fn what_the_js_client_sends_is_read() {
        let parameters = parse(
            "access_token=x&auto_subscribe=0&adaptive_stream=1&sdk=js&version=2.23.0&protocol=17\
             &client_protocol=2&browser=Chrome&browser_version=156&os=Linux\
             &capabilities=CAP_PACKET_TRAILER,CAP_FUTURE,CAP_COMPRESSION_DEFLATE_RAW",
        )
        .unwrap();
        assert!(!parameters.auto_subscribe && parameters.adaptive_stream);
        let client = ClientInfo {
            sdk: "js".to_owned(),
            browser: "Chrome".to_owned(),
            protocol: 17,
            client_protocol: 2,
            capabilities: vec![1, 2],
        };
        assert_eq!(parameters.client, client);
    }

    #[test]
    fn a_reconnect_carries_its_sid_and_a_sid_alone_means_nothing() {
        assert_eq!(parse("reconnect=1&sid=PA_x").unwrap().reconnect.as_deref(), Some("PA_x"));
        assert_eq!(parse("reconnect=1").unwrap().reconnect.as_deref(), Some(""));
        assert_eq!(parse("sid=PA_x").unwrap().reconnect, None);
    }

    #[test]
    fn a_reconnect_may_say_that_media_failed_and_what_is_not_known_says_nothing() {
        for (query, failed) in [
            ("reconnect=1&reconnect_reason=1", false),
            ("reconnect=1&reconnect_reason=2", true),
            ("reconnect=1&reconnect_reason=3", true),
            ("reconnect=1&reconnect_reason=4", false),
            ("reconnect=1&reconnect_reason=99", false),
            ("reconnect=1&reconnect_reason=x", false),
            ("reconnect=1", false),
            ("reconnect_reason=2", false),
        ] {
            assert_eq!(parse(query).unwrap().media_failed, failed, "{query}");
        }
    }

    #[test]
    fn attributes_are_read_in_every_base64() {
        let json = r#"{"k?>":"v~~\u00ff"}"#;
        let standard = base64::engine::general_purpose::STANDARD.encode(json);
        let url_safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
        let expected: BTreeMap<_, _> = [("k?>".to_owned(), "v~~\u{ff}".to_owned())].into();
        for text in [standard.replace('=', "%3D"), url_safe] {
            assert_eq!(parse(&format!("attributes={text}")).unwrap().attributes, expected);
        }
    }

    #[test]
    fn malformed_values_are_refused_by_name() {
        for (query, name) in [
            ("auto_subscribe=maybe", "auto_subscribe"),
            ("adaptive_stream=2", "adaptive_stream"),
            ("reconnect=yes", "reconnect"),
            ("protocol=-1", "protocol"),
            ("protocol=seventeen", "protocol"),
            ("protocol=99999999999", "protocol"),
            ("client_protocol=x", "client_protocol"),
            ("attributes=!!!", "attributes"),
            ("attributes=W10", "attributes"),
            ("attributes=eyJhIjoxfQ", "attributes"),
        ] {
            assert_eq!(parse(query), Err(ParameterError::Value(name)), "{query}");
        }
    }

    #[test]
    fn a_long_browser_name_is_cut_between_characters() {
        let long = "%C3%A9".repeat(BROWSER_BYTES_MAX);
        let browser = parse(&format!("browser={long}")).unwrap().client.browser;
        assert_eq!(browser.len(), BROWSER_BYTES_MAX);
    }

    #[test]
    fn a_token_is_found_and_not_printed() {
        let token = raw("access_token=canary").token().unwrap();
        assert_eq!(token.expose(), "canary");
        assert!(!format!("{token:?}").contains("canary"));
        assert!(raw("access_token=").token().is_none());
    }
}
