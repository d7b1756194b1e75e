//! Reads an appointment as a calendar's entry, to be put in by hand. Seen in the patient's access log.

use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        id::AppointmentId,
        notification::{
            calendar_entry::{self, Frame, Method},
            text::Tongue,
        },
    },
    store::{Scope, accounts, change::Change},
    usecase::{Failure, load},
};

/// Reads an appointment as a calendar's entry.
pub(crate) async fn read_calendar_entry(
    api: &Api,
    caller: &Caller,
    id: &AppointmentId,
) -> Result<String, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(load::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::ReadCalendarEntry;
    let (found, permit) = load::appointment(&mut change, caller, act, id, None, now).await?;
    let account = match &caller.actor.user {
        Some(user) => accounts::find(change.tx(), &api.keys, user).await?,
        None => None,
    };
    let tongue = account.map_or(Tongue::English, |account| Tongue::of(&account.language));
    let file = calendar_entry::write(
        &found,
        &Frame {
            method: Method::Publish,
            link: &api.links.appointment(&found.id),
            host: api.links.host(),
            organizer: api.outbound.organizer.as_deref(),
            attendee: None,
            tongue,
            now,
        },
    );
    change.saw(&permit, "appointment", Some(id.as_str()), found.patient.as_ref());
    change.commit(None, &()).await?;
    Ok(file)
}
