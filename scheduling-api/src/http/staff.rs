//! `/v1/clinics/{id}/staff` and invitations: who works in a clinic.

mod accept;
mod end;
mod invite;
mod list;

use utoipa_axum::{router::OpenApiRouter, routes};

use crate::api::Api;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(list::list_staff))
        .routes(routes!(end::end_membership))
        .routes(routes!(invite::invite_member))
        .routes(routes!(accept::accept_invitation))
}
