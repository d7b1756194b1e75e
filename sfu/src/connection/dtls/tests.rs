use std::sync::Arc;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;

#[test]
fn both_sides_export_the_same_keys_and_data_flows_both_ways() {
    let mut world = World::new(Client::default());
    world.trust_client();
    world.run();
    let keys = world.server_keys.clone().unwrap();
    assert_eq!(Some(&keys), world.client_keys.as_ref());
    assert_eq!((keys.profile, keys.material.len()), (0x0008, 88));
    world.client.send_application_data(b"from client").unwrap();
    world.server.send(b"from server").unwrap();
    world.run();
    assert_eq!(world.server_data, [b"from client"]);
    assert_eq!(world.client_data, [b"from server"]);
}

#[test]
fn as_client_we_begin_once_and_agree_on_the_same_keys() {
    let mut world = World::new(Client { is_server: true, ..Client::default() });
    world.trust_client();
    world.run();
    assert_eq!(world.server_keys, None, "nobody has begun");
    assert_eq!(world.server.poll_timeout(), None);
    world.server.begin(world.now).unwrap();
    world.server.begin(world.now).unwrap();
    world.run();
    assert!(world.server_keys.is_some());
    assert_eq!(world.server_keys, world.client_keys);
    world.client.send_application_data(b"from server").unwrap();
    world.server.send(b"from client").unwrap();
    world.run();
    assert_eq!(world.server_data, [b"from server"]);
    assert_eq!(world.client_data, [b"from client"]);
}

#[test]
fn as_client_we_reveal_no_keys_to_another_certificate_than_signalled() {
    let mut world = World::new(Client { is_server: true, ..Client::default() });
    world.server.set_remote_fingerprints(vec![Fingerprint::of_der(b"somebody else")]);
    world.server.begin(world.now).unwrap();
    world.run();
    assert_eq!(world.error, Some(DtlsError::Fingerprint));
    assert_eq!((world.server_keys.as_ref(), world.client_keys.as_ref()), (None, None));
}

#[test]
fn as_client_any_single_loss_is_repaired_and_silence_times_out() {
    for lost in 0..6 {
        let mut world = World::new(Client { is_server: true, ..Client::default() });
        world.trust_client();
        world.lost = vec![lost];
        world.server.begin(world.now).unwrap();
        world.run_for(Duration::from_secs(29));
        assert!(world.server_keys.is_some(), "datagram {lost} lost");
        assert_eq!(world.server_keys, world.client_keys, "datagram {lost} lost");
    }
    let mut world = World::new(Client { is_server: true, ..Client::default() });
    world.lost = (0..10_000).collect();
    world.server.begin(world.now).unwrap();
    world.run_for(Duration::from_secs(40));
    assert_eq!(world.error, Some(DtlsError::Timeout));
    assert_eq!(world.now - world.start, HANDSHAKE_MAX);
}

#[test]
fn the_part_in_the_handshake_is_taken_before_it_begins() {
    let mut world = World::new(Client::default());
    assert_eq!(world.server.role(), DtlsRole::Server);
    assert!(world.server.take_role(DtlsRole::Client) && world.server.take_role(DtlsRole::Server));
    world.trust_client();
    world.run();
    assert!(world.server.take_role(DtlsRole::Server));
    assert!(!world.server.take_role(DtlsRole::Client));
    assert_eq!(world.server.role(), DtlsRole::Server);
    world.client.send_application_data(b"undisturbed").unwrap();
    world.run();
    assert_eq!(world.server_data, [b"undisturbed"]);
}

#[test]
fn the_handshake_takes_two_round_trips_without_a_cookie() {
    let mut world = World::new(Client::default());
    world.trust_client();
    world.run();
    assert_eq!(world.waits, 0);
    assert_eq!(world.round_trips, 2);
}

#[test]
fn no_two_records_have_the_same_nonce() {
    let mut world = World::new(Client::default());
    world.trust_client();
    world.run();
    let (mut buffer, mut nonces) = ([0; 1500], std::collections::HashSet::new());
    for _ in 0..2000 {
        world.server.send(b"a message").unwrap();
        while let DtlsOutput::Packet(packet) = world.server.poll(&mut buffer) {
            // Type 23, version, epoch 1, sequence, length, then the explicit nonce (RFC 5288 §3): 64 random bits.
            assert_eq!((packet[0], &packet[3..5]), (23, &[0, 1][..]));
            assert!(nonces.insert(packet[13..21].to_vec()), "a nonce came twice");
        }
    }
    assert_eq!(nonces.len(), 2000);
}

#[test]
fn a_fragmented_client_hello_is_put_together() {
    let mut world = World::new(Client { mtu: 150, ..Client::default() });
    world.trust_client();
    world.run();
    assert!(world.server_keys.is_some());
}

#[test]
fn datagrams_of_the_handshake_fit_the_least_mtu() {
    let mut world = World::new(Client::default());
    world.trust_client();
    world.run();
    assert!(world.server_datagram_max > 0 && world.server_datagram_max <= 1200);
}

#[test]
fn another_certificate_than_signalled_fails_and_no_keys_ever_leave() {
    let mut world = World::new(Client::default());
    world.server.set_remote_fingerprints(vec![Fingerprint::of_der(b"somebody else")]);
    world.run();
    assert_eq!(world.error, Some(DtlsError::Fingerprint));
    assert_eq!((world.server_keys.as_ref(), world.client_keys.as_ref()), (None, None));
    world.trust_client();
    assert_eq!(world.server.handle_timeout(world.now), Err(DtlsError::Fingerprint));
    assert_eq!(world.server.poll(&mut [0; 1500]), DtlsOutput::Nothing);
    assert_eq!(world.server.poll_timeout(), None);
    assert_eq!(world.server.send(b"x"), Err(DtlsError::Fingerprint));
}

#[test]
fn an_empty_list_of_fingerprints_matches_nobody() {
    let mut world = World::new(Client::default());
    world.server.set_remote_fingerprints(Vec::new());
    world.run();
    assert_eq!(world.error, Some(DtlsError::Fingerprint));
}

#[test]
fn one_matching_fingerprint_among_several_is_enough() {
    let mut world = World::new(Client::default());
    let good = world.client_fingerprint();
    world.server.set_remote_fingerprints(vec![Fingerprint::of_der(b"old"), good]);
    world.run();
    assert!(world.server_keys.is_some());
}

#[test]
fn keys_and_data_wait_for_the_fingerprint() {
    let mut world = World::new(Client::default());
    world.run();
    assert!(world.client_keys.is_some());
    world.client.send_application_data(b"early").unwrap();
    world.run();
    assert_eq!(world.server_keys, None);
    assert!(world.server_data.is_empty());
    assert_eq!(world.server.send(b"early"), Err(DtlsError::NotConnected));
    world.trust_client();
    world.run();
    assert_eq!(world.server_keys, world.client_keys);
    assert_eq!(world.server_data, [b"early"]);
}

#[test]
fn a_fingerprint_that_comes_late_and_does_not_match_is_reported_at_once() {
    let mut world = World::new(Client::default());
    world.run();
    world.server.set_remote_fingerprints(vec![Fingerprint::of_der(b"somebody else")]);
    assert_eq!(world.server.poll_timeout(), Some(world.now));
    assert_eq!(world.server.poll(&mut [0; 1500]), DtlsOutput::Nothing);
    assert_eq!(world.server.handle_timeout(world.now), Err(DtlsError::Fingerprint));
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn data_before_the_fingerprint_is_bounded() {
    let mut world = World::new(Client::default());
    world.run();
    for _ in 0..500 {
        world.client.send_application_data(&[1; 1000]).unwrap();
        world.run();
    }
    assert_eq!(world.server.data.len(), DATA_MAX);
}

#[test]
fn any_single_loss_is_repaired_by_retransmission() {
    for lost in 0..8 {
        let mut world = World::new(Client::default());
        world.trust_client();
        world.lost = vec![lost];
        world.run_for(Duration::from_secs(29));
        assert!(world.server_keys.is_some(), "datagram {lost} lost");
        assert_eq!(world.server_keys, world.client_keys, "datagram {lost} lost");
    }
}

#[test]
fn heavy_loss_is_repaired_within_the_deadline() {
    for seed in 0..8 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut world = World::new(Client { mtu: 400, ..Client::default() });
        world.trust_client();
        world.lost = (0..500).filter(|_| rng.random_bool(0.2)).collect();
        world.run_for(Duration::from_secs(29));
        assert!(world.server_keys.is_some(), "seed {seed}: {:?}", world.error);
        assert_eq!(world.server_keys, world.client_keys, "seed {seed}");
    }
}

#[test]
fn a_client_that_falls_silent_times_out_after_thirty_seconds() {
    let mut world = World::new(Client::default());
    world.trust_client();
    let start = world.now;
    world.lost = (1..10_000).collect();
    world.run_for(Duration::from_secs(40));
    assert_eq!(world.error, Some(DtlsError::Timeout));
    assert_eq!(world.now - start, Duration::from_secs(30));
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn a_peer_that_is_never_verified_times_out_too() {
    let mut world = World::new(Client::default());
    world.run();
    let deadline = world.server.poll_timeout().unwrap();
    assert_eq!(deadline, world.start + HANDSHAKE_MAX);
    assert_eq!(world.server.handle_timeout(deadline), Err(DtlsError::Timeout));
}

#[test]
fn nothing_times_out_before_the_first_datagram_nor_after_the_handshake() {
    let mut world = World::new(Client::default());
    assert_eq!(world.server.poll_timeout(), None);
    world.now += Duration::from_secs(3600);
    assert_eq!(world.server.handle_timeout(world.now), Ok(()));
    world.trust_client();
    world.run();
    assert!(world.server_keys.is_some());
    assert_eq!(world.server.poll_timeout(), None);
    world.now += Duration::from_secs(3600);
    assert_eq!(world.server.handle_timeout(world.now), Ok(()));
}

#[test]
fn the_clients_farewell_is_told_once_after_its_data() {
    let mut world = World::new(Client::default());
    world.trust_client();
    world.run();
    world.client.send_application_data(b"last").unwrap();
    world.client.close().unwrap();
    world.run();
    assert_eq!(world.server_data, [b"last"]);
    assert_eq!(world.server_closed, 1);
    assert_eq!(world.server.send(b"x"), Err(DtlsError::Closed));
    assert_eq!(world.server.poll_timeout(), None);
}

#[test]
fn our_farewell_reaches_the_client() {
    let mut world = World::new(Client::default());
    world.trust_client();
    world.run();
    world.server.close();
    world.run();
    assert!(world.client_closed);
    assert_eq!(world.server_closed, 0);
    assert_eq!(world.server.send(b"x"), Err(DtlsError::Closed));
}

#[test]
fn replayed_datagrams_are_not_delivered_twice() {
    let mut world = World::new(Client::default());
    world.trust_client();
    world.run();
    world.client.send_application_data(b"once").unwrap();
    world.duplicate = true;
    world.run();
    assert_eq!(world.server_data, [b"once"]);
}

#[test]
fn a_huge_certificate_ends_the_connection_without_a_panic() {
    let mut identity = dimpl::certificate::generate_self_signed_certificate().unwrap();
    identity.certificate = vec![0x30; 15_000];
    let mut world = World::new(Client { identity: Some(identity), ..Client::default() });
    world.trust_client();
    world.run_for(Duration::from_secs(31));
    assert_eq!(world.server_keys, None);
    assert!(world.error.is_some());
}

#[test]
fn garbage_before_and_during_the_handshake_does_not_stop_it() {
    let mut world = World::new(Client::default());
    world.trust_client();
    for garbage in [&[][..], &[22], &[0xFF; 1500], &[22, 254, 253, 0, 0], &[20; 40], &[0; 2000]] {
        assert_eq!(world.server.handle_datagram(garbage, world.now), Ok(()));
    }
    // A handshake record with a fragment of length zero.
    let mut empty_fragment = vec![22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12];
    empty_fragment.extend([1, 0, 1, 0, 0, 5, 0, 0, 0, 0, 0, 0]);
    let _ = world.server.handle_datagram(&empty_fragment, world.now);
    world.run_for(Duration::from_secs(10));
    assert!(world.server_keys.is_some(), "{:?}", world.error);
}

/// A record of the handshake with a ClientHello that nobody can answer: no cipher suite in common.
fn unusable_client_hello() -> Vec<u8> {
    let mut body = vec![254, 253];
    body.extend([7; 32]);
    // No session, no cookie, TLS_NULL_WITH_NULL_NULL, null compression, no extensions.
    body.extend([0, 0, 0, 2, 0, 0, 1, 0]);
    let length = body.len() as u8;
    let mut message = vec![1, 0, 0, length, 0, 0, 0, 0, 0, 0, 0, length];
    message.extend(body);
    let mut record = vec![22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, message.len() as u8];
    record.extend(message);
    record
}

fn fatal_alert() -> Vec<u8> {
    vec![21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40]
}

#[test]
fn a_first_flight_that_cannot_be_answered_is_forgotten() {
    let mut world = World::new(Client::default());
    world.trust_client();
    for _ in 0..50 {
        assert_eq!(world.server.handle_datagram(&unusable_client_hello(), world.now), Ok(()));
        assert_eq!(world.server.poll(&mut [0; 1500]), DtlsOutput::Nothing, "nothing is answered");
    }
    world.run_for(Duration::from_secs(5));
    assert!(world.server_keys.is_some(), "{:?}", world.error);
}

#[test]
fn forged_alerts_and_hellos_do_not_stop_a_handshake_at_any_point() {
    for forged in [fatal_alert(), unusable_client_hello()] {
        for before in 0..6 {
            let mut world = World::new(Client::default());
            world.trust_client();
            world.forged = Some((before, forged.clone()));
            world.run_for(Duration::from_secs(29));
            assert!(world.server_keys.is_some(), "{before}: {:?}", world.error);
            assert_eq!(world.server_keys, world.client_keys);
        }
    }
}

#[test]
fn keys_are_not_printed() {
    let keys = ExportedKeys { profile: 8, material: vec![0xAB; 88] };
    assert_eq!(format!("{keys:?}"), "ExportedKeys { profile: 8, .. }");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_datagrams_never_panic_nor_fill_memory(
        datagrams in proptest::collection::vec(
            (prop_oneof![Just(22_u8), 20..64_u8], proptest::collection::vec(any::<u8>(), 0..200)), 0..60),
    ) {
        let mut world = World::new(Client::default());
        for (first, rest) in datagrams {
            let mut datagram = vec![first, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0];
            datagram.extend((rest.len() as u16).to_be_bytes());
            datagram.extend(rest);
            let _ = world.server.handle_datagram(&datagram, world.now);
        }
        prop_assert!(world.server.packets.len() <= DATA_MAX);
        prop_assert!(world.server.data.is_empty());
    }

    #[test]
    fn a_handshake_with_one_changed_byte_never_panics(
        which in 0..6_usize, at in any::<prop::sample::Index>(), value in any::<u8>(),
    ) {
        let mut world = World::new(Client::default());
        world.trust_client();
        world.change = Some((which, at, value));
        world.run_for(Duration::from_secs(31));
        // Either the change did no harm or there are no keys; both sides never disagree.
        if let (Some(server), Some(client)) = (&world.server_keys, &world.client_keys) {
            prop_assert_eq!(server, client);
        }
    }
}

struct Client {
    mtu: usize,
    identity: Option<dimpl::DtlsCertificate>,
    /// It is the server, and ours is the client.
    is_server: bool,
}

impl Default for Client {
    fn default() -> Self {
        Self { mtu: 1150, identity: None, is_server: false }
    }
}

/// A client and our server, or the other way round, with a link between them that loses, doubles and changes what it is told to.
struct World {
    server: DtlsTransport,
    client: Dtls,
    identity: dimpl::DtlsCertificate,
    start: Instant,
    now: Instant,
    client_timer: Option<Instant>,
    /// Datagrams so far, both directions.
    carried: usize,
    lost: Vec<usize>,
    duplicate: bool,
    change: Option<(usize, prop::sample::Index, u8)>,
    /// A datagram that reaches the server just before the client's of this number.
    forged: Option<(usize, Vec<u8>)>,
    to_server: usize,
    round_trips: usize,
    waits: usize,
    server_datagram_max: usize,
    server_keys: Option<ExportedKeys>,
    client_keys: Option<ExportedKeys>,
    server_data: Vec<Vec<u8>>,
    client_data: Vec<Vec<u8>>,
    server_closed: usize,
    client_closed: bool,
    client_failed: bool,
    error: Option<DtlsError>,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn new(client: Client) -> Self {
        let now = Instant::now();
        // As patient as BoringSSL's client, which repeats a flight twelve times.
        let config = dimpl::Config::builder()
            .mtu(client.mtu)
            .max_queue_tx(200)
            .flight_start_rto(Duration::from_millis(400))
            .flight_retries(12)
            .build()
            .unwrap();
        let identity = client
            .identity
            .unwrap_or_else(|| dimpl::certificate::generate_self_signed_certificate().unwrap());
        let mut dtls = Dtls::new_12(Arc::new(config), identity.clone(), now);
        dtls.set_active(!client.is_server);
        dtls.handle_timeout(now).unwrap();
        let mut server = DtlsTransport::new(&Certificate::generate().unwrap(), now);
        if client.is_server {
            assert!(server.take_role(DtlsRole::Client));
        }
        Self {
            server,
            client: dtls,
            identity,
            start: now,
            now,
            client_timer: None,
            carried: 0,
            lost: Vec::new(),
            duplicate: false,
            change: None,
            forged: None,
            to_server: 0,
            round_trips: 0,
            waits: 0,
            server_datagram_max: 0,
            server_keys: None,
            client_keys: None,
            server_data: Vec::new(),
            client_data: Vec::new(),
            server_closed: 0,
            client_closed: false,
            client_failed: false,
            error: None,
        }
    }

    fn client_fingerprint(&self) -> Fingerprint {
        Fingerprint::of_der(&self.identity.certificate)
    }

    fn trust_client(&mut self) {
        let fingerprint = self.client_fingerprint();
        self.server.set_remote_fingerprints(vec![fingerprint]);
    }

    /// Exchanges datagrams until both sides are silent; time stands still.
    fn run(&mut self) {
        loop {
            let to_server = self.drain_client();
            let to_server = self.carry(to_server);
            for datagram in &to_server {
                let forged = self.forged.take_if(|(before, _)| *before == self.to_server);
                self.to_server += 1;
                for datagram in forged.iter().map(|(_, forged)| forged).chain([datagram]) {
                    if let Err(error) = self.server.handle_datagram(datagram, self.now) {
                        self.error.get_or_insert(error);
                    }
                }
            }
            let to_client = self.drain_server();
            let to_client = self.carry(to_client);
            for datagram in &to_client {
                self.client_failed |= self.client.handle_packet(datagram).is_err();
            }
            if to_server.is_empty() && to_client.is_empty() {
                break;
            }
            self.round_trips += 1;
        }
    }

    /// As [`World::run`], with time moving from timer to timer.
    fn run_for(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            self.run();
            let timers = [self.client_timer, self.server.poll_timeout()];
            assert!(self.waits < 1000, "timers do not advance");
            let Some(next) = timers.into_iter().flatten().min().filter(|next| *next <= end) else {
                return;
            };
            self.waits += 1;
            self.now = self.now.max(next);
            self.client_failed |= self.client.handle_timeout(self.now).is_err();
            if let Err(error) = self.server.handle_timeout(self.now) {
                self.error.get_or_insert(error);
                return;
            }
        }
    }

    fn carry(&mut self, datagrams: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let mut arrived = Vec::new();
        for mut datagram in datagrams {
            let number = self.carried;
            self.carried += 1;
            if self.lost.contains(&number) {
                continue;
            }
            if let Some((which, at, value)) = self.change
                && which == number
            {
                let at = at.index(datagram.len());
                datagram[at] = value;
            }
            if self.duplicate {
                arrived.push(datagram.clone());
            }
            arrived.push(datagram);
        }
        arrived
    }

    fn drain_client(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = vec![0; 20_000];
        let mut datagrams = Vec::new();
        if self.client_failed {
            // A client that fails falls silent.
            self.client_timer = None;
            return datagrams;
        }
        loop {
            match self.client.poll_output(&mut buffer) {
                Output::Packet(packet) => datagrams.push(packet.to_vec()),
                Output::ApplicationData(data) => self.client_data.push(data.to_vec()),
                Output::KeyingMaterial(material, profile) => {
                    assert_eq!(profile, dimpl::SrtpProfile::AEAD_AES_256_GCM);
                    let material = material.to_vec();
                    self.client_keys = Some(ExportedKeys { profile: 0x0008, material });
                }
                Output::CloseNotify => self.client_closed = true,
                Output::Timeout(at) => {
                    self.client_timer = Some(at).filter(|at| *at < self.now + NEVER);
                    return datagrams;
                }
                _ => {}
            }
        }
    }

    fn drain_server(&mut self) -> Vec<Vec<u8>> {
        let mut buffer = vec![0; 1500];
        let mut datagrams = Vec::new();
        loop {
            match self.server.poll(&mut buffer) {
                DtlsOutput::Packet(packet) => {
                    self.server_datagram_max = self.server_datagram_max.max(packet.len());
                    datagrams.push(packet.to_vec());
                }
                DtlsOutput::Connected(keys) => {
                    assert_eq!(self.server_keys.replace(keys), None, "connected twice");
                }
                DtlsOutput::Data(data) => self.server_data.push(data.to_vec()),
                DtlsOutput::Closed => self.server_closed += 1,
                DtlsOutput::Nothing => return datagrams,
            }
        }
    }
}
