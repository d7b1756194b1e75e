//! Naming, reading, changing and ending the programs that are told of events.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;
use utoipa::ToSchema;

use super::{WebhookBody, WebhookView};
use crate::{
    api::Api,
    domain::{actor::Caller, id::WebhookId, webhook::Webhook},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::webhooks as usecase,
};

/// A program with its key.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyedWebhookView {
    /// The program.
    endpoint: WebhookView,
    /// What signs, as Standard Webhooks writes it. Told once.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    secret: String,
}

impl From<Webhook> for KeyedWebhookView {
    fn from(hook: Webhook) -> Self {
        let secret = format!("whsec_{}", BASE64_STANDARD.encode(hook.secret.expose()));
        Self { endpoint: WebhookView::from(&hook), secret }
    }
}

/// The clinic's programs.
#[derive(Serialize, ToSchema)]
pub(super) struct WebhooksView {
    /// All of them: there are 20 at most.
    items: Vec<WebhookView>,
}

/// Names a program that is told of events
///
/// Needs a fresh proof. Its key is told once. Each event is a POST of JSON, signed as Standard Webhooks says: an
/// HMAC-SHA256 over `webhook-id`, `webhook-timestamp` and the body, joined by full stops. The same `webhook-id` comes
/// again when an answer was lost.
#[utoipa::path(
    post,
    path = "/v1/webhook-endpoints",
    tag = "webhooks",
    request_body = WebhookBody,
    responses(
        (status = CREATED, description = "The program and its key", body = KeyedWebhookView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    Body(body): Body<WebhookBody>,
) -> Result<Response, Problem> {
    let hook = usecase::create_webhook_endpoint(&api, &caller, body.into()).await?;
    let location = [(header::LOCATION, format!("/v1/webhook-endpoints/{}", hook.id))];
    let etag = etag(hook.rev);
    Ok((StatusCode::CREATED, etag, location, Json(KeyedWebhookView::from(hook))).into_response())
}

/// Lists the clinic's programs that are told of events
#[utoipa::path(
    get,
    path = "/v1/webhook-endpoints",
    tag = "webhooks",
    responses(
        (status = OK, description = "The programs", body = WebhooksView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_webhook_endpoints(
    State(api): State<Api>,
    caller: Caller,
) -> Result<Json<WebhooksView>, Problem> {
    let hooks = usecase::list_webhook_endpoints(&api, &caller).await?;
    Ok(Json(WebhooksView { items: hooks.iter().map(WebhookView::from).collect() }))
}

/// Reads a program that is told of events
#[utoipa::path(
    get,
    path = "/v1/webhook-endpoints/{id}",
    tag = "webhooks",
    params(("id" = String, Path, description = "The program")),
    responses(
        (status = OK, description = "The program", body = WebhookView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<WebhookId>,
) -> Result<impl IntoResponse, Problem> {
    let hook = usecase::read_webhook_endpoint(&api, &caller, &id).await?;
    Ok((etag(hook.rev), Json(WebhookView::from(&hook))))
}

/// Changes a program that is told of events
///
/// Needs a fresh proof.
#[utoipa::path(
    put,
    path = "/v1/webhook-endpoints/{id}",
    tag = "webhooks",
    request_body = WebhookBody,
    params(
        ("id" = String, Path, description = "The program"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The program", body = WebhookView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn update_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<WebhookId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<WebhookBody>,
) -> Result<impl IntoResponse, Problem> {
    let hook = usecase::update_webhook_endpoint(&api, &caller, (&id, seen), body.into()).await?;
    Ok((etag(hook.rev), Json(WebhookView::from(&hook))))
}

/// Ends a program that is told of events
#[utoipa::path(
    delete,
    path = "/v1/webhook-endpoints/{id}",
    tag = "webhooks",
    params(("id" = String, Path, description = "The program")),
    responses(
        (status = NO_CONTENT, description = "Done"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn end_webhook_endpoint(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<WebhookId>,
) -> Result<StatusCode, Problem> {
    usecase::end_webhook_endpoint(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a program another key
///
/// Needs a fresh proof. Told once; the old key signs beside the new one for a day.
#[utoipa::path(
    post,
    path = "/v1/webhook-endpoints/{id}/rotate-secret",
    tag = "webhooks",
    params(("id" = String, Path, description = "The program")),
    responses(
        (status = OK, description = "The program and its new key", body = KeyedWebhookView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn rotate_webhook_secret(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<WebhookId>,
) -> Result<impl IntoResponse, Problem> {
    let hook = usecase::rotate_webhook_secret(&api, &caller, &id).await?;
    Ok((etag(hook.rev), Json(KeyedWebhookView::from(hook))))
}
