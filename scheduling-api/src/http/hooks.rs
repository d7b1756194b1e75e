//! `/v1/hooks`: what providers tell us. Each proves itself by its own signature, not by a token.

mod payments;

use axum::{
    body::Bytes,
    extract::{RawForm, State},
    http::{HeaderMap, StatusCode},
};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    http::{
        body::{Asked, At},
        caller::Stranger,
        error::Problem,
    },
    usecase::{sms_status::receive_sms_status as receive, whatsapp_status as whatsapp},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(receive_sms_status))
        .routes(routes!(verify_whatsapp, receive_whatsapp_status))
        .routes(routes!(payments::receive_stripe_event))
        .routes(routes!(payments::receive_paypal_event))
        .routes(routes!(payments::receive_mpesa_event))
}

/// Takes a provider's word about a text message
///
/// In Twilio's shape: a form, signed by `X-Twilio-Signature`. A word without a signature that fits is answered 404.
#[utoipa::path(
    post,
    path = "/v1/hooks/sms/{delivery}",
    tag = "hooks",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    params(("delivery" = String, Path, description = "The delivery that it is about")),
    responses(
        (status = NO_CONTENT, description = "Taken"),
        (status = "4XX", description = "Not taken", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn receive_sms_status(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    At(delivery): At<String>,
    headers: HeaderMap,
    RawForm(form): RawForm,
) -> Result<StatusCode, Problem> {
    let fields: Vec<(String, String)> =
        url::form_urlencoded::parse(&form).into_owned().take(FIELDS_MAX).collect();
    let signature = headers.get("x-twilio-signature").and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default();
    receive(&api, &caller, &delivery, &fields, signature).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A callback has about twenty.
const FIELDS_MAX: usize = 100;

/// What WhatsApp asks with first.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Handshake {
    /// `subscribe`.
    #[serde(rename = "hub.mode", default)]
    mode: String,
    /// The token that was agreed on.
    #[serde(rename = "hub.verify_token", default)]
    token: String,
    /// A word that it wants back.
    #[serde(rename = "hub.challenge", default)]
    challenge: String,
}

/// Answers WhatsApp's first question
///
/// Whether this is the address that the operator named: the challenge is given back to who knows the agreed token.
#[utoipa::path(
    get,
    path = "/v1/hooks/whatsapp",
    tag = "hooks",
    params(Handshake),
    responses(
        (status = OK, description = "The challenge", body = String, content_type = "text/plain"),
        (status = "4XX", description = "Not answered", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn verify_whatsapp(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    Asked(asked): Asked<Handshake>,
) -> Result<String, Problem> {
    let asked = (asked.mode.as_str(), asked.token.as_str(), asked.challenge.as_str());
    Ok(whatsapp::verify_whatsapp(&api, &caller, asked)?)
}

/// Takes WhatsApp's words about messages
///
/// Signed by `X-Hub-Signature-256`. A word without a signature that fits is answered 404.
#[utoipa::path(
    post,
    path = "/v1/hooks/whatsapp",
    tag = "hooks",
    request_body(content = String, content_type = "application/json"),
    responses(
        (status = NO_CONTENT, description = "Taken"),
        (status = "4XX", description = "Not taken", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn receive_whatsapp_status(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode, Problem> {
    let signature = headers.get("x-hub-signature-256").and_then(|value| value.to_str().ok());
    let signature = signature.unwrap_or_default();
    whatsapp::receive_whatsapp_status(&api, &caller, &body, signature).await?;
    Ok(StatusCode::NO_CONTENT)
}
