//! `GET /v1/practitioners/{id}/reviews`: without a name, a visit or a day.

use axum::{Json, extract::State};
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{id::PractitionerId, review::Review},
    http::{
        body::{Asked, At},
        caller::Visitor,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::reviews::read::list_practitioner_reviews as list,
};

/// A review, as anybody sees it.
#[derive(Serialize, ToSchema)]
struct PublicReviewView {
    /// 1 to 5.
    stars: u8,
    /// What the patient says.
    text: String,
    /// What the practitioner answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    /// The month in which it was written; the day would tell whose visit it was.
    #[schema(example = "2026-03")]
    month: String,
}

impl From<Review> for PublicReviewView {
    fn from(one: Review) -> Self {
        let date = TimeZone::UTC.to_datetime(one.created_at).date();
        let month = format!("{:04}-{:02}", date.year(), date.month());
        Self { stars: one.stars, text: one.words.text, reply: one.words.reply, month }
    }
}

/// What anybody is told of a practitioner.
#[derive(Serialize, ToSchema)]
pub(super) struct PublicReviewsView {
    /// Whether there are enough reviews to show any.
    enough: bool,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u64>,
    /// Their mean, to a tenth of a star.
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<f64>,
    /// A page of them, newest first.
    reviews: PageView<PublicReviewView>,
}

/// Reads what patients say of a practitioner
///
/// Nothing before there are as many published reviews as the clinic says, at least three.
#[utoipa::path(
    get,
    path = "/v1/practitioners/{id}/reviews",
    tag = "reviews",
    params(("id" = String, Path, description = "The practitioner"), PageQuery),
    responses(
        (status = OK, description = "What is told", body = PublicReviewsView),
        (status = "4XX", description = "Not there", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn list_practitioner_reviews(
    State(api): State<Api>,
    Visitor(caller): Visitor,
    At(id): At<PractitionerId>,
    Asked(page): Asked<PageQuery>,
) -> Result<Json<PublicReviewsView>, Problem> {
    let told = list(&api, &caller, &id, &page.parse()?).await?;
    let view = match told {
        Some(told) => {
            // At most 50 tenths: every one of them is a double.
            let tenths = u32::try_from(told.aggregate.mean_tenths).unwrap_or(u32::MAX);
            PublicReviewsView {
                enough: true,
                count: Some(told.aggregate.count),
                mean: Some(f64::from(tenths) / 10.0),
                reviews: told.reviews.into(),
            }
        }
        None => PublicReviewsView {
            enough: false,
            count: None,
            mean: None,
            reviews: crate::domain::page::Page::<Review> { items: Vec::new(), next: None }.into(),
        },
    };
    Ok(Json(view))
}
