//! `/v1/hooks`: what providers tell us. Each proves itself by its own signature, not by a token.

mod payments;

use axum::{
    extract::{RawForm, State},
    http::{HeaderMap, StatusCode},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    http::{body::At, caller::Stranger, error::Problem},
    usecase::sms_status::receive_sms_status as receive,
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(receive_sms_status))
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
