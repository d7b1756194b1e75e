//! `POST /v1/join/recover`.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::{
    api::Api,
    gate::Origin,
    http::{body::Body, caller::Stranger, error::Problem},
    usecase::visit::recover_link::recover_join_link as recover,
};

/// Who has lost a link.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RecoverBody {
    /// The e-mail address that the clinic has.
    contact: String,
}

/// Asks for a link by mail
///
/// Always answered alike. If the address is an account's and a visit is near, a link is on its way; the older one ends
/// when it is used.
#[utoipa::path(
    post,
    path = "/v1/join/recover",
    tag = "join",
    request_body = RecoverBody,
    responses(
        (status = ACCEPTED, description = "If there is a visit, a mail is on its way"),
        (status = "4XX", description = "Too often", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn recover_join_link(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    origin: Origin,
    Body(body): Body<RecoverBody>,
) -> Result<StatusCode, Problem> {
    recover(&api, &caller, &origin, &body.contact).await?;
    Ok(StatusCode::ACCEPTED)
}
