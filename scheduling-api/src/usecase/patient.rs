//! What a booking needs of a patient: that they are the clinic's, and their key.

use crate::{
    api::Api,
    domain::id::{AppointmentId, ClinicId, PatientId},
    store::{Tx, appointments, change::Change, data_keys, directory},
    usecase::Failure,
};

/// Checks that a patient belongs to a clinic.
///
/// # Errors
/// [`Failure::NotFound`] when not.
pub(crate) async fn check(
    tx: &mut Tx,
    clinic: &ClinicId,
    patient: Option<&PatientId>,
) -> Result<(), Failure> {
    match patient {
        Some(patient) if !directory::is_patient_of(tx, clinic, patient).await? => {
            Err(Failure::NotFound)
        }
        _ => Ok(()),
    }
}

/// Seals why a patient comes, and keeps it with the appointment.
pub(crate) async fn seal_reason(
    api: &Api,
    change: &mut Change<'_>,
    appointment: &AppointmentId,
    patient: &PatientId,
    reason: &str,
) -> Result<(), Failure> {
    let key = data_keys::find(change.tx(), &api.keys, patient).await?.ok_or(Failure::NotFound)?;
    let sealed = key.seal(&api.random, &reason_context(appointment), reason.as_bytes());
    Ok(appointments::set_reason(change.tx(), appointment, &sealed).await?)
}

/// Where a reason is sealed.
pub(crate) fn reason_context(appointment: &AppointmentId) -> String {
    format!("appointment.reason/{appointment}")
}

/// Seals why staff placed an appointment outside the rules: it may tell something of the patient.
pub(crate) async fn seal_staff_reason(
    api: &Api,
    change: &mut Change<'_>,
    appointment: &AppointmentId,
    patient: &PatientId,
    reason: &str,
) -> Result<(), Failure> {
    let key = data_keys::find(change.tx(), &api.keys, patient).await?.ok_or(Failure::NotFound)?;
    let context = format!("appointment.staff_reason/{appointment}");
    let sealed = key.seal(&api.random, &context, reason.as_bytes());
    Ok(appointments::set_staff_reason(change.tx(), appointment, &sealed).await?)
}
