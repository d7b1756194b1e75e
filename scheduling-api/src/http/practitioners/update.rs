//! `PUT /v1/practitioners/{id}`.

use axum::{Json, extract::State, response::IntoResponse};
use serde::Deserialize;
use utoipa::ToSchema;

use super::PractitionerView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::PractitionerId, profile::practitioner::PractitionerProfile},
    http::{
        body::{At, Body},
        error::Problem,
        if_match::{IfMatch, etag},
    },
    usecase::profile::update_practitioner::update_practitioner as update,
};

/// A practitioner's public card.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PractitionerBody {
    /// IANA name of the zone that they keep their hours in.
    time_zone: String,
    /// Name, specialties, languages, qualifications, licences, photo, fee, biography.
    #[schema(value_type = Object)]
    profile: PractitionerProfile,
}

/// Changes a practitioner's public card
#[utoipa::path(
    put,
    path = "/v1/practitioners/{id}",
    tag = "people",
    request_body = PractitionerBody,
    params(("id" = String, Path, description = "The practitioner"), ("If-Match" = String, Header, description = "The ETag that was read")),
    responses(
        (status = OK, description = "The card", body = PractitionerView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn update_practitioner(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<PractitionerId>,
    IfMatch(seen): IfMatch,
    Body(body): Body<PractitionerBody>,
) -> Result<impl IntoResponse, Problem> {
    let practitioner = update(&api, &caller, &id, seen, &body.time_zone, body.profile).await?;
    Ok((etag(practitioner.rev), Json(PractitionerView::from(practitioner))))
}
