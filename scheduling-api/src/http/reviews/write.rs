//! `POST` and `GET /v1/appointments/{id}/review`.

use axum::{Json, extract::State, http::StatusCode, response::IntoResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ReviewView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::etag,
    },
    usecase::reviews::{read::read_review as read, write::create_review as create},
};

/// What a patient says of a visit.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReviewBody {
    /// 1 to 5.
    #[schema(minimum = 1, maximum = 5)]
    stars: u8,
    /// In words. Others read it once the clinic has looked at it: write nothing about your health.
    #[serde(default)]
    #[schema(max_length = 2000)]
    text: String,
}

/// Reviews a visit that was held, once
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/review",
    tag = "reviews",
    request_body = ReviewBody,
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = CREATED, description = "The review, not shown to others yet", body = ReviewView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_review(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    Body(body): Body<ReviewBody>,
) -> Result<impl IntoResponse, Problem> {
    let made = create(&api, &caller, &id, body.stars, body.text).await?;
    Ok((StatusCode::CREATED, etag(made.rev), Json(ReviewView::from(made))))
}

/// Reads the review of a visit
#[utoipa::path(
    get,
    path = "/v1/appointments/{id}/review",
    tag = "reviews",
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = OK, description = "The review", body = ReviewView),
        (status = "4XX", description = "Not there, or not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn read_review(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
) -> Result<impl IntoResponse, Problem> {
    let found = read(&api, &caller, &id).await?;
    Ok((etag(found.rev), Json(ReviewView::from(found))))
}
