//! `/v1/me/notification-preferences`: by what ways, and when, I want to be told.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use jiff::civil::Time;
use protocol::redact::Redacted;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        notification::choices::{Choices, Quiet},
    },
    http::{
        body::Body,
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::account::preferences::{
        Preferences, confirm_phone as confirm, read_preferences as read, send_phone_code as send,
        update_preferences as update,
    },
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(read_notification_preferences, update_notification_preferences))
        .routes(routes!(send_phone_code))
        .routes(routes!(confirm_phone))
}

/// How I want to be told.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreferencesBody {
    /// Mail about appointments. Letters about signing in are sent whatever is chosen.
    email: bool,
    /// Text messages to `phone`.
    sms: bool,
    /// Messages by WhatsApp to `phone`.
    #[serde(default)]
    whatsapp: bool,
    /// Notifications of browsers that were subscribed (`/v1/me/push-subscriptions`).
    #[serde(default)]
    push: bool,
    /// A telephone with its country; needed for text messages. Kept sealed. Nothing is sent to it until it is proved.
    #[schema(example = "+254700000001")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// When to be left alone, on my own clock. What would come too late for the visit is sent all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet_hours: Option<QuietBody>,
}

/// How I want to be told, and whether my telephone is proved.
#[derive(Serialize, ToSchema)]
struct PreferencesView {
    #[serde(flatten)]
    chosen: PreferencesBody,
    /// Whether the code that was sent to `phone` was handed back.
    phone_proved: bool,
}

impl From<Preferences> for PreferencesView {
    fn from(chosen: Preferences) -> Self {
        Self { phone_proved: chosen.phone_proved.is_some(), chosen: chosen.into() }
    }
}

/// Hours of every day; over midnight when they end before they begin.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct QuietBody {
    /// From here.
    #[schema(value_type = String, example = "22:00:00")]
    from: Time,
    /// To before here.
    #[schema(value_type = String, example = "07:00:00")]
    to: Time,
}

impl From<Preferences> for PreferencesBody {
    fn from(chosen: Preferences) -> Self {
        let Choices { email, sms, whatsapp, push, quiet } = chosen.choices;
        Self {
            email,
            sms,
            whatsapp,
            push,
            phone: chosen.phone.map(Redacted::into_exposed),
            quiet_hours: quiet.map(|Quiet { from, to }| QuietBody { from, to }),
        }
    }
}

/// Reads how I want to be told
#[utoipa::path(
    get,
    path = "/v1/me/notification-preferences",
    tag = "me",
    responses(
        (status = OK, description = "My choices", body = PreferencesView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_notification_preferences(
    State(api): State<Api>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    let chosen = read(&api, &caller).await?;
    Ok((etag(chosen.rev), Json(PreferencesView::from(chosen))))
}

/// Chooses how I want to be told
///
/// In force from the next message on, those that wait among them.
#[utoipa::path(
    put,
    path = "/v1/me/notification-preferences",
    tag = "me",
    request_body = PreferencesBody,
    params(("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = OK, description = "My choices", body = PreferencesView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn update_notification_preferences(
    State(api): State<Api>,
    caller: Caller,
    IfMatch(seen): IfMatch,
    Body(body): Body<PreferencesBody>,
) -> Result<impl IntoResponse, Problem> {
    let quiet = body.quiet_hours.map(|QuietBody { from, to }| Quiet { from, to });
    let PreferencesBody { email, sms, whatsapp, push, .. } = body;
    let choices = Choices { email, sms, whatsapp, push, quiet };
    let phone = body.phone.map(Redacted::new);
    let chosen = update(&api, &caller, seen, choices, phone).await?;
    Ok((etag(chosen.rev), Json(PreferencesView::from(chosen))))
}

/// What a code is handed back with.
#[derive(Serialize, ToSchema)]
struct ChallengeView {
    /// To be sent with the code.
    challenge: String,
}

/// Sends a code to my telephone
///
/// As a text message to the `phone` that I chose. Good for ten minutes; a newer one ends it.
#[utoipa::path(
    post,
    path = "/v1/me/phone-code",
    tag = "me",
    responses(
        (status = ACCEPTED, description = "It is on its way", body = ChallengeView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn send_phone_code(
    State(api): State<Api>,
    caller: Caller,
) -> Result<(StatusCode, Json<ChallengeView>), Problem> {
    let challenge = send(&api, &caller).await?.expose().to_owned();
    Ok((StatusCode::ACCEPTED, Json(ChallengeView { challenge })))
}

/// A code that was sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PhoneCodeBody {
    /// What came with sending it.
    challenge: String,
    /// Six digits.
    #[schema(example = "492039")]
    code: String,
}

/// Proves my telephone
///
/// From now on messages may go there. Five tries a code.
#[utoipa::path(
    post,
    path = "/v1/me/phone-code/confirm",
    tag = "me",
    request_body = PhoneCodeBody,
    responses(
        (status = OK, description = "My choices", body = PreferencesView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn confirm_phone(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<PhoneCodeBody>,
) -> Result<impl IntoResponse, Problem> {
    let chosen = confirm(&api, &caller, &body.challenge, &body.code).await?;
    Ok((etag(chosen.rev), Json(PreferencesView::from(chosen))))
}
