//! ICE, the lite side: answers checks, never sends one (RFC 8445 §2.5, consent RFC 7675).
//!
//! ```text
//!   check ─► username ─► integrity ─► remote ufrag ─► role ─► answer
//!                                                      └─► path: new? nominated? ─► where media goes
//! ```
//!
//! Owns: one connection's credentials, the source addresses that authenticated (paths), and which of them media goes
//! to. Never: sockets, candidates, anything that did not pass MESSAGE-INTEGRITY. A datagram that fails is not
//! answered, so the media port reflects nothing (RFC 8489 §16.1).
//!
//! After every input: drain [`IceLite::take_removed_paths`], then ask [`IceLite::path`] and
//! [`IceLite::poll_timeout`] again.

use std::fmt;
use std::mem::take;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use protocol::ids::random_base62;
use protocol::stun::{self, Class, ErrorCode, Message, Method};
use rand::Rng;

use crate::{drop_reason::DropReason, placement::ShardId};

/// Consent lapses this long after the last authenticated check. RFC 7675 §5.1 allows 30 s; browsers check every
/// 2.5 s (Chromium) to 5 s (Firefox), so 20 s is four lost checks at the least.
const CONSENT: Duration = Duration::from_secs(20);

/// A path that media does not go to is forgotten this long after its last check.
const SPARE_PATH_LIFE: Duration = Duration::from_secs(30);

/// Paths that one connection may hold: interfaces x address families x relays of one client are seldom more.
const PATHS_MAX: usize = 8;

/// Random characters of a ufrag: 47 bits, so that two connections of one shard never share one. RFC 8445 §5.3 asks for 24 bits.
/// The shard's number stands behind them: over TCP all shards are behind one port, and a check says where it belongs.
const UFRAG_CHARS: usize = 8;

/// Length of a password: 142 bits. RFC 8445 §5.3 asks for 128.
const PWD_CHARS: usize = 24;

/// One side's ufrag and password (RFC 8445 §5.3). The password is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// Username fragment.
    pub ufrag: String,
    /// Password: the key of the integrity of checks sent to this side.
    pub pwd: String,
}

impl IceCredentials {
    fn random(shard: ShardId, rng: &mut impl Rng) -> Self {
        let random: String = random_base62(rng).take(UFRAG_CHARS).collect();
        Self {
            ufrag: format!("{random}{}", shard.0),
            pwd: random_base62(rng).take(PWD_CHARS).collect(),
        }
    }
}

/// The shard that a check is for, by its USERNAME. Nothing is authenticated by it.
#[must_use]
pub fn shard_of(username: &str) -> Option<ShardId> {
    let (local, _) = username.split_once(':')?;
    local.get(UFRAG_CHARS..)?.parse().ok().map(ShardId)
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials").field("ufrag", &self.ufrag).finish_non_exhaustive()
    }
}

/// What a check was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IceChecked {
    /// Bytes of the response in the caller's buffer; it goes to the check's source.
    pub response_len: usize,
    /// What became of the source.
    pub path: PathChange,
}

/// What a check changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathChange {
    /// Nothing but the time of the last check.
    Same,
    /// A new source passed; media goes where it went.
    Authenticated,
    /// Media now goes to the check's source, which may be new too.
    Selected,
}

/// What time brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceEvent {
    /// No path has consent any more; nothing may be sent.
    Expired,
}

/// The ICE-lite agent of one connection.
#[derive(Debug)]
pub struct IceLite {
    shard: ShardId,
    current: Generation,
    /// The credentials before [`IceLite::restart`], until a check with the new ones authenticates.
    previous: Option<Generation>,
    /// In the order in which they first authenticated.
    paths: Vec<Path>,
    selected: Option<SocketAddr>,
    removed: Vec<SocketAddr>,
}

/// Credentials between two restarts.
#[derive(Debug)]
struct Generation {
    local: IceCredentials,
    remote: Option<IceCredentials>,
}

#[derive(Debug)]
struct Path {
    source: SocketAddr,
    checked_at: Instant,
    /// It was a stream, which has ended: nothing comes or goes there any more.
    is_closed: bool,
}

impl IceLite {
    /// A new agent of this shard, with fresh credentials. Nothing times out before the first check authenticates.
    #[must_use]
    pub fn new(shard: ShardId, rng: &mut impl Rng) -> Self {
        Self {
            shard,
            current: Generation { local: IceCredentials::random(shard, rng), remote: None },
            previous: None,
            paths: Vec::new(),
            selected: None,
            removed: Vec::new(),
        }
    }

    /// The credentials that our next description carries.
    #[must_use]
    pub fn local(&self) -> &IceCredentials {
        &self.current.local
    }

    /// The ufrag before the restart, while checks with it are still answered. Demultiplexing needs both.
    #[must_use]
    pub fn previous_ufrag(&self) -> Option<&str> {
        self.previous.as_ref().map(|generation| generation.local.ufrag.as_str())
    }

    /// Sets what the client's description says. From now on the remote half of USERNAME must match it.
    pub fn set_remote(&mut self, remote: IceCredentials) {
        self.current.remote = Some(remote);
    }

    /// The remote credentials, once known.
    #[must_use]
    pub fn remote(&self) -> Option<&IceCredentials> {
        self.current.remote.as_ref()
    }

    /// Starts over with new local credentials (RFC 8445 §9). Media keeps going where it goes, and checks with the
    /// old credentials are answered, until one with the new ones authenticates.
    pub fn restart(&mut self, rng: &mut impl Rng) {
        let fresh = Generation { local: IceCredentials::random(self.shard, rng), remote: None };
        let replaced = std::mem::replace(&mut self.current, fresh);
        // After two restarts without a check in between, only the first generation's credentials ever worked.
        self.previous.get_or_insert(replaced);
    }

    /// Answers a check: writes the response into `out` and tells what became of the path. Cost: two HMAC-SHA1.
    ///
    /// # Errors
    ///
    /// The reason why the check is dropped without an answer.
    pub fn handle_request(
        &mut self,
        source: SocketAddr,
        request: &Message<'_>,
        out: &mut [u8],
        now: Instant,
    ) -> Result<IceChecked, DropReason> {
        if request.class() != Class::Request || request.method() != Method::BINDING {
            return Err(DropReason::StunUnexpected);
        }
        let (generation, is_current) = self.authenticate(request)?;
        let key = generation.local.pwd.as_bytes();
        if let Some(code) = refusal(request) {
            let unknown = request.unknown_comprehension_required();
            let response = stun::binding_error(out, request.transaction_id(), code, unknown, key);
            let response_len = response.ok_or(DropReason::EgressFull)?;
            return Ok(IceChecked { response_len, path: PathChange::Same });
        }
        // A dual-stack socket reports IPv4 sources as mapped IPv6; clients compare with their own IPv4 candidates.
        let mapped = SocketAddr::new(source.ip().to_canonical(), source.port());
        let response_len = stun::binding_success(out, request.transaction_id(), mapped, key)
            .ok_or(DropReason::EgressFull)?;
        let restarted = is_current && self.previous.take().is_some();
        let path = self.on_check(source, request.use_candidate() || restarted, now);
        Ok(IceChecked { response_len, path })
    }

    /// Where media goes: the nominated path, else the first that authenticated.
    #[must_use]
    pub fn path(&self) -> Option<SocketAddr> {
        self.selected
    }

    /// Whether a source authenticated and is not forgotten yet: only from there are DTLS and SRTP accepted.
    #[must_use]
    pub fn is_authenticated(&self, source: SocketAddr) -> bool {
        self.paths.iter().any(|path| path.source == source)
    }

    /// Every source that has passed a check and still counts.
    pub fn authenticated_paths(&self) -> impl Iterator<Item = SocketAddr> + '_ {
        self.paths.iter().map(|path| path.source)
    }

    /// Sources that stopped being authenticated since the last call.
    pub fn take_removed_paths(&mut self) -> Vec<SocketAddr> {
        take(&mut self.removed)
    }

    /// A stream has ended. Media goes to another path that has consent; without one, the next check that authenticates says
    /// where, until consent lapses.
    pub fn on_closed(&mut self, source: SocketAddr, now: Instant) {
        let Some(path) = self.paths.iter_mut().find(|path| path.source == source) else { return };
        path.is_closed = true;
        if self.selected == Some(source)
            && let Some(heir) = self.heir(now)
        {
            self.selected = Some(heir);
        }
    }

    /// The first path that may be sent to.
    fn heir(&self, now: Instant) -> Option<SocketAddr> {
        let has_consent = |path: &&Path| {
            !path.is_closed && now.saturating_duration_since(path.checked_at) < CONSENT
        };
        self.paths.iter().find(has_consent).map(|path| path.source)
    }

    /// Whether media goes anywhere.
    fn is_sending(&self) -> bool {
        let selected = self.paths.iter().find(|path| Some(path.source) == self.selected);
        selected.is_some_and(|path| !path.is_closed)
    }

    /// When [`IceLite::handle_timeout`] has something to do.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.paths.iter().map(|path| path.checked_at + self.life(path)).min()
    }

    /// Forgets paths whose last check is too long ago. When the selected path lapses, media goes to the first other
    /// path that still has consent; when none has, everything is forgotten and the event says so, once.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<IceEvent> {
        let had_path = self.selected.is_some();
        self.remove_where(|ice, path| {
            now.saturating_duration_since(path.checked_at) >= ice.life(path)
        });
        if had_path && self.selected.is_none() {
            self.selected = self.heir(now);
            if self.selected.is_none() {
                self.remove_where(|_, _| true);
                return Some(IceEvent::Expired);
            }
        }
        None
    }

    /// Finds the credentials that a request was made with. Only then may it be answered.
    fn authenticate(&self, request: &Message<'_>) -> Result<(&Generation, bool), DropReason> {
        let (local, remote) = request
            .username()
            .and_then(|username| username.split_once(':'))
            .ok_or(DropReason::StunUnknownUfrag)?;
        let previous = self.previous.iter().map(|generation| (generation, false));
        let (generation, is_current) = std::iter::once((&self.current, true))
            .chain(previous)
            .find(|(generation, _)| generation.local.ufrag == local)
            .ok_or(DropReason::StunUnknownUfrag)?;
        if !request.check_integrity(generation.local.pwd.as_bytes()) {
            return Err(DropReason::StunIntegrity);
        }
        if generation.remote.as_ref().is_some_and(|known| known.ufrag != remote) {
            return Err(DropReason::StunUnknownUfrag);
        }
        Ok((generation, is_current))
    }

    /// Takes note of an authenticated check, and moves media to its source if `select` says so.
    fn on_check(&mut self, source: SocketAddr, select: bool, now: Instant) -> PathChange {
        let is_new = match self.paths.iter_mut().find(|path| path.source == source) {
            Some(path) => {
                path.checked_at = now;
                false
            }
            None => {
                self.evict();
                self.paths.push(Path { source, checked_at: now, is_closed: false });
                true
            }
        };
        if self.selected != Some(source) && (select || !self.is_sending()) {
            self.selected = Some(source);
            PathChange::Selected
        } else if is_new {
            PathChange::Authenticated
        } else {
            PathChange::Same
        }
    }

    /// Makes room for one more path: the one that was silent longest goes, never the selected one.
    fn evict(&mut self) {
        if self.paths.len() < PATHS_MAX {
            return;
        }
        let oldest = self
            .paths
            .iter()
            .filter(|path| Some(path.source) != self.selected)
            .min_by_key(|path| path.checked_at)
            .map(|path| path.source);
        self.remove_where(|_, path| Some(path.source) == oldest);
    }

    /// Allocates only if something goes: every look at a connection comes by here.
    fn remove_where(&mut self, gone: impl Fn(&Self, &Path) -> bool) {
        let (mut paths, mut removed) = (take(&mut self.paths), take(&mut self.removed));
        let mut selected = self.selected;
        paths.retain(|path| {
            let goes = gone(self, path);
            if goes {
                removed.push(path.source);
                selected = selected.filter(|one| *one != path.source);
            }
            !goes
        });
        (self.paths, self.removed, self.selected) = (paths, removed, selected);
    }

    fn life(&self, path: &Path) -> Duration {
        if Some(path.source) == self.selected { CONSENT } else { SPARE_PATH_LIFE }
    }
}

/// Why an authenticated request is refused with an answer.
fn refusal(request: &Message<'_>) -> Option<ErrorCode> {
    if request.unknown_comprehension_required().next().is_some() {
        Some(ErrorCode::UnknownAttribute)
    } else if request.ice_controlled().is_some() {
        // We are lite, hence controlled for good: the client must take the other role (RFC 8445 §7.3.1.1).
        Some(ErrorCode::RoleConflict)
    } else {
        None
    }
}

const _: () = assert!(CONSENT.as_secs() < SPARE_PATH_LIFE.as_secs());

#[cfg(test)]
mod tests;
