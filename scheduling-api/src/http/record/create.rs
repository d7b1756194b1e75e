//! `POST /v1/patients/{id}/record`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::EntryView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{AppointmentId, PatientId},
        record::content::Content,
    },
    http::{
        body::{At, Idempotent, needed},
        error::Problem,
        if_match::etag,
    },
    usecase::records::create_entry::{Made, NewEntry, create_entry},
};

/// What is to be written.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryBody {
    /// The visit that it was said in.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    appointment: Option<AppointmentId>,
    /// `kind`, and what belongs to it; the words are FHIR R4's. `condition`: `code`, `clinical`, `verification`, `category`,
    /// `severity`, `onset`, `abatement`, `note`. `allergy`: `code`, `clinical`, `verification`, `type`, `category`,
    /// `criticality`, `reactions`, `onset`, `note`. `medication`: `code`, `status`, `dosage`, `from`, `to`, `note`.
    /// `observation`: `code`, `status`, `category`, `effective`, `value`, `components`, `note`. `history`: `topic`, `code`,
    /// `status`, `relation`, `date`, `note`. `answers`: `questionnaire`, `questionnaire_rev`, `status`, `items`.
    #[schema(value_type = Object)]
    content: Content,
}

/// Writes an entry into a patient's record
///
/// By the patient, or by a practitioner to whom they have come. What a patient tells is unconfirmed until a practitioner
/// corrects it.
#[utoipa::path(
    post,
    path = "/v1/patients/{id}/record",
    tag = "record",
    request_body = EntryBody,
    params(
        ("id" = String, Path, description = "The patient"),
        ("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer"),
    ),
    responses(
        (status = CREATED, description = "The entry", body = EntryView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_record_entry(
    State(api): State<Api>,
    caller: Caller,
    At(patient): At<PatientId>,
    Idempotent(once, body): Idempotent<EntryBody>,
) -> Result<Response, Problem> {
    let EntryBody { appointment, content } = body;
    let new = NewEntry { patient, appointment, content, unless: None };
    let (Made::New(made) | Made::There(made)) =
        create_entry(&api, &caller, Some(&needed(once)?), new).await?;
    let location = [(header::LOCATION, format!("/v1/record/{}", made.id))];
    let etag = etag(made.rev);
    Ok((StatusCode::CREATED, etag, location, Json(EntryView::from(made))).into_response())
}
