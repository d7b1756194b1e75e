//! `GET /v1/practitioners/{id}`.

use axum::{Json, extract::State, response::IntoResponse};

use super::PractitionerView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PractitionerId},
    http::{body::At, error::Problem, if_match::etag},
    usecase::profile::read_practitioner::read_practitioner as read,
};

/// Reads a practitioner's public card
#[utoipa::path(
    get,
    path = "/v1/practitioners/{id}",
    tag = "people",
    params(("id" = String, Path, description = "The practitioner")),
    responses(
        (status = OK, description = "The card", body = PractitionerView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn read_practitioner(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PractitionerId>,
) -> Result<impl IntoResponse, Problem> {
    let practitioner = read(&api, &caller, &id).await?;
    Ok((etag(practitioner.rev), Json(PractitionerView::from(practitioner))))
}
