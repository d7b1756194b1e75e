//! `GET /v1/threads`.

use axum::{Json, extract::State};
use serde::Deserialize;
use utoipa::IntoParams;

use super::ThreadView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PatientId},
    http::{
        body::Asked,
        error::Problem,
        page::{PageQuery, PageView},
    },
    usecase::messages::read::list_threads as list,
};

/// Which threads.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ThreadsQuery {
    /// Of this patient alone.
    #[param(value_type = Option<String>)]
    patient: Option<PatientId>,
    /// Items wanted.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
    /// `next` of the page before.
    after: Option<String>,
}

/// Lists threads, newest first
///
/// A patient's own; a practitioner's and those that are assigned to them; for the desk those of the clinic as a whole.
#[utoipa::path(
    get,
    path = "/v1/threads",
    tag = "messages",
    params(ThreadsQuery),
    responses(
        (status = OK, description = "A page of threads", body = PageView<ThreadView>),
        (status = "4XX", description = "Not allowed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn list_threads(
    State(api): State<Api>,
    caller: Caller,
    Asked(query): Asked<ThreadsQuery>,
) -> Result<Json<PageView<ThreadView>>, Problem> {
    let page = PageQuery::new(query.limit, query.after).parse()?;
    Ok(Json(list(&api, &caller, query.patient, &page).await?.into()))
}
