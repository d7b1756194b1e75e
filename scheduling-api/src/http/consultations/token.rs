//! `POST /v1/consultations/{id}/token`.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, id::ConsultationId},
    http::{body::At, error::Problem},
    usecase::{join::RoomToken, visit::token::create_visit_token as create},
};

/// A token for the call.
#[derive(Serialize, ToSchema)]
pub(super) struct VisitTokenView {
    /// Where to connect with it.
    #[schema(example = "wss://video.clinic.example")]
    url: String,
    /// The token.
    token: String,
    /// Until when it can be connected with.
    expires_at: String,
    /// Whether it lets in; otherwise one waits in the room, unseen, until admitted.
    admitted: bool,
}

/// Gets a token for the call
///
/// Good for two minutes, to connect with. Somebody who waits gets one too: they are connected, can try their line, and
/// neither see nor reach anybody until they are let in.
#[utoipa::path(
    post,
    path = "/v1/consultations/{id}/token",
    tag = "consultations",
    params(("id" = String, Path, description = "The visit")),
    responses(
        (status = OK, description = "The token", body = VisitTokenView),
        (status = "4XX", description = "Not possible now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_visit_token(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ConsultationId>,
) -> Result<Json<VisitTokenView>, Problem> {
    let (RoomToken { url, token, expires }, admitted) = create(&api, &caller, &id).await?;
    Ok(Json(VisitTokenView { url, token, expires_at: expires.to_string(), admitted }))
}
