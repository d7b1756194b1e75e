//! `GET /v1/appointments/{id}/join-links`.

use axum::{Json, extract::State};

use super::JoinLinkView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{
        body::{Asked, At},
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::visit::join_links::list_join_links as list,
};

/// Lists the ways into a visit
///
/// The newest first.
#[utoipa::path(
    get,
    path = "/v1/appointments/{id}/join-links",
    tag = "join",
    params(("id" = String, Path, description = "The appointment"), PageQuery),
    responses(
        (status = OK, description = "A page of links", body = PageView<JoinLinkView>),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_join_links(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<JoinLinkView>>, Problem> {
    Ok(Json(list(&api, &caller, &id, &page.parse()?).await?.into()))
}
