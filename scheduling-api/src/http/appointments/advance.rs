//! `POST /v1/appointments/{id}/approve` and its like: steps that need nothing but the appointment. One handler each, one
//! shape for all.

use axum::{Json, extract::State, response::IntoResponse, response::Response};

use super::AppointmentView;
use crate::{
    api::Api,
    domain::{actor::Caller, id::AppointmentId},
    http::{
        body::{At, Bodiless},
        error::Problem,
        if_match::{IfMatchMaybe, etag},
    },
    usecase::advance::{Step, advance_appointment},
};

macro_rules! steps {
    ($($(#[$doc:meta])* $name:ident $path:literal $step:ident;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            tag = "appointments",
            params(
                ("id" = String, Path, description = "The appointment"),
                ("If-Match" = Option<String>, Header, description = "The ETag that was read"),
                ("Idempotency-Key" = Option<String>, Header, description = "Sent again, it has the same answer"),
            ),
            responses(
                (status = OK, description = "The appointment", body = AppointmentView),
                (status = "4XX", description = "Not done", body = Problem,
                    content_type = "application/problem+json"),
            ),
            security(("bearer" = [])),
        )]
        pub(super) async fn $name(
            State(api): State<Api>,
            caller: Caller,
            At(id): At<AppointmentId>,
            IfMatchMaybe(seen): IfMatchMaybe,
            Bodiless(once): Bodiless,
        ) -> Result<Response, Problem> {
            let which = (&id, seen);
            let found =
                advance_appointment(&api, &caller, once.as_ref(), which, Step::$step).await?;
            Ok((etag(found.rev), Json(AppointmentView::from(found))).into_response())
        }
    )+};
}

steps! {
    /// Approves a request
    approve_appointment "/v1/appointments/{id}/approve" Approve;
    /// Turns a request down
    decline_appointment "/v1/appointments/{id}/decline" Decline;
    /// Calls an appointment off
    ///
    /// Also gives a hold or a request up. A patient who does so late owes the agreed fee, or must call the clinic.
    cancel_appointment "/v1/appointments/{id}/cancel" Cancel;
    /// Says that the patient has come
    ///
    /// From an hour before the start on.
    check_in_appointment "/v1/appointments/{id}/check-in" CheckIn;
    /// Begins the visit
    start_appointment "/v1/appointments/{id}/start" Start;
    /// Ends the visit
    finish_appointment "/v1/appointments/{id}/finish" Finish;
    /// Says that the patient has not come
    ///
    /// After the start and the agreed grace.
    mark_no_show "/v1/appointments/{id}/no-show" NoShow;
    /// Says that an appointment should never have been
    enter_appointment_in_error "/v1/appointments/{id}/enter-in-error" EnterInError;
}
