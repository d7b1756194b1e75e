//! `/v1/me/notification-preferences`: by what ways, and when, I want to be told.

use axum::{Json, extract::State, response::IntoResponse};
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
        Preferences, read_preferences as read, update_preferences as update,
    },
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(read_notification_preferences, update_notification_preferences))
}

/// How I want to be told.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PreferencesBody {
    /// Mail about appointments. Letters about signing in are sent whatever is chosen.
    email: bool,
    /// Text messages to `phone`.
    sms: bool,
    /// A telephone with its country; needed for text messages. Kept sealed.
    #[schema(example = "+254700000001")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    /// When to be left alone, on my own clock. What would come too late for the visit is sent all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    quiet_hours: Option<QuietBody>,
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
        let Choices { email, sms, quiet } = chosen.choices;
        Self {
            email,
            sms,
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
        (status = OK, description = "My choices", body = PreferencesBody),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn read_notification_preferences(
    State(api): State<Api>,
    caller: Caller,
) -> Result<impl IntoResponse, Problem> {
    let chosen = read(&api, &caller).await?;
    Ok((etag(chosen.rev), Json(PreferencesBody::from(chosen))))
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
        (status = OK, description = "My choices", body = PreferencesBody),
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
    let choices = Choices { email: body.email, sms: body.sms, quiet };
    let phone = body.phone.map(Redacted::new);
    let chosen = update(&api, &caller, seen, choices, phone).await?;
    Ok((etag(chosen.rev), Json(PreferencesBody::from(chosen))))
}
