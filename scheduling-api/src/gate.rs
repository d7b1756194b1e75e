//! The gate before signing in: who may try how often, and the queue that hashes passwords.
//!
//! Budgets belong to who asks: an address, an account seen from unknown devices, an account seen from a device that
//! signed in before. Somebody who tries passwords of a clinician spends their own address's budget and the account's
//! budget for strangers; the clinician's own browser has another, and so have passkeys and links by mail. A try that
//! was right is given back. Nothing here ever locks an account.

pub(crate) mod hash_queue;

use std::{
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use crate::{
    crypto::{password_hash::HashCost, secret_token::TokenHash},
    domain::throttle::{Budget, Spent, Throttle},
    gate::hash_queue::{HashQueue, HashQueueLimits, Requester},
    random::Random,
};

/// Where a request comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The address, or for IPv6 its network: one customer has a whole /64.
    pub(crate) network: String,
    /// What the browser was given when it signed in before.
    pub(crate) device: Option<TokenHash>,
    /// What the browser calls itself.
    pub(crate) user_agent: String,
}

/// The network that an address stands for.
pub(crate) fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// One try at an account.
#[derive(Debug, Clone)]
pub(crate) struct Try {
    /// Where from.
    pub(crate) network: String,
    /// The account, as it is looked up, whether or not it exists.
    pub(crate) account: String,
    /// The device, if it signed in to this account before.
    pub(crate) device: Option<String>,
}

/// Behind one address sit a ward or a village: 20 tries at once, then one every three seconds.
const PER_NETWORK: Budget = Budget { burst: 20, refill: Duration::from_secs(3) };

/// Tries at one account by strangers: ten at once, then one a minute: 1,440 guesses a day against a password that is
/// not among the common ones.
const PER_ACCOUNT: Budget = Budget { burst: 10, refill: Duration::from_mins(1) };

/// Tries at an account by a browser that knew its password once.
const PER_DEVICE: Budget = Budget { burst: 10, refill: Duration::from_secs(30) };

/// Mails to one address: nobody's mailbox is flooded through us.
const PER_MAILBOX: Budget = Budget { burst: 4, refill: Duration::from_mins(10) };

/// Keys remembered a budget: some ten megabytes at most in all.
const KEYS_MAX: usize = 50_000;

/// What stands before signing in.
#[derive(Debug)]
pub struct Gate {
    hashes: HashQueue,
    budgets: Mutex<Budgets>,
    proxies: Vec<IpAddr>,
}

#[derive(Debug)]
struct Budgets {
    network: Throttle<String>,
    account: Throttle<String>,
    device: Throttle<String>,
    mailbox: Throttle<String>,
}

impl Gate {
    /// Starts the hashing threads; nobody has spent anything.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn open(
        limits: HashQueueLimits,
        cost: HashCost,
        random: &Arc<Random>,
    ) -> std::io::Result<Self> {
        let budgets = Budgets {
            network: Throttle::new(PER_NETWORK, KEYS_MAX),
            account: Throttle::new(PER_ACCOUNT, KEYS_MAX),
            device: Throttle::new(PER_DEVICE, KEYS_MAX),
            mailbox: Throttle::new(PER_MAILBOX, KEYS_MAX),
        };
        Ok(Self {
            hashes: HashQueue::start(limits, cost, random)?,
            budgets: Mutex::new(budgets),
            proxies: Vec::new(),
        })
    }

    /// Believes what these proxies say about where a request comes from.
    #[must_use]
    pub fn trusting(self, proxies: Vec<IpAddr>) -> Self {
        Self { proxies, ..self }
    }

    /// The proxies that are believed.
    pub(crate) fn proxies(&self) -> &[IpAddr] {
        &self.proxies
    }

    /// The queue that hashes.
    pub(crate) fn hashes(&self) -> &HashQueue {
        &self.hashes
    }

    /// Charges a try.
    pub(crate) fn charge(&self, attempt: &Try, now: Timestamp) -> Result<(), Spent> {
        let mut budgets = self.budgets();
        budgets.network.spend(&attempt.network, now)?;
        let charged = match &attempt.device {
            Some(device) => budgets.device.spend(device, now),
            None => budgets.account.spend(&attempt.account, now),
        };
        if charged.is_err() {
            budgets.network.refund(&attempt.network, now);
        }
        charged
    }

    /// Gives a try back: it was the right person's.
    pub(crate) fn forgive(&self, attempt: &Try, now: Timestamp) {
        let mut budgets = self.budgets();
        budgets.network.refund(&attempt.network, now);
        match &attempt.device {
            Some(device) => budgets.device.refund(device, now),
            None => budgets.account.refund(&attempt.account, now),
        }
    }

    /// Charges something that costs only the network's budget: redeeming a link, registering.
    pub(crate) fn charge_network(&self, network: &str, now: Timestamp) -> Result<(), Spent> {
        self.budgets().network.spend(&network.to_owned(), now)
    }

    /// Charges a mail to an address. A spent budget is not told: the answer would say that somebody asked before.
    pub(crate) fn may_mail(&self, mailbox: &str, now: Timestamp) -> bool {
        self.budgets().mailbox.spend(&mailbox.to_owned(), now).is_ok()
    }

    fn budgets(&self) -> std::sync::MutexGuard<'_, Budgets> {
        // Counters have no broken state to protect from.
        self.budgets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Try {
    /// On whose account the try is hashed.
    pub(crate) fn requester(&self) -> Requester {
        Requester {
            address: self.network.clone(),
            account: self.account.clone(),
            known_device: self.device.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate() -> Gate {
        Gate::open(HashQueueLimits::DEFAULT, HashCost::TEST, &Arc::new(Random::seeded(1))).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn attempt(network: &str, account: &str, device: Option<&str>) -> Try {
        Try { network: network.into(), account: account.into(), device: device.map(str::to_owned) }
    }

    #[test]
    fn who_guesses_at_a_clinician_does_not_lock_the_clinician_out() {
        let gate = gate();
        let refused = (0..1000)
            .filter(|index| {
                gate.charge(&attempt(&format!("10.0.0.{index}"), "ann", None), at(0)).is_err()
            })
            .count();
        assert_eq!(refused, 990);
        assert!(gate.charge(&attempt("192.0.2.1", "ann", Some("her browser")), at(0)).is_ok());
    }

    #[test]
    fn a_thousand_accounts_from_one_address_are_twenty_tries() {
        let gate = gate();
        let passed = (0..1000).filter(|index| {
            gate.charge(&attempt("10.0.0.1", &index.to_string(), None), at(0)).is_ok()
        });
        assert_eq!(passed.count(), 20);
        assert!(gate.charge(&attempt("10.0.0.2", "1", None), at(0)).is_ok());
    }

    #[test]
    fn the_right_password_costs_nothing() {
        let gate = gate();
        for _ in 0..200 {
            let attempt = attempt("10.0.0.1", "ann", None);
            assert!(gate.charge(&attempt, at(0)).is_ok());
            gate.forgive(&attempt, at(0));
        }
    }

    #[test]
    fn an_ipv6_customer_is_one_network_and_a_mapped_address_is_its_ipv4() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2:aaaa::1"), of("2001:db8:1:2:bbbb::2"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), "192.0.2.1");
    }
}
