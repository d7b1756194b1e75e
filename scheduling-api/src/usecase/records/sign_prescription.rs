//! Puts a prescription in force, and takes it back.

use super::{
    prescribe::{record, seen_as, visit_of},
    sign, visit_to_write,
};
use crate::{
    api::Api,
    domain::{
        access::Act, actor::Caller, id::PrescriptionId, note::paragraphs,
        prescription::Prescription, profile::refuse, rev::Rev,
    },
    store::{Scope, StoreError, change::Change, prescriptions},
    usecase::{Failure, load},
};

/// Signs a prescription in the revision that the signer has read.
///
/// # Errors
/// `Stale` when it was changed since; when it cannot be signed.
pub(crate) async fn sign_prescription(
    api: &Api,
    caller: &Caller,
    id: &PrescriptionId,
    seen: Rev,
) -> Result<Prescription, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let visit = visit_of(change.tx(), id).await?;
    let visit =
        visit_to_write(api, &mut change, caller, Act::SignPrescription, &visit, now).await?;
    let mut found = seen_as(api, change.tx(), id, seen).await?;
    let text =
        serde_json::to_vec(&found.text).map_err(|error| StoreError::Schema(error.to_string()))?;
    let about = ["prescription", visit.appointment.id.as_str(), visit.patient.as_str()];
    found.sign(&visit.appointment.state, sign(caller, &visit.key, about, &text, now)?)?;
    prescriptions::update_draft(change.tx(), &visit.key, &api.random, &found).await?;
    record(&mut change, &visit.permit, &found).await?;
    change.commit(None, &()).await?;
    Ok(found)
}

/// Takes a prescription back.
///
/// # Errors
/// `Stale` when it was changed since; when it is not in force.
pub(crate) async fn cancel_prescription(
    api: &Api,
    caller: &Caller,
    id: &PrescriptionId,
    seen: Rev,
    reason: String,
) -> Result<Prescription, Failure> {
    let now = api.clock.now();
    paragraphs("/reason", &reason)?;
    if reason.trim().is_empty() {
        refuse("/reason", "must not be empty")?;
    }
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let visit = visit_of(change.tx(), id).await?;
    let act = Act::CancelPrescription;
    let visit = visit_to_write(api, &mut change, caller, act, &visit, now).await?;
    let mut found = seen_as(api, change.tx(), id, seen).await?;
    found.cancel(reason, now)?;
    prescriptions::cancel(change.tx(), &visit.key, &api.random, &found).await?;
    record(&mut change, &visit.permit, &found).await?;
    change.commit(None, &()).await?;
    Ok(found)
}
