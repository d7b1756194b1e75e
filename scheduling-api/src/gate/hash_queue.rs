//! Where passwords are hashed: few threads behind a short queue.
//!
//! A hash costs 25 ms of a core, and anybody may ask for one by trying to sign in. So hashing has its own threads (never
//! the runtime's, which carry calls' signalling), at the lowest priority, and a bounded queue in front. Within the
//! queue nobody takes more than a share: at most [`PER_ADDRESS_MAX`] waiting from one address, [`PER_ACCOUNT_MAX`] for
//! one account, and a part is kept for devices that signed in before, so that a flood of strangers does not keep a
//! clinic's staff out. What does not fit is refused at once with how long to wait.
//!
//! Owns: the threads, the queue, its shares. Never: decides who may sign in.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    time::Duration,
};

use thiserror::Error;
use tokio::sync::oneshot;

use crate::{
    crypto::password_hash::{Comparison, HashCost, PasswordHash, UnreadableHash},
    domain::password::Password,
    random::Random,
};

/// On whose account a hash is made.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Requester {
    /// The address (or network) it came from.
    pub address: String,
    /// The account it is about, in the form it is looked up by, whether or not it exists.
    pub account: String,
    /// Whether this device has signed in to this account before.
    pub known_device: bool,
}

/// How much is hashed at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashQueueLimits {
    /// Threads.
    pub threads: usize,
    /// Waiting or being hashed, from anybody.
    pub depth_max: usize,
    /// The same, from devices that never signed in to the account.
    pub depth_strangers_max: usize,
}

impl HashQueueLimits {
    /// One thread hashes about 40 passwords a second; 48 waiting keep the last under 1.3 s.
    pub const DEFAULT: Self = Self { threads: 1, depth_max: 48, depth_strangers_max: 32 };
}

/// Waiting at once from one address. A reception desk's staff behind one address sign in within seconds of each other.
pub(crate) const PER_ADDRESS_MAX: usize = 8;

/// Waiting at once for one account: somebody who pressed the button twice.
pub(crate) const PER_ACCOUNT_MAX: usize = 2;

/// Told to whoever is refused: about as long as a full queue takes.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Why no hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum HashRefusal {
    /// The requester, its address or account has its share waiting already.
    #[error("too many sign-ins are waiting from here")]
    Share {
        /// When to come back.
        retry_after: Duration,
    },
    /// The queue is full of everybody.
    #[error("too many sign-ins are waiting")]
    Full {
        /// When to come back.
        retry_after: Duration,
    },
    /// The stored hash cannot be read.
    #[error(transparent)]
    Unreadable(#[from] UnreadableHash),
}

/// The door to the hashing threads. Cheap to clone; the threads end with the last one.
#[derive(Clone, Debug)]
pub(crate) struct HashQueue {
    jobs: mpsc::Sender<Job>,
    shares: Arc<Mutex<Shares>>,
    /// What an unknown account's password is compared with, so that it takes as long as a known one's.
    decoy: Arc<PasswordHash>,
}

impl HashQueue {
    /// Starts the threads.
    ///
    /// # Errors
    /// If the system gives none, or the cost is out of range.
    pub(crate) fn start(
        limits: HashQueueLimits,
        cost: HashCost,
        random: &Arc<Random>,
    ) -> std::io::Result<Self> {
        debug_assert!(limits.threads > 0 && limits.depth_strangers_max <= limits.depth_max);
        let decoy = Password::offered("no account has this password".to_owned())
            .ok()
            .and_then(|password| PasswordHash::of(password.expose(), cost, random).ok())
            .ok_or_else(|| std::io::Error::other("the password hash cost is out of range"))?;
        let (jobs, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for index in 0..limits.threads {
            let (receiver, random) = (Arc::clone(&receiver), Arc::clone(random));
            std::thread::Builder::new()
                .name(format!("hash-{index}"))
                .spawn(move || work(&receiver, cost, &random))?;
        }
        let shares = Arc::new(Mutex::new(Shares::new(limits)));
        Ok(Self { jobs, shares, decoy: Arc::new(decoy) })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// If the queue is full.
    pub(crate) async fn hash(
        &self,
        requester: &Requester,
        password: Password,
    ) -> Result<PasswordHash, HashRefusal> {
        match self.run(requester, Work::Hash(password)).await? {
            Done::Hash(hash) => Ok(hash),
            Done::Comparison(_) => Err(UnreadableHash.into()),
        }
    }

    /// Compares a password with an account's hash; without an account it takes as long and is never the same.
    ///
    /// # Errors
    /// If the queue is full or the stored hash unreadable.
    pub(crate) async fn compare(
        &self,
        requester: &Requester,
        password: Password,
        stored: Option<PasswordHash>,
    ) -> Result<Comparison, HashRefusal> {
        let exists = stored.is_some();
        let hash = stored.unwrap_or_else(|| (*self.decoy).clone());
        match self.run(requester, Work::Compare(password, hash)).await? {
            Done::Comparison(comparison) if exists => Ok(comparison),
            Done::Comparison(_) => Ok(Comparison::Different),
            Done::Hash(_) => Err(UnreadableHash.into()),
        }
    }

    /// How many wait or are being hashed.
    #[cfg(test)]
    fn depth(&self) -> usize {
        lock(&self.shares).depth
    }

    async fn run(&self, requester: &Requester, work: Work) -> Result<Done, HashRefusal> {
        let place = Place::take(&self.shares, requester)?;
        let (answer, done) = oneshot::channel();
        // Both ends only fail when the threads are gone, which is the end of the process.
        let full = HashRefusal::Full { retry_after: RETRY_AFTER };
        self.jobs.send(Job { work, answer, place }).map_err(|_| full)?;
        Ok(done.await.map_err(|_| full)??)
    }
}

/// One hash to make. Whoever asked may be gone: then it is skipped.
struct Job {
    work: Work,
    answer: oneshot::Sender<Result<Done, UnreadableHash>>,
    place: Place,
}

enum Work {
    Hash(Password),
    Compare(Password, PasswordHash),
}

enum Done {
    Hash(PasswordHash),
    Comparison(Comparison),
}

fn work(jobs: &Mutex<mpsc::Receiver<Job>>, cost: HashCost, random: &Random) {
    lower_priority();
    loop {
        let next = lock(jobs).recv();
        let Ok(Job { work, answer, place }) = next else { return };
        if answer.is_closed() {
            continue;
        }
        let done = match work {
            Work::Hash(password) => {
                PasswordHash::of(password.expose(), cost, random).map(Done::Hash)
            }
            Work::Compare(password, hash) => {
                hash.compare(password.expose(), cost).map(Done::Comparison)
            }
        };
        drop(place);
        // A receiver that went away in the meantime needs no answer.
        let _ = answer.send(done);
    }
}

/// Below everything else in the process: the media threads of `bedside all` share these cores.
#[cfg(target_os = "linux")]
fn lower_priority() {
    const LOWEST: i32 = 19;
    // On Linux the priority belongs to the thread. That it cannot be lowered only costs fairness.
    let _ = rustix::process::nice(LOWEST);
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() {}

/// Who has how much in the queue.
#[derive(Debug)]
struct Shares {
    limits: HashQueueLimits,
    depth: usize,
    by_address: HashMap<String, usize>,
    by_account: HashMap<String, usize>,
}

/// A taken place; given back when dropped.
struct Place {
    shares: Arc<Mutex<Shares>>,
    requester: Requester,
}

impl Shares {
    fn new(limits: HashQueueLimits) -> Self {
        Self { limits, depth: 0, by_address: HashMap::new(), by_account: HashMap::new() }
    }

    fn admit(&mut self, requester: &Requester) -> Result<(), HashRefusal> {
        let retry_after = RETRY_AFTER;
        let waiting =
            |map: &HashMap<String, usize>, key: &str| map.get(key).copied().unwrap_or_default();
        if waiting(&self.by_account, &requester.account) >= PER_ACCOUNT_MAX
            || waiting(&self.by_address, &requester.address) >= PER_ADDRESS_MAX
        {
            return Err(HashRefusal::Share { retry_after });
        }
        let depth_max = if requester.known_device {
            self.limits.depth_max
        } else {
            self.limits.depth_strangers_max
        };
        if self.depth >= depth_max {
            return Err(HashRefusal::Full { retry_after });
        }
        self.depth += 1;
        *self.by_address.entry(requester.address.clone()).or_default() += 1;
        *self.by_account.entry(requester.account.clone()).or_default() += 1;
        Ok(())
    }

    fn release(&mut self, requester: &Requester) {
        debug_assert!(self.depth > 0, "a place is given back once");
        self.depth = self.depth.saturating_sub(1);
        give_back(&mut self.by_address, &requester.address);
        give_back(&mut self.by_account, &requester.account);
    }
}

fn give_back(map: &mut HashMap<String, usize>, key: &str) {
    if let Some(count) = map.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            map.remove(key);
        }
    }
}

impl Place {
    fn take(shares: &Arc<Mutex<Shares>>, requester: &Requester) -> Result<Self, HashRefusal> {
        lock(shares).admit(requester)?;
        Ok(Self { shares: Arc::clone(shares), requester: requester.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.shares).release(&self.requester);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Counters and a receiver have no broken state to protect from.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMITS: HashQueueLimits =
        HashQueueLimits { threads: 1, depth_max: 12, depth_strangers_max: 8 };

    fn from(address: &str, account: &str, known_device: bool) -> Requester {
        Requester { address: address.to_owned(), account: account.to_owned(), known_device }
    }

    #[test]
    fn strangers_leave_room_for_known_devices() {
        let mut shares = Shares::new(LIMITS);
        for index in 0..8 {
            assert_eq!(
                shares.admit(&from(&format!("a{index}"), &format!("u{index}"), false)),
                Ok(())
            );
        }
        assert!(matches!(shares.admit(&from("x", "y", false)), Err(HashRefusal::Full { .. })));
        for index in 0..4 {
            assert_eq!(
                shares.admit(&from(&format!("b{index}"), &format!("k{index}"), true)),
                Ok(())
            );
        }
        assert!(matches!(shares.admit(&from("z", "z", true)), Err(HashRefusal::Full { .. })));
    }

    #[test]
    fn one_account_and_one_address_have_their_share() {
        let mut shares =
            Shares::new(HashQueueLimits { depth_max: 100, depth_strangers_max: 100, ..LIMITS });
        for index in 0..PER_ACCOUNT_MAX {
            assert!(shares.admit(&from(&format!("a{index}"), "ann", false)).is_ok());
        }
        assert!(matches!(
            shares.admit(&from("elsewhere", "ann", false)),
            Err(HashRefusal::Share { .. })
        ));
        for index in 0..PER_ADDRESS_MAX {
            assert!(shares.admit(&from("one", &format!("u{index}"), false)).is_ok());
        }
        assert!(matches!(
            shares.admit(&from("one", "another", true)),
            Err(HashRefusal::Share { .. })
        ));
    }

    proptest! {
        #[test]
        fn what_is_given_back_can_be_taken_again(people in prop::collection::vec((0_u8..4, 0_u8..8, any::<bool>()), 1..60)) {
            let shares = Arc::new(Mutex::new(Shares::new(LIMITS)));
            let mut places = Vec::new();
            for (address, account, known) in people {
                if let Ok(place) = Place::take(&shares, &from(&address.to_string(), &account.to_string(), known)) {
                    places.push(place);
                }
                prop_assert_eq!(lock(&shares).depth, places.len());
                if places.len() > 6 {
                    places.remove(0);
                }
            }
            drop(places);
            let shares = lock(&shares);
            prop_assert!(shares.depth == 0 && shares.by_address.is_empty() && shares.by_account.is_empty());
        }
    }

    #[tokio::test]
    async fn an_unknown_account_is_compared_too_and_never_the_same() {
        let queue = HashQueue::start(LIMITS, HashCost::TEST, &Arc::new(Random::seeded(1))).unwrap();
        let password = || Password::offered("no account has this password".to_owned()).unwrap();
        let me = from("a", "u", false);
        assert_eq!(queue.compare(&me, password(), None).await, Ok(Comparison::Different));
        let hash = queue.hash(&me, password()).await.unwrap();
        assert_eq!(queue.compare(&me, password(), Some(hash)).await, Ok(Comparison::Same));
        assert_eq!(queue.depth(), 0);
    }

    #[tokio::test]
    async fn a_place_is_free_again_when_the_client_went_away() {
        let queue = HashQueue::start(LIMITS, HashCost::TEST, &Arc::new(Random::seeded(1))).unwrap();
        let me = from("a", "u", false);
        for _ in 0..50 {
            let password = Password::offered("whatever".to_owned()).unwrap();
            let asked = queue.hash(&me, password);
            let gone = tokio::time::timeout(Duration::ZERO, asked).await;
            drop(gone);
        }
        let password = Password::offered("whatever".to_owned()).unwrap();
        while queue.depth() > 0 {
            tokio::task::yield_now().await;
        }
        assert!(queue.hash(&me, password).await.is_ok());
    }
}
