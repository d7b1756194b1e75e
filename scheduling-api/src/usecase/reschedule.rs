//! Moves an appointment to another time or practitioner: same id, one change, so that it never has no time and never
//! two.

use jiff::Timestamp;

use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        appointment::Appointment,
        claim::ClaimState,
        id::{AppointmentId, PractitionerId},
        once::Once,
        rev::Rev,
    },
    store::{Scope, calendars, change::Change, claims, idempotency::Earlier},
    usecase::{
        Failure, load,
        place::{self, Place},
        visit,
    },
};

/// Moves an appointment.
pub(crate) async fn reschedule_appointment(
    api: &Api,
    caller: &Caller,
    once: Option<&Once>,
    (id, seen): (&AppointmentId, Rev),
    start: Timestamp,
    practitioner: Option<PractitionerId>,
) -> Result<Appointment, Failure> {
    let now = api.clock.now();
    let clinic = load::clinic_of(&caller.actor)?;
    let scope = Scope::Clinic(clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    match change.earlier(once).await? {
        Earlier::None => {}
        Earlier::Done(appointment) => return Ok(appointment),
        Earlier::OtherRequest => return Err(Failure::KeyReused),
    }
    let act = Act::RescheduleAppointment;
    let (mut appointment, permit) =
        load::appointment(&mut change, caller, act, id, Some(seen), now).await?;
    let before = appointment.practitioner.clone();
    let practitioner = practitioner.unwrap_or_else(|| before.clone());
    let place =
        Place { service: appointment.service.clone(), practitioner: Some(practitioner), start };
    let found = place::find(change.tx(), clinic, &place, now).await?;
    appointment.reschedule(found.visit, found.practitioner, &found.service.terms)?;
    place::make_room(&mut change, &appointment, now).await?;
    claims::set_state(change.tx(), id, ClaimState::Released).await?;
    calendars::touch(change.tx(), clinic, &before).await?;
    place::claim(api, &mut change, &appointment, ClaimState::Confirmed, now).await?;
    load::save_row(&mut change, &permit, &appointment).await?;
    visit::follow_appointment(&mut change, api, &permit, &appointment).await?;
    change.commit(once, &appointment).await?;
    Ok(appointment)
}
