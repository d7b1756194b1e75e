//! Reads a visit. Who takes part looks at it every few seconds, and sees no more than that it goes on: that is no entry
//! in the audit log. Staff who look are.

use super::{Visit, load};
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::{Caller, Role},
        id::{AppointmentId, ConsultationId},
    },
    store::{Scope, change::Change},
    usecase::{Failure, load as loading},
};

/// Reads a visit.
pub(crate) async fn read_consultation(
    api: &Api,
    caller: &Caller,
    id: &ConsultationId,
) -> Result<Visit, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(loading::clinic_of(&caller.actor)?);
    let act = Act::ReadConsultation;
    let mut tx = api.store.read(scope).await?;
    let (found, permit) = load::find(&mut tx, api, caller, act, id, now).await?;
    let is_staff = matches!(permit.role(), Role::Receptionist | Role::ClinicAdmin);
    let patient = found.patient.clone();
    let visit = load::view(&mut tx, api, &caller.actor, permit.role(), found, now).await?;
    drop(tx);
    if is_staff {
        let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
        change.saw(&permit, "consultation", Some(id.as_str()), Some(&patient));
        change.commit(None, &()).await?;
    }
    Ok(visit)
}

/// Reads the visit of an appointment; the first who does makes it.
pub(crate) async fn read_appointment_consultation(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
) -> Result<Visit, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(loading::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::ReadAppointmentConsultation;
    let (appointment, permit) =
        loading::appointment(&mut change, caller, act, id, None, now).await?;
    let found = load::of_appointment(&mut change, api, &permit, &appointment, now).await?;
    change.saw(&permit, "consultation", Some(found.id.as_str()), Some(&found.patient));
    let actor = &caller.actor;
    let visit = load::view(change.tx(), api, actor, permit.role(), found, now).await?;
    change.commit(None, &()).await?;
    Ok(visit)
}
