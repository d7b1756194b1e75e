//! `POST /v1/consultations/{id}/participants/{participant}/admit` and its like.

use axum::{Json, extract::State};

use super::VisitView;
use crate::{
    api::Api,
    domain::{
        actor::Caller,
        id::{ConsultationId, ParticipantId},
    },
    http::{body::At, error::Problem},
    usecase::visit::admit::{Door, turn_door},
};

macro_rules! doors {
    ($($(#[$doc:meta])* $name:ident $path:literal $door:ident;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            tag = "consultations",
            params(
                ("id" = String, Path, description = "The visit"),
                ("participant" = String, Path, description = "Who"),
            ),
            responses(
                (status = OK, description = "The visit", body = VisitView),
                (status = "4XX", description = "Not done", body = Problem,
                    content_type = "application/problem+json"),
                (status = 503, description = "The media server is not there: nothing has changed", body = Problem,
                    content_type = "application/problem+json"),
            ),
            security(("bearer" = [])),
        )]
        pub(super) async fn $name(
            State(api): State<Api>,
            caller: Caller,
            At((id, who)): At<(ConsultationId, ParticipantId)>,
        ) -> Result<Json<VisitView>, Problem> {
            Ok(Json(turn_door(&api, &caller, (&id, &who), Door::$door).await?.into()))
        }
    )+};
}

doors! {
    /// Lets somebody in
    admit_participant "/v1/consultations/{id}/participants/{participant}/admit" Admit;
    /// Sends somebody back to wait
    ///
    /// Their tracks end, and they neither see nor reach anybody until they are let in again.
    hold_participant "/v1/consultations/{id}/participants/{participant}/hold" Hold;
    /// Sends somebody away
    ///
    /// For good: their links end with it.
    remove_participant "/v1/consultations/{id}/participants/{participant}/remove" Remove;
}
