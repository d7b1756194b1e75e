//! `GET /v1/me/reviews`: what a practitioner is told of the own reviews, and `PUT /v1/reviews/{id}/reply` answers.

use axum::{Json, extract::State};
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, review::Review},
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::reviews::read::list_own_reviews as list,
};

/// A published review, as its practitioner sees it: whose visit it was is not told.
#[derive(Serialize, ToSchema)]
pub(super) struct OwnReviewView {
    /// Which one: what is answered.
    id: String,
    /// How often it changed; also what `If-Match` of an answer says.
    rev: i64,
    /// 1 to 5.
    stars: u8,
    /// What the patient says.
    text: String,
    /// What was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    /// The month in which it was written; the day would tell whose visit it was.
    #[schema(example = "2026-03")]
    month: String,
}

impl From<Review> for OwnReviewView {
    fn from(one: Review) -> Self {
        let date = TimeZone::UTC.to_datetime(one.created_at).date();
        Self {
            id: one.id.into(),
            rev: one.rev.0,
            stars: one.stars,
            text: one.words.text,
            reply: one.words.reply,
            month: format!("{:04}-{:02}", date.year(), date.month()),
        }
    }
}

/// Lists the own published reviews, newest first
///
/// For practitioners: to answer them.
#[utoipa::path(
    get,
    path = "/v1/me/reviews",
    tag = "reviews",
    params(PageQuery),
    responses(
        (status = OK, description = "A page of reviews", body = PageView<OwnReviewView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_own_reviews(
    State(api): State<Api>,
    caller: Caller,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PageView<OwnReviewView>>, Problem> {
    Ok(Json(list(&api, &caller, &page.parse()?).await?.into()))
}
