//! `POST /v1/threads`.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{MessageBody, ShownView};
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{AppointmentId, PatientId, PractitionerId},
    },
    http::{
        body::{Idempotent, needed},
        error::Problem,
        if_match::etag,
    },
    usecase::messages::open::{Opening, create_thread as create},
};

/// What a new thread is about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ThreadBody {
    /// With whom.
    #[schema(value_type = String)]
    patient: PatientId,
    /// With which practitioner; the clinic as a whole when absent.
    #[schema(value_type = Option<String>)]
    practitioner: Option<PractitionerId>,
    /// About which visit; a patient must name one that was held lately.
    #[schema(value_type = Option<String>)]
    appointment: Option<AppointmentId>,
    /// What about.
    #[schema(min_length = 1, max_length = 120)]
    subject: String,
    /// The first message.
    message: MessageBody,
}

/// Begins a thread with its first message
///
/// A patient may for some days after a visit that was held, as the clinic says; who works in the clinic may at any time.
#[utoipa::path(
    post,
    path = "/v1/threads",
    tag = "messages",
    request_body = ThreadBody,
    params(("Idempotency-Key" = String, Header, description = "Needed; sent again, it has the same answer")),
    responses(
        (status = CREATED, description = "The thread", body = ShownView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_thread(
    State(api): State<Api>,
    caller: Caller,
    Idempotent(once, body): Idempotent<ThreadBody>,
) -> Result<Response, Problem> {
    let ThreadBody { patient, practitioner, appointment, subject, message } = body;
    let opening = Opening { patient, practitioner, appointment, subject, text: message.into() };
    let made = create(&api, &caller, &needed(once)?, opening).await?;
    let location = [(header::LOCATION, format!("/v1/threads/{}", made.thread.id))];
    let etag = etag(made.thread.rev);
    Ok((StatusCode::CREATED, etag, location, Json(ShownView::from(made))).into_response())
}
