//! Whose media does not get through although their signal socket does: they are sent another way.
//!
//! ```text
//!   a client comes back because its media failed     once: as before, all ways are tried anew
//!   again within ten minutes                         TURN over TCP and TLS only
//!   and again                                        TURN over TLS only
//!   ten minutes without                              forgotten
//! ```
//!
//! Browsers find a way around a closed network by themselves. This is for networks that let checks pass and media not:
//! those that slow down or cut off datagrams after a while. A short outage fails once, and changes nothing.
//!
//! Owns: who failed how often, lately. Never: what a client is told; see `ice_servers`.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use protocol::ids::{Identity, RoomName};

/// How long a failure is remembered: LiveKit's server takes five minutes; a consultation takes longer than that.
const MEMORY: Duration = Duration::from_mins(10);

/// People remembered at once; whoever failed longest ago is forgotten. Failures are rare: a short list under a lock, as
/// long as what a morning of one clinic makes.
const PEOPLE_MAX: usize = 512;

/// The ways that a client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ways {
    /// Directly, and by every TURN server.
    All,
    /// TURN over TCP and TLS.
    Streams,
    /// TURN over TLS.
    Tls,
}

impl Ways {
    /// Whether a TURN server's URL (RFC 7065) is one of them.
    pub(crate) fn takes(self, url: &str) -> bool {
        let is_tls = url.starts_with("turns:") && !url.ends_with("transport=udp");
        match self {
            Self::All => true,
            Self::Streams => is_tls || url.ends_with("transport=tcp"),
            Self::Tls => is_tls,
        }
    }
}

/// See the module. Latest failure last.
#[derive(Default)]
pub(crate) struct Fallback(Mutex<Vec<Entry>>);

struct Entry {
    room: RoomName,
    identity: Identity,
    failures: u32,
    at: Instant,
}

impl Fallback {
    /// A client comes back and says that its media failed.
    pub(crate) fn on_failure(&self, room: &RoomName, identity: &Identity, now: Instant) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|entry| is_fresh(entry, now));
        let known = entries.iter().position(|entry| is_of(entry, room, identity));
        let failures = known.map_or(0, |at| entries.remove(at).failures).saturating_add(1);
        if entries.len() >= PEOPLE_MAX {
            entries.remove(0);
        }
        entries.push(Entry { room: room.clone(), identity: identity.clone(), failures, at: now });
    }

    /// The ways for a client.
    pub(crate) fn ways(&self, room: &RoomName, identity: &Identity, now: Instant) -> Ways {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known =
            entries.iter().find(|entry| is_fresh(entry, now) && is_of(entry, room, identity));
        match known.map_or(0, |entry| entry.failures) {
            0 | 1 => Ways::All,
            2 => Ways::Streams,
            _ => Ways::Tls,
        }
    }
}

fn is_fresh(entry: &Entry, now: Instant) -> bool {
    now.saturating_duration_since(entry.at) < MEMORY
}

fn is_of(entry: &Entry, room: &RoomName, identity: &Identity) -> bool {
    entry.room == *room && entry.identity == *identity
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an arbitrary origin of time")]
    fn a_second_failure_leads_to_streams_a_third_to_tls_and_time_back() {
        let (demo, other) = (room("demo"), room("other"));
        let (patient, doctor) = (identity("patient"), identity("doctor"));
        let fallback = Fallback::default();
        let mut now = Instant::now();
        for expected in [Ways::All, Ways::Streams, Ways::Tls, Ways::Tls] {
            fallback.on_failure(&demo, &patient, now);
            now += MEMORY / 2;
            assert_eq!(fallback.ways(&demo, &patient, now), expected);
            assert_eq!(fallback.ways(&demo, &doctor, now), Ways::All);
            assert_eq!(fallback.ways(&other, &patient, now), Ways::All);
        }
        now += MEMORY / 2;
        assert_eq!(fallback.ways(&demo, &patient, now), Ways::All);
        fallback.on_failure(&demo, &patient, now);
        assert_eq!(fallback.ways(&demo, &patient, now), Ways::All, "it begins anew");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "an arbitrary origin of time")]
    fn the_memory_is_bounded_and_forgets_the_oldest() {
        let fallback = Fallback::default();
        let now = Instant::now();
        for _ in 0..2 {
            (0..=PEOPLE_MAX).for_each(|number| {
                fallback.on_failure(&room("demo"), &identity(&number.to_string()), now);
            });
        }
        assert_eq!(fallback.0.lock().unwrap().len(), PEOPLE_MAX);
    }

    #[test]
    fn urls_say_which_way_they_are() {
        for (url, streams, tls) in [
            ("turn:192.0.2.1:7882?transport=udp", false, false),
            ("turn:192.0.2.1:7882", false, false),
            ("turn:192.0.2.1:443?transport=tcp", true, false),
            ("turns:video.example:443?transport=tcp", true, true),
            ("turns:video.example", true, true),
            ("turns:video.example?transport=udp", false, false),
        ] {
            assert!(Ways::All.takes(url));
            assert_eq!((Ways::Streams.takes(url), Ways::Tls.takes(url)), (streams, tls), "{url}");
        }
    }

    fn room(name: &str) -> RoomName {
        RoomName::try_from(name.to_owned()).unwrap()
    }

    fn identity(name: &str) -> Identity {
        Identity::try_from(name.to_owned()).unwrap()
    }
}
