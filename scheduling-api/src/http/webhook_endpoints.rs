//! `/v1/webhook-endpoints`: a clinic's own programs that are told of events.

mod deliveries;
mod manage;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::webhook::{Webhook, WebhookCard},
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(manage::list_webhook_endpoints, manage::create_webhook_endpoint))
        .routes(routes!(
            manage::read_webhook_endpoint,
            manage::update_webhook_endpoint,
            manage::end_webhook_endpoint
        ))
        .routes(routes!(manage::rotate_webhook_secret))
        .routes(routes!(deliveries::list_webhook_deliveries))
        .routes(routes!(deliveries::replay_webhook_delivery))
}

/// A program that is told of events, without its key.
#[derive(Serialize, ToSchema)]
struct WebhookView {
    /// Which one.
    id: String,
    /// How often it was changed; also the `ETag`.
    rev: i64,
    /// Where it is told.
    url: String,
    /// What it is for.
    description: String,
    /// Topics, or beginnings of topics that end in a full stop; every one when empty.
    topics: Vec<String>,
    /// Whether it is told at present.
    active: bool,
    /// Until when the key before this one signs too.
    #[serde(skip_serializing_if = "Option::is_none")]
    old_secret_until: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
}

impl From<&Webhook> for WebhookView {
    fn from(hook: &Webhook) -> Self {
        let WebhookCard { url, description, topics, active } = hook.card.clone();
        Self {
            id: hook.id.to_string(),
            rev: hook.rev.0,
            url,
            description,
            topics,
            active,
            old_secret_until: hook.old.as_ref().map(|(_, until)| until.to_string()),
            created_at: hook.created.to_string(),
        }
    }
}

/// What a clinic says of a program.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct WebhookBody {
    /// Where it is told: https, and a public address unless the installation allows others.
    #[schema(example = "https://clinic.example/bedside")]
    url: String,
    /// What it is for.
    #[serde(default)]
    description: String,
    /// Topics, or beginnings of topics that end in a full stop; every one when empty.
    #[schema(example = json!(["appointment."]))]
    #[serde(default)]
    topics: Vec<String>,
    /// Whether it is told at present.
    #[serde(default = "yes")]
    active: bool,
}

fn yes() -> bool {
    true
}

impl From<WebhookBody> for WebhookCard {
    fn from(body: WebhookBody) -> Self {
        let WebhookBody { url, description, topics, active } = body;
        Self { url, description, topics, active }
    }
}
