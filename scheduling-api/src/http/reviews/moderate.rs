//! `PUT /v1/reviews/{id}/moderation`, `PUT /v1/reviews/{id}/reply`.

use axum::{Json, extract::State, response::IntoResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ReviewView, own::OwnReviewView};
use crate::{
    api::Api,
    domain::{actor::Caller, id::ReviewId},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::reviews::moderate::{moderate_review as moderate, reply_to_review as reply},
};

/// Whether others see a review.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ModerationBody {
    /// Why they do not; its author reads it. Absent: they do.
    #[schema(max_length = 2000)]
    refused_for: Option<String>,
}

/// Shows a review to others, or does not
#[utoipa::path(
    put,
    path = "/v1/reviews/{id}/moderation",
    tag = "reviews",
    request_body = ModerationBody,
    params(
        ("id" = String, Path, description = "The review"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The review", body = ReviewView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn moderate_review(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ReviewId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<ModerationBody>,
) -> Result<impl IntoResponse, Problem> {
    let found = moderate(&api, &caller, &id, seen, body.refused_for).await?;
    Ok((etag(found.rev), Json(ReviewView::from(found))))
}

/// An answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReplyBody {
    /// In words. Anybody reads it: say nothing that tells who the patient is.
    #[schema(min_length = 1, max_length = 2000)]
    text: String,
}

/// Answers a published review
///
/// In place of an earlier answer.
#[utoipa::path(
    put,
    path = "/v1/reviews/{id}/reply",
    tag = "reviews",
    request_body = ReplyBody,
    params(
        ("id" = String, Path, description = "The review"),
        ("If-Match" = String, Header, description = "The ETag that was read"),
    ),
    responses(
        (status = OK, description = "The review", body = OwnReviewView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn reply_to_review(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<ReviewId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<ReplyBody>,
) -> Result<impl IntoResponse, Problem> {
    let found = reply(&api, &caller, &id, seen, body.text).await?;
    Ok((etag(found.rev), Json(OwnReviewView::from(found))))
}
