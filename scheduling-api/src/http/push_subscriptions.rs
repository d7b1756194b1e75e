//! `/v1/me/push-subscriptions`: browsers that show notifications.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    api::Api,
    domain::{actor::Caller, id::PushSubscriptionId},
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::account::push_subscriptions::{
        self as usecase, Browser, Subscribed, create_push_subscription as create,
        list_push_subscriptions as list, remove_push_subscription as remove,
    },
};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(read_push_key))
        .routes(routes!(list_push_subscriptions, create_push_subscription))
        .routes(routes!(remove_push_subscription))
}

/// What browsers subscribe with.
#[derive(Serialize, ToSchema)]
struct PushKeyView {
    /// `applicationServerKey`: a P-256 point in base64url.
    public_key: String,
}

/// A browser, as `PushSubscription.toJSON()` tells of it.
#[derive(Deserialize, ToSchema)]
struct PushSubscriptionBody {
    /// Where its push service takes messages: a public https address.
    #[schema(example = "https://push.example/send/abc")]
    endpoint: String,
    /// What messages are sealed with.
    keys: PushKeysBody,
}

/// The browser's keys, in base64url.
#[derive(Deserialize, ToSchema)]
struct PushKeysBody {
    /// 65 bytes.
    #[schema(
        example = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    )]
    p256dh: String,
    /// 16 bytes.
    #[schema(example = "BTBZMqHH6r4Tts7J_aSIgg")]
    auth: String,
}

/// A browser that shows notifications.
#[derive(Serialize, ToSchema)]
struct PushSubscriptionView {
    /// Which one.
    id: String,
    /// The host of its push service.
    service: String,
    /// Since when.
    #[schema(format = DateTime)]
    created_at: String,
}

/// The browsers.
#[derive(Serialize, ToSchema)]
struct PushSubscriptionsView {
    /// The newest first; ten at most.
    items: Vec<PushSubscriptionView>,
}

impl From<Subscribed> for PushSubscriptionView {
    fn from(one: Subscribed) -> Self {
        Self { id: one.id.into(), service: one.service, created_at: one.created.to_string() }
    }
}

/// Reads the key that browsers subscribe with
///
/// 404 where the installation sends no notifications to browsers.
#[utoipa::path(
    get,
    path = "/v1/push-key",
    tag = "me",
    responses(
        (status = OK, description = "The key", body = PushKeyView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
)]
async fn read_push_key(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<PushKeyView>, Problem> {
    Ok(Json(PushKeyView { public_key: usecase::read_push_key(&api, &caller)? }))
}

/// Has a browser show notifications
///
/// A notification says only what kind of news there is, and about which appointment. Ten browsers a person; the oldest
/// gives way. They are used once `push` is chosen in the notification preferences.
#[utoipa::path(
    post,
    path = "/v1/me/push-subscriptions",
    tag = "me",
    request_body = PushSubscriptionBody,
    responses(
        (status = CREATED, description = "The browser", body = PushSubscriptionView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn create_push_subscription(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<PushSubscriptionBody>,
) -> Result<(StatusCode, Json<PushSubscriptionView>), Problem> {
    let PushKeysBody { p256dh, auth } = body.keys;
    let browser = Browser { endpoint: body.endpoint, p256dh, auth };
    Ok((StatusCode::CREATED, Json(create(&api, &caller, &browser).await?.into())))
}

/// Lists my browsers that show notifications
#[utoipa::path(
    get,
    path = "/v1/me/push-subscriptions",
    tag = "me",
    responses(
        (status = OK, description = "The browsers", body = PushSubscriptionsView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn list_push_subscriptions(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<PushSubscriptionsView>, Problem> {
    let items = list(&api, &caller).await?.into_iter().map(Into::into).collect();
    Ok(Json(PushSubscriptionsView { items }))
}

/// Stops a browser from showing notifications
#[utoipa::path(
    delete,
    path = "/v1/me/push-subscriptions/{id}",
    tag = "me",
    params(("id" = String, Path, description = "The browser")),
    responses(
        (status = NO_CONTENT, description = "It is forgotten"),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
async fn remove_push_subscription(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PushSubscriptionId>,
) -> Result<StatusCode, Problem> {
    remove(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
