//! `GET /v1/admin/health`.

use axum::{Json, extract::State};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::actor::Caller,
    http::error::Problem,
    usecase::clinic::read_health::{Health, read_health as read},
};

/// How the installation is.
#[derive(Serialize, ToSchema)]
pub(super) struct HealthView {
    /// What to look at; empty when all is well: `messages_are_late`, `messages_were_given_up`, `deliveries_are_late`,
    /// `deliveries_failed`, `webhooks_fail`, `data_keys_are_closed`, `no_media_server`, `media_shards_are_silent`,
    /// `disk_is_nearly_full`.
    concerns: Vec<&'static str>,
    /// `sqlite` or `postgres`.
    database: &'static str,
    /// How long it took to answer, in milliseconds.
    database_answered_ms: i64,
    /// Messages that wait to be handed out to channels.
    messages: BacklogView,
    /// What goes out, by channel.
    deliveries: Vec<ChannelView>,
    /// Clinics' programs that did not take what they were told, within a day.
    failing_webhook_endpoints: u64,
    /// Whether patients' data can be opened: the key service, if there is one, has opened the keys.
    data_keys_are_open: bool,
    /// Whether visits can be held.
    has_media_server: bool,
    /// Media shards in this process; 0 where the media server is elsewhere.
    media_shards: u32,
    /// Those of them that show no sign of life.
    silent_media_shards: Vec<u16>,
    /// What may still be written where the data are, in bytes; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_free_bytes: Option<u64>,
    /// The size of that disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    disk_size_bytes: Option<u64>,
}

/// Messages that wait.
#[derive(Serialize, ToSchema)]
pub(super) struct BacklogView {
    /// How many are due.
    due: u64,
    /// For how long the oldest has been, in seconds.
    oldest_due_s: i64,
    /// How many were set aside: `GET /v1/admin/jobs?kind=event`.
    given_up: u64,
}

/// How a channel stands.
#[derive(Serialize, ToSchema)]
pub(super) struct ChannelView {
    /// `email`, `sms`, `whatsapp`, `push` or `webhook`.
    channel: &'static str,
    /// How many are due and not on their way.
    due: u64,
    /// For how long the oldest has been, in seconds.
    oldest_due_s: i64,
    /// How many failed, or may have failed, within a day.
    failed_in_a_day: u64,
}

impl From<Health> for HealthView {
    fn from(health: Health) -> Self {
        let age = |since: Option<Timestamp>| {
            since.map_or(0, |since| health.at.duration_since(since).as_secs().max(0))
        };
        let channels = health.channels.iter().map(|(channel, standing)| ChannelView {
            channel: channel.name(),
            due: standing.due,
            oldest_due_s: age(standing.due_since),
            failed_in_a_day: standing.failed,
        });
        Self {
            database: health.engine.name(),
            database_answered_ms: i64::try_from(health.answered.as_millis()).unwrap_or(i64::MAX),
            messages: BacklogView {
                due: health.outbox.due,
                oldest_due_s: age(health.outbox.due_since),
                given_up: health.outbox.given_up,
            },
            deliveries: channels.collect(),
            failing_webhook_endpoints: health.failing_endpoints,
            data_keys_are_open: health.keys_are_open,
            has_media_server: health.has_media_server,
            media_shards: health.machine.shards,
            disk_free_bytes: health.machine.disk.map(|disk| disk.free_bytes),
            disk_size_bytes: health.machine.disk.map(|disk| disk.size_bytes),
            silent_media_shards: health.machine.silent_shards,
            concerns: health.concerns,
        }
    }
}

/// Reads how the installation is
///
/// For its administrators: what waits, what fails, what is missing. Without a database it is answered 503, as everything
/// is. Programs that watch from outside ask `/healthz`, `/readyz` and `/metrics` at the admin address.
#[utoipa::path(
    get,
    path = "/v1/admin/health",
    tag = "admin",
    responses(
        (status = OK, description = "How it is", body = HealthView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_health(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<HealthView>, Problem> {
    Ok(Json(read(&api, &caller).await?.into()))
}
