//! `POST /v1/appointments/{id}/join-links`.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{JoinLinkView, RoleView};
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{AppointmentId, ParticipantId},
    },
    http::{
        body::{At, Body},
        error::Problem,
    },
    usecase::visit::join_links::{Invitation, create_join_link as create},
};

/// Whom a link is for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinLinkBody {
    /// What they come as.
    role: RoleView,
    /// What they are called; needed for everybody but the patient.
    name: Option<String>,
    /// An e-mail address to send the link to.
    contact: Option<String>,
    /// Somebody who was invited before and needs another link; the older one ends.
    #[schema(value_type = Option<String>)]
    participant: Option<ParticipantId>,
}

/// A new link, with its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedJoinLinkView {
    /// The link.
    #[serde(flatten)]
    link: JoinLinkView,
    /// The page to open; the secret stands behind the `#`. Told once.
    url: String,
    /// The secret alone. Told once.
    secret: String,
}

/// Makes a way into a visit for one person
///
/// Works once, on the device that opens it, until some hours after the visit's end. A new one for the same person ends
/// the older. Patients invite family and who translates; colleagues are invited by the clinic.
#[utoipa::path(
    post,
    path = "/v1/appointments/{id}/join-links",
    tag = "join",
    request_body = JoinLinkBody,
    params(("id" = String, Path, description = "The appointment")),
    responses(
        (status = CREATED, description = "The link", body = CreatedJoinLinkView),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn create_join_link(
    State(api): State<Api>,
    caller: Caller,
    At(id): At<AppointmentId>,
    Body(body): Body<JoinLinkBody>,
) -> Result<(StatusCode, Json<CreatedJoinLinkView>), Problem> {
    let invitation = Invitation {
        role: body.role.into(),
        name: body.name,
        contact: body.contact,
        participant: body.participant,
    };
    let made = create(&api, &caller, &id, invitation).await?;
    let view = CreatedJoinLinkView {
        link: JoinLinkView::of(&made.link, made.role),
        url: made.url,
        secret: made.secret.expose().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(view)))
}
