//! `/v1/prescriptions`, those of a visit, and those of a patient.

mod cancel;
mod check;
mod create;
mod discard;
mod list;
mod print;
mod read;
mod sign;
mod update;

use axum::extract::DefaultBodyLimit;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::notes::SignatureView;
use crate::{
    api::Api,
    domain::prescription::{Prescription, PrescriptionText, Standing},
};

/// Twenty medicines, each with instructions of several lines.
const PRESCRIPTION_BYTES_MAX: usize = 512 * 1024;

pub(super) fn router() -> OpenApiRouter<Api> {
    OpenApiRouter::new()
        .routes(routes!(create::create_prescription))
        .routes(routes!(
            read::read_prescription,
            update::update_prescription,
            discard::discard_prescription
        ))
        .routes(routes!(sign::sign_prescription))
        .routes(routes!(cancel::cancel_prescription))
        .routes(routes!(list::list_prescriptions))
        .routes(routes!(print::print_prescription))
        .routes(routes!(check::check_prescription))
        .layer(DefaultBodyLimit::max(PRESCRIPTION_BYTES_MAX))
}

/// A prescription.
#[derive(Serialize, ToSchema)]
struct PrescriptionView {
    /// Which one.
    id: String,
    /// How often it was changed; also the `ETag`.
    rev: i64,
    /// The visit.
    appointment: String,
    /// For whom.
    patient: String,
    /// Who gave the visit.
    practitioner: String,
    /// `draft`, `active` or `cancelled`.
    state: &'static str,
    /// `items` with `medicine`, `code`, `dose`, `frequency`, `duration_days`, `repeats`, `instructions`; and `remark`.
    #[schema(value_type = Object)]
    text: PrescriptionText,
    /// Who stands for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<SignatureView>,
    /// When it was taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    cancel_reason: Option<String>,
    /// When it was begun.
    created_at: String,
}

impl From<Prescription> for PrescriptionView {
    fn from(one: Prescription) -> Self {
        let state = one.standing.name();
        let signature = one.standing.signature().cloned().map(Into::into);
        let (cancelled_at, cancel_reason) = match one.standing {
            Standing::Cancelled { at, reason, .. } => (Some(at.to_string()), Some(reason)),
            Standing::Draft | Standing::Active(_) => (None, None),
        };
        Self {
            id: one.id.into(),
            rev: one.rev.0,
            appointment: one.appointment.into(),
            patient: one.patient.into(),
            practitioner: one.practitioner.into(),
            state,
            text: one.text,
            signature,
            cancelled_at,
            cancel_reason,
            created_at: one.created_at.to_string(),
        }
    }
}
