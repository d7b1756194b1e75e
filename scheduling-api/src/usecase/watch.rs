//! Watching what happens: a ticket for the socket, the socket's place on the bus, and whether its holder still may.

use std::sync::Arc;

use jiff::Timestamp;

use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Resource},
        account::actor_in,
        actor::{Actor, Caller},
        id::ClinicId,
        session::SessionState,
    },
    store::{Scope, StoreError, live_events, memberships, sessions},
    usecase::{Failure, load},
};
pub(crate) use crate::{
    domain::live::LiveEvent,
    live::{self, Full, Watcher},
};

/// Most events that a client is given at once when it comes back; who missed more loads anew.
const RESUME_MAX: u32 = 1000;

/// A ticket for a socket, and until when it is good.
pub(crate) fn create_events_ticket(
    api: &Api,
    caller: &Caller,
) -> Result<(SecretToken, Timestamp), Failure> {
    let now = api.clock.now();
    let resource = Resource::of_clinic(load::clinic_of(&caller.actor)?);
    let _ = access::decide(&caller.actor, Act::CreateEventsTicket, &resource, now)?;
    let ticket = api.live.ticket(caller.actor.clone(), &api.random, now);
    ticket.map_err(|Full| Failure::Busy { retry_after: std::time::Duration::from_secs(30) })
}

/// A place on the bus.
pub(crate) struct Place {
    pub(crate) actor: Actor,
    pub(crate) clinic: ClinicId,
    pub(crate) watcher: Watcher,
    /// The number behind which the ring goes on.
    pub(crate) head: i64,
    /// The number that the client has, or from which on it is told.
    pub(crate) from: i64,
    /// What was missed; none when it can no longer be told.
    pub(crate) missed: Option<Vec<LiveEvent>>,
}

/// Takes a place by a ticket. `last` is the number of the last event that the client has.
///
/// # Errors
/// [`Failure::Link`] for a ticket that is worth nothing, [`Failure::Busy`] when there is no place.
pub(crate) async fn open_events(
    api: &Api,
    caller: &Caller,
    ticket: &str,
    last: Option<i64>,
) -> Result<Place, Failure> {
    let now = api.clock.now();
    let _ = access::decide(&caller.actor, Act::OpenEvents, &Resource::platform(), now)?;
    let actor = api.live.redeem(ticket, now).ok_or(Failure::Link)?;
    let clinic = load::clinic_of(&actor)?.clone();
    let person = live::person(&actor);

    let mut tx = api.store.read(Scope::Platform).await?;
    let head = live_events::head(&mut tx).await?;
    drop(tx);
    // First the place, then what was missed: nothing falls between them.
    let watcher = api.live.watch(person, head);
    let busy = Failure::Busy { retry_after: std::time::Duration::from_secs(30) };
    let watcher = watcher.map_err(|Full| busy)?;
    let (head, missed) = match last {
        None => (head, Some(Vec::new())),
        Some(last) => missed(api, &clinic, last, head).await?,
    };
    let from = if missed.is_some() { last.unwrap_or(head) } else { head };
    let missed = missed.map(|all| {
        all.into_iter().filter(|event| event.audience.includes(&event.topic, &actor, now)).collect()
    });
    Ok(Place { actor, clinic, watcher, head, from, missed })
}

async fn missed(
    api: &Api,
    clinic: &ClinicId,
    last: i64,
    head: i64,
) -> Result<(i64, Option<Vec<LiveEvent>>), StoreError> {
    let mut tx = api.store.read(Scope::Platform).await?;
    if !live_events::remembers(&mut tx, last).await? {
        return Ok((head, None));
    }
    let events = live_events::after(&mut tx, clinic, last, RESUME_MAX + 1).await?;
    if events.len() > RESUME_MAX as usize {
        return Ok((head, None));
    }
    let head = events.last().map_or(head, |event| event.seq.max(head));
    Ok((head, Some(events)))
}

/// Who the holder of a place is now; none when their session has ended or they are nothing in the clinic any more.
pub(crate) async fn still(api: &Api, place: &Place) -> Result<Option<Actor>, StoreError> {
    let now = api.clock.now();
    let Some(session) = &place.actor.session else { return Ok(Some(place.actor.clone())) };
    let mut tx = api.store.read(Scope::Platform).await?;
    let Some(session) = sessions::find_usable(&mut tx, session).await? else { return Ok(None) };
    if session.life.state(now) != SessionState::Live
        || session.clinic.as_ref() != Some(&place.clinic)
    {
        return Ok(None);
    }
    let members = memberships::of_user(&mut tx, &session.user).await?;
    let proxies = memberships::proxies_of_user(&mut tx, &session.user).await?;
    let assurance = session.factors.assurance();
    let actor = actor_in(&session.user, Some(&place.clinic), &members, &proxies, assurance, now);
    Ok(Some(Actor { session: Some(session.id), ..actor }))
}

/// Whether the holder of a place may see an event.
pub(crate) fn may_see(api: &Api, actor: &Actor, event: &Arc<LiveEvent>) -> bool {
    event.audience.includes(&event.topic, actor, api.clock.now())
}
