//! What a program was told, and telling it again.

use axum::{Json, extract::State, http::StatusCode};

use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{DeliveryId, WebhookId},
    },
    http::{
        body::{Asked, At},
        error::Problem,
        jobs::JobView,
        page::{PageQuery, PageView},
    },
    usecase::jobs::{list_webhook_deliveries as list, replay_webhook_delivery as replay},
};

/// Lists what a program was told
///
/// The newest first: the event, how often it was tried, and what became of it.
#[utoipa::path(
    get,
    path = "/v1/webhook-endpoints/{id}/deliveries",
    tag = "webhooks",
    params(("id" = String, Path, description = "The program"), PageQuery),
    responses(
        (status = OK, description = "A page of deliveries", body = PageView<JobView>),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_webhook_deliveries(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<WebhookId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<JobView>>, Problem> {
    Ok(Json(list(&api, &caller, &id, &page.parse()?).await?.into()))
}

/// Tells a program something again
///
/// The same event under the same `webhook-id`, with a new timestamp and signature.
#[utoipa::path(
    post,
    path = "/v1/webhook-deliveries/{id}/replay",
    tag = "webhooks",
    params(("id" = String, Path, description = "The delivery")),
    responses(
        (status = NO_CONTENT, description = "It is due now"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn replay_webhook_delivery(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<DeliveryId>,
) -> Result<StatusCode, Problem> {
    replay(&api, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
