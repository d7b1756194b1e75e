//! `GET /v1/appointments/{id}/join-links`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::JoinLinkView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{body::At, error::Problem},
    usecase::visit::join_links::list_join_links as list,
};

/// The ways into a visit.
#[derive(Serialize, ToSchema)]
pub(super) struct JoinLinksView {
    /// The links, the oldest first; the first 200.
    items: Vec<JoinLinkView>,
}

/// Lists the ways into a visit
#[utoipa::path(
    get,
    path = "/v1/appointments/{id}/join-links",
    tag = "join",
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = OK, description = "The links", body = JoinLinksView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_join_links(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
) -> Result<Json<JoinLinksView>, Problem> {
    let links = list(&api, &caller, &id).await?;
    let items = links.iter().map(|(link, role)| JoinLinkView::of(link, *role)).collect();
    Ok(Json(JoinLinksView { items }))
}
