//! Reviews: of a visit, of a clinic, and what anybody is told of a practitioner.

mod list;
mod moderate;
mod own;
mod public;
mod write;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{api::Api, domain::review::Review};

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(write::create_review, write::read_review))
        .routes(routes!(list::list_reviews))
        .routes(routes!(own::list_own_reviews))
        .routes(routes!(moderate::moderate_review))
        .routes(routes!(moderate::reply_to_review))
        .routes(routes!(public::list_practitioner_reviews))
}

/// A review, as its author and the clinic see it.
#[derive(Serialize, ToSchema)]
struct ReviewView {
    /// Which one.
    id: String,
    /// How often it changed; also the `ETag`.
    rev: i64,
    /// Of which visit.
    appointment: String,
    /// Of whom.
    practitioner: String,
    /// `pending`, `published` or `refused`.
    state: &'static str,
    /// 1 to 5.
    stars: u8,
    /// What the patient says.
    text: String,
    /// What the practitioner answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    /// Why it is not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused_for: Option<String>,
    /// When it was written.
    created_at: String,
}

impl From<Review> for ReviewView {
    fn from(one: Review) -> Self {
        Self {
            id: one.id.into(),
            rev: one.rev.0,
            appointment: one.appointment.into(),
            practitioner: one.practitioner.into(),
            state: one.standing.name(),
            stars: one.stars,
            text: one.words.text,
            reply: one.words.reply,
            refused_for: one.words.refused_for,
            created_at: one.created_at.to_string(),
        }
    }
}
