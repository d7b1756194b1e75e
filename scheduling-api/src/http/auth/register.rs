//! `POST /v1/auth/register`.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    domain::{actor::Caller, id::ClinicId},
    gate::Origin,
    http::{body::Body, error::Problem},
    usecase::account::register::{Registration, register as run},
};

/// What a patient writes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RegisterBody {
    /// The clinic to become a patient of.
    #[schema(value_type = String)]
    clinic_id: ClinicId,
    /// The address; proved by a mail.
    email: String,
    /// At least ten characters, none of the most guessed ones.
    #[schema(min_length = 10)]
    password: String,
    /// Given names.
    given_name: String,
    /// Family name.
    #[serde(default)]
    family_name: String,
    /// The language of mails (BCP 47).
    #[schema(example = "sw")]
    language: String,
    /// IANA name of the zone that times are shown in.
    #[schema(example = "Africa/Nairobi")]
    time_zone: String,
}

/// Registers a patient
///
/// Always answered alike: whether the address is known is told in its mailbox. Nothing is made before the link in the
/// mail is pressed.
#[utoipa::path(
    post,
    path = "/v1/auth/register",
    tag = "auth",
    request_body = RegisterBody,
    responses(
        (status = ACCEPTED, description = "A mail is on its way"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn register(
    State(api): State<Api>,
    caller: Caller,
    origin: Origin,
    Body(body): Body<RegisterBody>,
) -> Result<StatusCode, Problem> {
    let RegisterBody { clinic_id, email, password, given_name, family_name, language, time_zone } =
        body;
    let registration = Registration {
        clinic: clinic_id,
        email,
        password,
        given_name,
        family_name,
        language,
        time_zone,
    };
    run(&api, &caller, &origin, registration).await?;
    Ok(StatusCode::ACCEPTED)
}
