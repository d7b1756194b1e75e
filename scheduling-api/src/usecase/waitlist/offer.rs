//! Offers times that are free to those who wait, in order: a hold on the calendar, and a message. Runs in the worker's
//! sweep; any number of processes may, the calendar refuses the second.

use jiff::Timestamp;

use super::{record, resource};
use crate::{
    api::Api,
    domain::{
        access::{self, Act},
        actor::{Actor, Caller},
        appointment::Appointment,
        id::RequestId,
        waitlist::WaitlistEntry,
    },
    store::{Scope, StoreError, change::Change, clinics, waitlist},
    usecase::{
        Failure, place,
        search::{FreeSlot, SlotWish, search_slots},
    },
};

/// Places looked at in one round: each is one search of calendars that are cached.
const ROUND: u32 = 1000;

/// Times tried for one patient, who may be busy at the first of them.
const TRIES: usize = 4;

/// Hours of the day, on the clinic's clock, in which something is offered: at night nobody would take it in time.
const OFFER_HOURS: std::ops::Range<i8> = 7..21;

/// Ends offers that were let go by and places whose time is over, and offers what is free; how many changed.
pub(crate) async fn offer_what_is_free(api: &Api) -> Result<usize, Failure> {
    let now = api.clock.now();
    let mut tx = api.store.read(Scope::Platform).await?;
    let lapsed = waitlist::lapsed(&mut tx, ROUND, now).await?;
    drop(tx);
    let mut changed = 0;
    for entry in lapsed {
        changed += told(lapse(api, entry).await);
    }
    let mut tx = api.store.read(Scope::Platform).await?;
    let waiting = waitlist::all_waiting(&mut tx, ROUND).await?;
    let mut awake = std::collections::BTreeMap::new();
    for entry in &waiting {
        if !awake.contains_key(&entry.clinic) {
            let clinic = clinics::find(&mut tx, &entry.clinic).await?;
            let zone = clinic.and_then(|clinic| jiff::tz::TimeZone::get(&clinic.time_zone).ok());
            let hour = zone.map(|zone| now.to_zoned_datetime(zone).hour());
            awake
                .insert(entry.clinic.clone(), hour.is_some_and(|hour| OFFER_HOURS.contains(&hour)));
        }
    }
    drop(tx);
    for entry in waiting {
        if entry.span.end <= now {
            changed += told(end(api, entry).await);
        } else if awake.get(&entry.clinic).copied().unwrap_or_default() {
            changed += told(offer(api, entry).await);
        }
    }
    Ok(changed)
}

/// The others' turn comes whatever became of one.
fn told(outcome: Result<bool, Failure>) -> usize {
    match outcome {
        Ok(changed) => usize::from(changed),
        // Somebody else was faster.
        Err(Failure::Store(StoreError::Stale) | Failure::Stands(_)) => 0,
        Err(failure) => {
            tracing::warn!(%failure, "a place on the waitlist was left as it is");
            0
        }
    }
}

fn system(api: &Api, entry: &WaitlistEntry, now: Timestamp) -> Caller {
    let request = RequestId::mint(&api.random, now);
    Caller { actor: Actor::system(entry.clinic.clone()), request }
}

async fn lapse(api: &Api, entry: WaitlistEntry) -> Result<bool, Failure> {
    step(api, entry, "waitlist.lapsed", WaitlistEntry::lapse).await
}

async fn end(api: &Api, entry: WaitlistEntry) -> Result<bool, Failure> {
    step(api, entry, "waitlist.ended", WaitlistEntry::end).await
}

async fn step(
    api: &Api,
    mut entry: WaitlistEntry,
    topic: &'static str,
    take: impl FnOnce(&mut WaitlistEntry, Timestamp) -> Result<(), crate::domain::waitlist::Stands>,
) -> Result<bool, Failure> {
    let now = api.clock.now();
    let caller = system(api, &entry, now);
    let permit = access::decide(&caller.actor, Act::OfferFromWaitlist, &resource(&entry), now)?;
    take(&mut entry, now)?;
    let scope = Scope::Clinic(&entry.clinic);
    let mut change = Change::begin(&api.store, &api.random, &caller, scope, now).await?;
    waitlist::update(change.tx(), &entry).await?;
    record(&mut change, &permit, &entry, topic).await?;
    change.commit(None, &()).await?;
    Ok(true)
}

async fn offer(api: &Api, entry: WaitlistEntry) -> Result<bool, Failure> {
    let now = api.clock.now();
    let caller = system(api, &entry, now);
    let wish = SlotWish {
        service: entry.service.clone(),
        practitioner: entry.practitioner.clone(),
        span: crate::domain::availability::Span { start: entry.span.start.max(now), ..entry.span },
        limit: TRIES,
    };
    for slot in search_slots(api, &caller, &wish).await? {
        match keep(api, &caller, entry.clone(), &slot).await {
            Ok(()) => return Ok(true),
            // Taken meanwhile, or the patient has something else on.
            Err(Failure::Store(StoreError::SlotTaken) | Failure::Slot(_)) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(false)
}

async fn keep(
    api: &Api,
    caller: &Caller,
    mut entry: WaitlistEntry,
    slot: &FreeSlot,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let permit = access::decide(&caller.actor, Act::OfferFromWaitlist, &resource(&entry), now)?;
    let clinic = entry.clinic.clone();
    let scope = Scope::Clinic(&clinic);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let place = place::Place {
        service: entry.service.clone(),
        practitioner: Some(slot.practitioner.clone()),
        start: slot.visit.start,
    };
    let found = place::find(change.tx(), &clinic, &place, now).await?;
    let wanted = place::wanted(api, &found, Some(entry.patient.clone()), None, now);
    let hold = Appointment::offer(wanted, &found.service.terms, now);
    // The hold's history says by its act that it is an offer: that is what the patient is told by.
    place::put(api, &mut change, &permit, &hold, now).await?;
    entry.offer(hold.id.clone())?;
    waitlist::update(change.tx(), &entry).await?;
    record(&mut change, &permit, &entry, "waitlist.offered").await?;
    change.commit(None, &()).await?;
    Ok(())
}
