//! `GET /v1/reviews`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::ReviewView;
use crate::{
    api::Api,
    domain::{actor::Caller, review::Standing},
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::reviews::read::list_reviews as list,
};

/// Which reviews.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReviewsQuery {
    /// `pending`, `published` or `refused`; all when absent.
    state: Option<String>,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists a clinic's reviews, newest first: what is to be looked at
#[utoipa::path(
    get,
    path = "/v1/reviews",
    tag = "reviews",
    params(ReviewsQuery),
    responses(
        (status = OK, description = "A page of reviews", body = PageView<ReviewView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_reviews(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<ReviewsQuery>,
) -> Result<Json<PageView<ReviewView>>, Problem> {
    let state = query.state.map(|state| state.parse::<Standing>()).transpose();
    let state = state.map_err(Problem::bad_request)?;
    let page = PageQuery::new(query.limit, query.after).parse()?;
    Ok(Json(list(&api, &caller, state, &page).await?.into()))
}
