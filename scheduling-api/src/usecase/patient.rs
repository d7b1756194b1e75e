//! What a booking needs of a patient: that they are the clinic's, and their key.

use protocol::redact::Redacted;

use crate::{
    api::Api,
    domain::id::{AppointmentId, ClinicId, PatientId},
    store::{StoreError, Tx, appointments, change::Change, data_keys, directory},
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

/// Longest reason, in characters.
const REASON_CHARS_MAX: usize = 2000;

/// Checks why a patient comes.
///
/// # Errors
/// When it is too long.
pub(crate) fn check_reason(reason: Option<&String>) -> Result<(), Failure> {
    match reason {
        Some(reason) if reason.chars().count() > REASON_CHARS_MAX => {
            Err(Failure::invalid("/reason", "at most 2000 characters"))
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

/// Why a patient comes, if they said it. Whose key was destroyed says nothing any more.
pub(crate) async fn open_reason(
    api: &Api,
    change: &mut Change<'_>,
    appointment: &AppointmentId,
    patient: &PatientId,
) -> Result<Option<Redacted<String>>, Failure> {
    let Some(sealed) = appointments::reason(change.tx(), appointment).await? else {
        return Ok(None);
    };
    let Some(key) = data_keys::find(change.tx(), &api.keys, patient).await? else {
        return Ok(None);
    };
    let corrupt = || StoreError::Corrupt { column: "reason" };
    let plain = key.open(&reason_context(appointment), &sealed).map_err(|_| corrupt())?;
    Ok(Some(Redacted::new(String::from_utf8(plain).map_err(|_| corrupt())?)))
}

/// Where a reason is sealed.
fn reason_context(appointment: &AppointmentId) -> String {
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
