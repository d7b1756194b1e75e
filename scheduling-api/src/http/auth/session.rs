//! How a session is handed out: as cookies to a browser, in the body to a program.

use axum::{
    Json,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{
        caller::SESSION_COOKIE,
        origin::{DEVICE_COOKIE, cookie},
    },
    usecase::account::SecretToken,
    usecase::account::begin_session::{SignIn, SignedIn},
};

/// Where a session's token goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::http) enum Carrier {
    /// Into cookies that scripts cannot read: for browsers.
    #[default]
    Cookie,
    /// Into the body: for programs. Sent as `Authorization: Bearer`, and `device_token` as `Bedside-Device` when
    /// signing in again.
    Token,
}

/// Signed in, or one more step to go.
#[derive(Serialize, ToSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(in crate::http) enum SignInView {
    /// Signed in.
    SignedIn {
        /// The session.
        session_id: String,
        /// The clinic that it acts in; choose one where it is absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        clinic_id: Option<String>,
        /// Until when it lasts if nobody uses it.
        #[schema(format = DateTime)]
        ends_at: String,
        /// Whether what was proved is enough for staff.
        second_factor: bool,
        /// For programs.
        #[serde(skip_serializing_if = "Option::is_none")]
        token: Option<String>,
        /// For programs.
        #[serde(skip_serializing_if = "Option::is_none")]
        device_token: Option<String>,
    },
    /// A second factor is asked for.
    SecondFactor {
        /// To be sent with it.
        challenge: String,
        /// `totp`, `recovery_code`, `passkey`.
        methods: Vec<&'static str>,
    },
}

/// A session's token was replaced.
#[derive(Serialize, ToSchema)]
pub(in crate::http) struct TokenView {
    /// The new token; absent when it came as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) token: Option<String>,
}

/// Half a year, as long as a device is known.
const DEVICE_COOKIE_S: u32 = 180 * 24 * 3600;

/// Answers a first step.
pub(in crate::http) fn sign_in(signed_in: SignIn, carrier: Carrier) -> Response {
    match signed_in {
        SignIn::In(signed_in) => self::signed_in(*signed_in, carrier),
        SignIn::SecondFactor { challenge, methods } => {
            let challenge = challenge.expose().to_owned();
            Json(SignInView::SecondFactor { challenge, methods }).into_response()
        }
    }
}

/// Answers the last step.
pub(in crate::http) fn signed_in(signed_in: SignedIn, carrier: Carrier) -> Response {
    let SignedIn { token, device, session } = signed_in;
    let in_body =
        |secret: &SecretToken| (carrier == Carrier::Token).then(|| secret.expose().to_owned());
    let view = SignInView::SignedIn {
        session_id: session.id.to_string(),
        clinic_id: session.clinic.as_ref().map(ToString::to_string),
        ends_at: session.life.ends().to_string(),
        second_factor: session.factors.assurance() == crate::domain::session::Assurance::Multi,
        token: in_body(&token),
        device_token: in_body(&device),
    };
    let mut response = Json(view).into_response();
    if carrier == Carrier::Cookie {
        set_cookie(response.headers_mut(), SESSION_COOKIE, token.expose(), None);
        set_cookie(response.headers_mut(), DEVICE_COOKIE, device.expose(), Some(DEVICE_COOKIE_S));
    }
    response
}

/// Answers an act that replaced the session's token, the way that the request carried it.
pub(in crate::http) fn renewed(token: &SecretToken, carried: &CarriedBy) -> Response {
    let (in_body, response) = renewed_token(token, carried);
    let mut answer = Json(TokenView { token: in_body }).into_response();
    answer.headers_mut().extend(response);
    answer
}

/// The token for a body, or the headers for a browser.
pub(in crate::http) fn renewed_token(
    token: &SecretToken,
    carried: &CarriedBy,
) -> (Option<String>, HeaderMap) {
    let mut headers = HeaderMap::new();
    if carried.cookie {
        set_cookie(&mut headers, SESSION_COOKIE, token.expose(), None);
        (None, headers)
    } else {
        (Some(token.expose().to_owned()), headers)
    }
}

/// Answers signing out: the browser forgets the session and what it keeps of our pages (ASVS 14.3.1).
pub(in crate::http) fn signed_out() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(response.headers_mut(), SESSION_COOKIE, "", Some(0));
    let clear = HeaderValue::from_static("\"cache\", \"storage\"");
    response.headers_mut().insert("clear-site-data", clear);
    response
}

fn set_cookie(headers: &mut HeaderMap, name: &str, value: &str, max_age_s: Option<u32>) {
    let age = max_age_s.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let cookie = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// What a device is known by from now on.
pub(in crate::http) fn set_device_cookie(headers: &mut HeaderMap, device: &str) {
    set_cookie(headers, DEVICE_COOKIE, device, Some(DEVICE_COOKIE_S));
}

/// How the request carried its session.
pub(in crate::http) struct CarriedBy {
    cookie: bool,
}

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for CarriedBy {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &S,
    ) -> Result<Self, Self::Rejection> {
        let bearer = parts.headers.contains_key(header::AUTHORIZATION);
        Ok(Self { cookie: !bearer && cookie(&parts.headers, SESSION_COOKIE).is_some() })
    }
}
