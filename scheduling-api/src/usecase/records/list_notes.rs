//! Lists a patient's signed notes; that each was read is written down, and shown to the patient.

use super::{key_of, may_read};
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::PatientId,
        note::Note,
        page::{Page, PageRequest},
    },
    store::{Scope, change::Change, notes},
    usecase::{Failure, load},
};

/// Lists the signed notes, newest first.
///
/// # Errors
/// When the caller may not.
pub(crate) async fn list_notes(
    api: &Api,
    caller: &Caller,
    patient: &PatientId,
    page: &PageRequest,
) -> Result<Page<Note>, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let tx = change.tx();
    let permit = may_read(tx, &caller.actor, Act::ListNotes, clinic, patient, now).await?;
    let key = key_of(api, change.tx(), patient).await?;
    let found = notes::signed_of(change.tx(), &key, patient, page).await?;
    change.saw(&permit, "note", None, Some(patient));
    change.commit(None, &()).await?;
    Ok(found)
}
