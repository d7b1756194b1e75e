use rand::SeedableRng;

use super::*;
use crate::sdp::{self, LocalSide};

const STEP: Duration = Duration::from_millis(20);
/// Far more than a handshake takes.
const STEPS_MAX: usize = 200;

struct Pair {
    ends: [Transport; 2],
    identity: Identity,
    now: Instant,
}

impl Pair {
    /// Two full agents; each thinks of itself as offering, or not.
    fn new(offers: [bool; 2]) -> Self {
        #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
        let now = Instant::now();
        let identity = Identity::generate();
        let mut seed = 0;
        let ends = offers.map(|offers| {
            seed += 1;
            let rng = StdRng::seed_from_u64(seed);
            let mut end = Transport::new(&identity, &[], rng, now);
            end.offers = offers;
            end
        });
        Self { ends, identity, now }
    }

    /// Tells one end what the other describes: the second is the DTLS client.
    fn describe(&mut self, to: usize) {
        let other = &self.ends[1 - to];
        let local = LocalSide {
            ufrag: &other.ufrag,
            pwd: &other.pwd,
            fingerprint: self.identity.fingerprint(),
            candidate: None,
            is_dtls_server: false,
        };
        let mut remote = sdp::read(&sdp::write_offer(local, 1, true, &[])).unwrap();
        remote.is_dtls_client = to == 0;
        self.ends[to].set_remote(remote, self.now);
    }

    fn address(end: usize) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, 1], [5000, 6000][end]))
    }

    fn run(&mut self) {
        let mut bytes = [0; 2000];
        for _ in 0..STEPS_MAX {
            self.now += STEP;
            for from in [0, 1] {
                self.ends[from].handle_timeout(self.now);
                while let Some(len) = self.ends[from].poll_transmit(&mut bytes) {
                    let datagram = &bytes[..len];
                    let to = &mut self.ends[1 - from];
                    if datagram[0] < 4 {
                        to.handle_stun(Self::address(from), datagram, self.now);
                    } else {
                        to.handle_dtls(datagram, self.now);
                    }
                }
            }
        }
    }

    fn roles(&self) -> [IceRole; 2] {
        self.ends.each_ref().map(|end| end.claim.role)
    }
}

#[test]
fn two_full_agents_connect_and_the_one_that_offers_nominates() {
    let mut pair = Pair::new([true, false]);
    pair.describe(0);
    pair.describe(1);
    pair.run();
    assert!(pair.ends.iter().all(Transport::is_open));
    assert_eq!(pair.roles(), [IceRole::Controlling, IceRole::Controlled]);
}

#[test]
fn a_conflict_of_roles_is_settled_and_both_connect() {
    for offers in [true, false] {
        let mut pair = Pair::new([offers; 2]);
        pair.describe(0);
        pair.describe(1);
        pair.run();
        assert!(pair.ends.iter().all(Transport::is_open), "both offer: {offers}");
        let [one, other] = pair.roles();
        assert_ne!(one, other);
    }
}

#[test]
fn a_check_that_comes_before_the_description_is_answered_and_tells_the_address() {
    let mut pair = Pair::new([false, true]);
    pair.describe(1);
    pair.run();
    assert_eq!(pair.ends[0].reflexive(), Some(Pair::address(1)));
    assert_eq!(pair.ends[1].mapped, Some(Pair::address(1)));
    pair.describe(0);
    pair.run();
    assert!(pair.ends.iter().all(Transport::is_open));
}

#[test]
fn a_check_for_somebody_else_is_not_answered() {
    let mut pair = Pair::new([false, true]);
    pair.describe(1);
    pair.ends[0].ufrag = "else".to_owned();
    pair.run();
    assert_eq!(pair.ends[0].reflexive(), None);
    assert_eq!(pair.ends[1].checks_answered, 0);
}
