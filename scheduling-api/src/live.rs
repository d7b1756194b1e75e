//! The bus of this process: events on their way to those who watch, and the tickets that let them in.
//!
//! ```text
//! transition ─► outbox ─► fan-out (numbers it) ─► live_event ─► tail ─► [bounded ring] ─► each watcher's socket
//!                                                     └──────────────── resume ◄──────────┘
//! ```
//!
//! The table is the truth: a process reads it behind a cursor, so that what another process handed out reaches its own
//! watchers too, within a second. Who falls behind the ring is cut off, and resumes from the table. Tickets are this
//! process' own: a client opens its socket where it got its ticket.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::{Timestamp, ToSpan as _};
use tokio::sync::broadcast;

use crate::{
    crypto::secret_token::{SecretToken, TokenHash},
    domain::{actor::Actor, live::LiveEvent},
    random::Random,
};

/// Events that a watcher may be behind: a clinic's busiest minute.
const RING: usize = 1024;

/// Tickets that wait: a page asks for one and uses it within the second.
const TICKETS_MAX: usize = 4096;

/// Tickets of one person that wait: as many as they may have watchers. One more takes the oldest's place.
const TICKETS_PER_PERSON_MAX: usize = WATCHERS_PER_PERSON_MAX;

/// How long a ticket waits.
const TICKET_S: i64 = 30;

/// Watchers of a process.
const WATCHERS_MAX: usize = 10_000;

/// Watchers of one person: a few pages on a few devices.
const WATCHERS_PER_PERSON_MAX: usize = 10;

/// The bus.
pub struct Live {
    ring: broadcast::Sender<Arc<LiveEvent>>,
    inside: Mutex<Inside>,
}

#[derive(Default)]
struct Inside {
    /// The newest number that was read from the table; none while nobody watches.
    cursor: Option<i64>,
    tickets: HashMap<TokenHash, Ticket>,
    watchers: HashMap<String, usize>,
}

/// A ticket that waits.
struct Ticket {
    whose: String,
    actor: Actor,
    until: Timestamp,
}

/// Somebody's place on the bus; given up when dropped.
pub(crate) struct Watcher {
    pub(crate) events: broadcast::Receiver<Arc<LiveEvent>>,
    live: Arc<Live>,
    person: String,
}

/// There is no place left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

/// Whose tickets and places are counted together: a person's, a guest's, or those of a clinic's programs.
pub(crate) fn person(actor: &Actor) -> String {
    let user = actor.user.as_ref().map(ToString::to_string);
    let user = user.or_else(|| actor.participant.as_ref().map(ToString::to_string));
    user.or_else(|| actor.clinic.as_ref().map(ToString::to_string)).unwrap_or_default()
}

impl Default for Live {
    fn default() -> Self {
        Self { ring: broadcast::channel(RING).0, inside: Mutex::default() }
    }
}

impl Live {
    /// A ticket for somebody, good once and for half a minute.
    pub(crate) fn ticket(
        &self,
        actor: Actor,
        random: &Random,
        now: Timestamp,
    ) -> Result<(SecretToken, Timestamp), Full> {
        let secret = SecretToken::mint("bt", random);
        let until = now + TICKET_S.seconds();
        let mut inside = self.inside();
        if inside.tickets.len() >= TICKETS_MAX {
            inside.tickets.retain(|_, ticket| now < ticket.until);
        }
        if inside.tickets.len() >= TICKETS_MAX {
            return Err(Full);
        }
        let whose = person(&actor);
        let mine = || inside.tickets.iter().filter(|(_, ticket)| ticket.whose == whose);
        if mine().count() >= TICKETS_PER_PERSON_MAX {
            let oldest =
                mine().min_by_key(|(_, ticket)| ticket.until).map(|(hash, _)| hash.clone());
            oldest.and_then(|hash| inside.tickets.remove(&hash));
        }
        inside.tickets.insert(secret.hash(), Ticket { whose, actor, until });
        Ok((secret, until))
    }

    /// Whose ticket this is, if it is still good; it is not afterwards.
    pub(crate) fn redeem(&self, ticket: &str, now: Timestamp) -> Option<Actor> {
        let hash = SecretToken::presented(ticket)?.hash();
        let ticket = self.inside().tickets.remove(&hash)?;
        (now < ticket.until).then_some(ticket.actor)
    }

    /// A place on the bus for somebody. `head` is the newest number of the table: what comes behind it is on the ring
    /// from now on.
    pub(crate) fn watch(self: &Arc<Self>, person: String, head: i64) -> Result<Watcher, Full> {
        let mut inside = self.inside();
        let all: usize = inside.watchers.values().sum();
        let mine = inside.watchers.get(&person).copied().unwrap_or_default();
        if all >= WATCHERS_MAX || mine >= WATCHERS_PER_PERSON_MAX {
            return Err(Full);
        }
        inside.watchers.insert(person.clone(), mine + 1);
        inside.cursor.get_or_insert(head);
        Ok(Watcher { events: self.ring.subscribe(), live: Arc::clone(self), person })
    }

    /// The number behind which the table is to be read, if anybody watches.
    pub(crate) fn cursor(&self) -> Option<i64> {
        let mut inside = self.inside();
        if self.ring.receiver_count() == 0 {
            inside.cursor = None;
        }
        inside.cursor
    }

    /// Tells those who watch; what was told before is not told again.
    pub(crate) fn tell(&self, events: Vec<LiveEvent>) {
        let mut inside = self.inside();
        for event in events {
            if inside.cursor.is_some_and(|cursor| event.seq > cursor) {
                inside.cursor = Some(event.seq);
                let _ = self.ring.send(Arc::new(event));
            }
        }
    }

    /// Tells those who watch at this moment of something that nobody needs to hear of later: it has no number.
    pub fn tell_now(&self, event: LiveEvent) {
        let _ = self.ring.send(Arc::new(LiveEvent { seq: 0, ..event }));
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        // Every change within is one insertion or removal: whoever panicked left it whole.
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut inside = self.live.inside();
        if let Some(count) = inside.watchers.get_mut(&self.person) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                inside.watchers.remove(&self.person);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{id::ClinicId, live::Audience, rev::Rev};

    fn event(seq: i64) -> LiveEvent {
        let clinic = ClinicId::mint(&Random::seeded(1), Timestamp::UNIX_EPOCH);
        LiveEvent {
            seq,
            topic: "appointment.booked".into(),
            aggregate: "apt_1".into(),
            rev: Rev::FIRST,
            audience: Audience { clinic, patient: None, practitioner: None, user: None },
            data: serde_json::Value::Null,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_ticket_is_good_once_and_for_half_a_minute() {
        let (live, random) = (Live::default(), Random::seeded(1));
        let now = Timestamp::UNIX_EPOCH;
        let issue = || live.ticket(Actor::anyone(), &random, now).unwrap().0;
        let ticket = issue();
        assert!(live.redeem(ticket.expose(), now).is_some());
        assert!(live.redeem(ticket.expose(), now).is_none());
        assert!(live.redeem(issue().expose(), now + 30.seconds()).is_none());
        assert!(live.redeem("made up", now).is_none());
    }

    #[test]
    fn tickets_do_not_fill_memory_and_old_ones_make_room() {
        let (live, random) = (Live::default(), Random::seeded(1));
        let now = Timestamp::UNIX_EPOCH;
        let issue = |now| {
            let user = Some(crate::domain::id::UserId::mint(&random, now));
            live.ticket(Actor { user, ..Actor::anyone() }, &random, now).map(drop)
        };
        for _ in 0..TICKETS_MAX {
            issue(now).unwrap();
        }
        assert_eq!(issue(now), Err(Full));
        assert_eq!(issue(now + 30.seconds()), Ok(()));
    }

    #[test]
    fn one_person_does_not_take_everybodys_tickets_and_the_newest_count() {
        let (live, random) = (Live::default(), Random::seeded(1));
        let now = Timestamp::UNIX_EPOCH;
        let mut tickets = Vec::new();
        for second in 0..20 {
            let at = now + second.seconds();
            tickets.push(live.ticket(Actor::anyone(), &random, at).unwrap().0);
        }
        let at = now + 20.seconds();
        let good = tickets.iter().map(|ticket| live.redeem(ticket.expose(), at).is_some());
        let good: Vec<bool> = good.collect();
        let expected: Vec<bool> = (0..20).map(|number| number >= 10).collect();
        assert_eq!(good, expected);
    }

    #[test]
    fn what_was_told_is_not_told_again_and_nobody_is_told_without_watching() {
        let live = Arc::new(Live::default());
        live.tell(vec![event(1)]);
        assert_eq!(live.cursor(), None);
        let mut watcher = live.watch("usr_1".into(), 1).unwrap();
        live.tell(vec![event(1), event(2)]);
        live.tell(vec![event(2), event(3)]);
        let mut told = Vec::new();
        while let Ok(event) = watcher.events.try_recv() {
            told.push(event.seq);
        }
        assert_eq!((told, live.cursor()), (vec![2, 3], Some(3)));
        drop(watcher);
        assert_eq!(live.cursor(), None);
    }

    #[test]
    fn one_person_does_not_take_every_place() {
        let live = Arc::new(Live::default());
        let mine: Vec<_> =
            (0..WATCHERS_PER_PERSON_MAX).map(|_| live.watch("a".into(), 0).unwrap()).collect();
        assert!(live.watch("a".into(), 0).is_err());
        assert!(live.watch("b".into(), 0).is_ok());
        drop(mine);
        assert!(live.watch("a".into(), 0).is_ok());
    }
}
