//! A shard whose clients come through TURN: by its own port, and by streams.

use std::{collections::BTreeMap, time::Duration};

use protocol::{
    ids::{Identity, RoomName, SessionId},
    permission::Permission,
    stun::{
        Attribute, AttributeKind, Builder, Class, LongTermKey, Message, Method, PasswordAlgorithm,
        TransactionId, binding_request,
    },
    turn_credential::{TurnCredential, TurnSecret},
};

use super::*;
use crate::{
    config::ShardConfig,
    connection::dtls::Certificate,
    limits::Limits,
    placement::ShardId,
    turn_relay::{Way, turn_port_path, way},
    words::{
        administration::RoomSettings,
        command::{Command, Connections, Join},
        event::Message as Told,
        info::{ClientInfo, ParticipantKind},
    },
};

const UNIX: Duration = Duration::from_secs(1_800_000_000);

fn server() -> SocketAddr {
    ([192, 0, 2, 5], 7882).into()
}

/// Another node's media address.
fn node() -> SocketAddr {
    ([192, 0, 2, 6], 7882).into()
}

fn secret() -> TurnSecret {
    TurnSecret::new(b"a secret of the tests of the shard")
}

pub(crate) fn shard(now: Instant) -> Shard {
    let config = ShardConfig {
        shard: ShardId(0),
        limits: Limits::default(),
        candidates: vec![server()],
        tcp_candidates: Vec::new(),
        certificate: Certificate::generate().unwrap(),
    };
    let mut shard = Shard::new(config, [7; 32], now);
    let turn =
        TurnConfig { secret: secret(), allocations_max: 10, udp_port: None, nodes: vec![node()] };
    shard.open_turn(&turn, [1; 32], [2; 32], UNIX, now);
    shard
}

/// Joins; answers ufrag and password of the shard's offer.
fn join(shard: &mut Shard, now: Instant) -> (String, String) {
    let join = Join {
        session: SessionId(1),
        room: RoomName::try_from("demo".to_owned()).unwrap(),
        may_open_room: true,
        room_settings: RoomSettings::default(),
        identity: Identity::try_from("patient".to_owned()).unwrap(),
        name: String::new(),
        metadata: String::new(),
        attributes: BTreeMap::new(),
        kind: ParticipantKind::Standard,
        permission: Permission::default(),
        auto_subscribe: true,
        adaptive_stream: false,
        may_pause: false,
        connections: Connections::Two,
        admission: None,
        client: ClientInfo { protocol: 17, ..ClientInfo::default() },
        resume: None,
        unix_ms: i64::try_from(UNIX.as_millis()).unwrap(),
        only_asks: false,
    };
    shard.handle_command(Command::Join(Box::new(join)), now);
    let events: Vec<_> = std::iter::from_fn(|| shard.poll_event()).collect();
    let sdp = events
        .iter()
        .find_map(|event| match &event.message {
            Told::Offer { sdp, .. } => Some(sdp.clone()),
            _ => None,
        })
        .expect("an offer");
    let value = |name: &str| {
        let line = sdp.lines().find_map(|line| line.strip_prefix(name));
        line.expect("a line").trim().to_owned()
    };
    (value("a=ice-ufrag:"), value("a=ice-pwd:"))
}

/// The path to a client at `address` that comes by UDP and has an allocation: with a channel, or only a permission.
pub(crate) fn path_through(
    shard: &mut Shard,
    address: SocketAddr,
    has_channel: bool,
    now: Instant,
) -> SocketAddr {
    let (ufrag, pwd) = join(shard, now);
    let mut client = Client { path: address, ..Client::new(0) };
    client.allocate(shard, now).expect("a relayed address");
    let check = check(&ufrag, &pwd);
    let message = if has_channel {
        assert_eq!(client.bind(shard, server(), now), 0);
        on_channel(&check)
    } else {
        assert_eq!(client.permit(shard, server(), now), 0);
        let mut out = [0; 500];
        let id = TransactionId([4; 12]);
        let len = Builder::new(&mut out, Class::Indication, Method::SEND, id)
            .xor_address(AttributeKind::XOR_PEER_ADDRESS, server())
            .attribute(AttributeKind::DATA, &check)
            .finish();
        out[..len.unwrap()].to_vec()
    };
    shard.egress().clear();
    shard.handle_datagram(address, &mut message.clone(), now);
    let path = sent(shard)[0].0;
    shard.egress().clear();
    path
}

/// A TURN client; `stream` 0 comes by UDP.
struct Client {
    path: SocketAddr,
    credential: TurnCredential,
    nonce: Vec<u8>,
}

impl Client {
    fn new(stream: u32) -> Self {
        let address = SocketAddr::from(([198, 51, 100, 9], 5000));
        Self {
            path: if stream == 0 { address } else { stream_path(address, stream, Framing::Turn) },
            credential: secret().mint("demo", "patient", 0, UNIX.as_secs() + 600),
            nonce: Vec::new(),
        }
    }

    /// What the shard answers by this client's path, unwrapped by nobody.
    fn send(&self, shard: &mut Shard, bytes: &[u8], now: Instant) -> Vec<Vec<u8>> {
        shard.egress().clear();
        shard.handle_datagram(self.path, &mut bytes.to_vec(), now);
        sent(shard).into_iter().filter(|(to, _)| *to == self.path).map(|(_, bytes)| bytes).collect()
    }

    fn request(
        &mut self,
        shard: &mut Shard,
        method: Method,
        attributes: &[(AttributeKind, Vec<u8>)],
        now: Instant,
    ) -> Vec<u8> {
        let mut challenge = Vec::new();
        for _ in 0..2 {
            let mut out = [0; 512];
            let id = TransactionId([3; 12]);
            let mut builder = Builder::new(&mut out, Class::Request, method, id);
            for (kind, value) in attributes {
                builder = builder.attribute(*kind, value);
            }
            let TurnCredential { username, password } = &self.credential;
            let key = LongTermKey::derive(PasswordAlgorithm::Md5, username, "turn", password);
            let len = if self.nonce.is_empty() {
                builder.finish()
            } else {
                builder
                    .username(username)
                    .attribute(AttributeKind::REALM, b"turn")
                    .attribute(AttributeKind::NONCE, &self.nonce)
                    .finish_with_integrity(key.as_bytes())
            };
            let [reply] = self.send(shard, &out[..len.unwrap()], now).try_into().unwrap();
            let message = Message::parse(&reply).unwrap();
            match message.attribute(AttributeKind::NONCE) {
                Some(nonce) => self.nonce = nonce.to_vec(),
                None => return reply,
            }
            challenge = reply;
        }
        challenge
    }

    fn allocate(&mut self, shard: &mut Shard, now: Instant) -> Option<SocketAddr> {
        let udp = (AttributeKind::REQUESTED_TRANSPORT, vec![17, 0, 0, 0]);
        let reply = self.request(shard, Method::ALLOCATE, &[udp], now);
        let message = Message::parse(&reply).unwrap();
        let value = message.attribute(AttributeKind::XOR_RELAYED_ADDRESS)?;
        message.xor_address(Attribute { kind: AttributeKind::XOR_RELAYED_ADDRESS, value })
    }

    fn permit(&mut self, shard: &mut Shard, peer: SocketAddr, now: Instant) -> u16 {
        let reply = self.request(shard, Method::CREATE_PERMISSION, &[peer_attribute(peer)], now);
        Message::parse(&reply).unwrap().error_code().unwrap_or(0)
    }

    fn bind(&mut self, shard: &mut Shard, peer: SocketAddr, now: Instant) -> u16 {
        let attributes =
            [(AttributeKind::CHANNEL_NUMBER, vec![0x40, 1, 0, 0]), peer_attribute(peer)];
        let reply = self.request(shard, Method::CHANNEL_BIND, &attributes, now);
        Message::parse(&reply).unwrap().error_code().unwrap_or(0)
    }
}

/// For requests with the transaction id of these clients.
fn peer_attribute(peer: SocketAddr) -> (AttributeKind, Vec<u8>) {
    let mut out = [0; 100];
    let len = Builder::new(&mut out, Class::Request, Method::BINDING, TransactionId([3; 12]))
        .xor_address(AttributeKind::XOR_PEER_ADDRESS, peer)
        .finish()
        .unwrap();
    let message = Message::parse(&out[..len]).unwrap();
    let value = message.attribute(AttributeKind::XOR_PEER_ADDRESS).unwrap().to_vec();
    (AttributeKind::XOR_PEER_ADDRESS, value)
}

/// What the shard sends: path and bytes.
fn sent(shard: &mut Shard) -> Vec<(SocketAddr, Vec<u8>)> {
    let chains = shard.way_out().egress.chains();
    chains.flat_map(|(to, all)| all.map(move |one| (to, one.to_vec()))).collect()
}

fn on_channel(payload: &[u8]) -> Vec<u8> {
    let mut bytes = turn::channel_data::header(0x4001, payload.len()).unwrap().to_vec();
    bytes.extend(payload);
    bytes
}

fn check(ufrag: &str, pwd: &str) -> Vec<u8> {
    let mut out = [0; 200];
    let id = TransactionId([5; 12]);
    let len = binding_request(&mut out, id, &format!("{ufrag}:far"), true, pwd.as_bytes()).unwrap();
    out[..len].to_vec()
}

#[test]
fn a_check_through_an_allocation_makes_a_path_and_is_answered_with_the_relayed_address() {
    for stream in [0, 9] {
        let now = Instant::now();
        let mut shard = shard(now);
        let (ufrag, pwd) = join(&mut shard, now);
        let mut client = Client::new(stream);
        let relayed = client.allocate(&mut shard, now).expect("a relayed address");
        assert_eq!(relayed.ip(), server().ip());
        assert_ne!(relayed, server());
        assert_eq!(client.bind(&mut shard, server(), now), 0);

        shard.egress().clear();
        shard.handle_datagram(client.path, &mut on_channel(&check(&ufrag, &pwd)), now);
        let answers = sent(&mut shard);
        let (path, answer) = &answers[0];
        let Way::Allocation(allocation, 0) = way(*path) else { panic!("{path}") };
        let message = Message::parse(answer).unwrap();
        assert_eq!(message.class(), Class::Success);
        assert_eq!(message.xor_mapped_address(), Some(relayed), "as the client knows itself");
        assert!(message.check_integrity(pwd.as_bytes()));
        assert_eq!(answers.len(), 1);

        let way_out = shard.way_out();
        let wrapped = way_out.turn.unwrap().wrap(allocation, 0, answer.len(), way_out.now).unwrap();
        assert_eq!(wrapped.client.stream, stream);
        assert_eq!(wrapped.client.address, SocketAddr::from(([198, 51, 100, 9], 5000)));
        assert_eq!(wrapped.prefix()[..2], [0x40, 1]);
    }
}

#[test]
fn nothing_but_the_shard_itself_is_reached() {
    let now = Instant::now();
    let mut shard = shard(now);
    let mut client = Client::new(0);
    let relayed = client.allocate(&mut shard, now).unwrap();
    for other in [
        SocketAddr::from(([127, 0, 0, 1], 7882)),
        SocketAddr::new(server().ip(), 5432),
        SocketAddr::new(server().ip(), 7883),
        relayed,
    ] {
        assert_eq!(client.bind(&mut shard, other, now), 403, "{other}");
    }
}

#[test]
fn another_node_is_reached_and_answers_and_nobody_else_does() {
    for stream in [0, 9] {
        let now = Instant::now();
        let mut shard = shard(now);
        let mut client = Client::new(stream);
        let relayed = client.allocate(&mut shard, now).unwrap();
        assert_eq!(client.bind(&mut shard, node(), now), 0);
        let asked = check("of-the-other-node", "secret-of-it");
        shard.egress().clear();
        for payload in [&asked[..], &[22; 100], &[0x80; 100]] {
            shard.handle_datagram(client.path, &mut on_channel(payload), now);
        }
        let leaving = sent(&mut shard);
        let lengths: Vec<_> = leaving.iter().map(|(_, one)| one.len()).collect();
        assert_eq!(lengths, [asked.len(), 100, 100]);
        let Way::Node(allocation, to) = way(leaving[0].0) else { panic!("{leaving:?}") };
        assert_eq!((to, leaving[0].1.as_slice()), (node(), &asked[..]));
        let by = shard.way_out().turn.unwrap().relayed(allocation, node());
        assert_eq!(by, Some(relayed));

        shard.egress().clear();
        let end = (allocation, relayed);
        shard.handle_node_datagram(end, node(), b"answer", now);
        let (path, answer) = sent(&mut shard).pop().expect("an answer");
        let Way::Allocation(through, place) = way(path) else { panic!("{path}") };
        assert_eq!((through, &answer[..]), (allocation, &b"answer"[..]));
        let way_out = shard.way_out();
        let wrapped = way_out.turn.unwrap().wrap(through, place, answer.len(), way_out.now);
        assert_eq!(wrapped.unwrap().client.stream, stream);

        shard.egress().clear();
        let others = [
            SocketAddr::new(node().ip(), 7883),
            SocketAddr::from(([203, 0, 113, 1], 7882)),
            // Our own address does not come by a socket.
            server(),
        ];
        for other in others {
            shard.handle_node_datagram(end, other, b"answer", now);
        }
        assert!(sent(&mut shard).is_empty());
    }
}

#[test]
fn no_turn_and_nothing_unknown_goes_to_another_node() {
    let now = Instant::now();
    let mut shard = shard(now);
    let mut client = Client::new(0);
    client.allocate(&mut shard, now).unwrap();
    assert_eq!(client.bind(&mut shard, node(), now), 0);
    let mut out = [0; 100];
    let len = Builder::new(&mut out, Class::Request, Method::ALLOCATE, TransactionId([3; 12]))
        .attribute(AttributeKind::REQUESTED_TRANSPORT, &[17, 0, 0, 0])
        .finish()
        .unwrap();
    shard.egress().clear();
    for inner in [&out[..len], &on_channel(b"again"), &[0, 1, 0, 0], &[], &[200; 50]] {
        shard.handle_datagram(client.path, &mut on_channel(inner), now);
        assert!(sent(&mut shard).is_empty(), "{inner:?}");
    }
}

#[test]
fn whose_allocation_is_over_has_no_relay_any_more() {
    let now = Instant::now();
    let mut shard = shard(now);
    let relayed = Client::new(0).allocate(&mut shard, now).unwrap();
    assert_eq!(shard.take_closed_relays(), []);
    let due = shard.poll_timeout().unwrap();
    shard.handle_timeout(due);
    assert_eq!(shard.take_closed_relays(), [relayed]);
    assert_eq!(shard.take_closed_relays(), []);
}

#[test]
fn binding_is_answered_where_turn_alone_is_spoken_and_nowhere_else() {
    let now = Instant::now();
    let mut shard = shard(now);
    let address = SocketAddr::from(([198, 51, 100, 9], 5000));
    let mut bare = [0; 100];
    let len = Builder::new(&mut bare, Class::Request, Method::BINDING, TransactionId([3; 12]))
        .finish()
        .unwrap();
    shard.egress().clear();
    shard.handle_turn_datagram(address, &mut { bare }[..len], now);
    shard.handle_stream((7, Framing::Turn), address, &mut { bare }[..len], now);
    let answers = sent(&mut shard);
    let paths = [turn_port_path(address), stream_path(address, 7, Framing::Turn)];
    assert_eq!(answers.iter().map(|(to, _)| *to).collect::<Vec<_>>(), paths);
    for (_, answer) in &answers {
        let message = Message::parse(answer).unwrap();
        assert_eq!(
            (message.class(), message.xor_mapped_address()),
            (Class::Success, Some(address))
        );
        assert!(answer.len() * 5 <= len * 8, "{len} asked, {} answered", answer.len());
    }
    shard.egress().clear();
    shard.handle_datagram(address, &mut { bare }[..len], now);
    shard.handle_stream((8, Framing::Ice), address, &mut { bare }[..len], now);
    assert!(sent(&mut shard).is_empty(), "media ports say nothing to strangers");
}

#[test]
fn the_port_for_turn_alone_takes_no_media() {
    let now = Instant::now();
    let mut shard = shard(now);
    let (ufrag, pwd) = join(&mut shard, now);
    let address = SocketAddr::from(([198, 51, 100, 9], 5000));
    shard.egress().clear();
    for mut datagram in [vec![22; 100], vec![0x80; 100]] {
        shard.handle_turn_datagram(address, &mut datagram, now);
        assert!(sent(&mut shard).is_empty());
    }
    // A check is a question like any other there, and opens nothing.
    shard.handle_turn_datagram(address, &mut check(&ufrag, &pwd), now);
    let answers = sent(&mut shard);
    assert!(!Message::parse(&answers[0].1).unwrap().has_integrity());
    assert!(shard.context.connections.values().all(|one| one.ice.path().is_none()));
    shard.egress().clear();
    let mut client = Client { path: turn_port_path(address), ..Client::new(0) };
    assert!(client.allocate(&mut shard, now).is_some());
}

#[test]
fn turn_within_turn_goes_nowhere() {
    let now = Instant::now();
    let mut shard = shard(now);
    let mut client = Client::new(0);
    client.allocate(&mut shard, now).unwrap();
    assert_eq!(client.bind(&mut shard, server(), now), 0);
    let mut out = [0; 100];
    let len = Builder::new(&mut out, Class::Request, Method::ALLOCATE, TransactionId([3; 12]))
        .attribute(AttributeKind::REQUESTED_TRANSPORT, &[17, 0, 0, 0])
        .finish()
        .unwrap();
    for inner in [out[..len].to_vec(), on_channel(b"again")] {
        assert!(client.send(&mut shard, &on_channel(&inner), now).is_empty());
        assert!(sent(&mut shard).is_empty());
    }
    let dropped: u64 = shard.counters().dropped.iter().map(|(_, count)| count).sum();
    assert_eq!(dropped, 2);
}

#[test]
fn a_stranger_gets_no_media_path_however_it_is_wrapped() {
    let now = Instant::now();
    let mut shard = shard(now);
    let (ufrag, _) = join(&mut shard, now);
    let mut client = Client::new(0);
    client.allocate(&mut shard, now).unwrap();
    client.bind(&mut shard, server(), now);
    let inner = [check(&ufrag, "wrong"), vec![22; 100], vec![0x80; 100]];
    for payload in inner {
        assert!(client.send(&mut shard, &on_channel(&payload), now).is_empty());
        assert!(sent(&mut shard).is_empty());
    }
}

#[test]
fn without_turn_its_messages_are_dropped_unanswered() {
    let now = Instant::now();
    let mut shard = shard(now);
    shard.turn = None;
    let client = Client::new(0);
    let mut out = [0; 100];
    let len = Builder::new(&mut out, Class::Request, Method::ALLOCATE, TransactionId([3; 12]))
        .attribute(AttributeKind::REQUESTED_TRANSPORT, &[17, 0, 0, 0])
        .finish()
        .unwrap();
    for bytes in [out[..len].to_vec(), on_channel(b"x")] {
        assert!(client.send(&mut shard, &bytes, now).is_empty());
    }
}

#[test]
fn a_stream_that_ends_takes_its_allocation_along_and_a_drain_takes_no_new_one() {
    let now = Instant::now();
    let mut shard = shard(now);
    let mut client = Client::new(4);
    client.allocate(&mut shard, now).unwrap();
    assert_eq!(shard.counters().turn.allocations, 1);
    shard.close_stream((4, Framing::Turn), SocketAddr::from(([198, 51, 100, 9], 5000)), now);
    assert_eq!(shard.counters().turn.allocations, 0);
    shard.handle_command(Command::Drain, now);
    assert_eq!(Client::new(0).allocate(&mut shard, now), None);
}

#[test]
fn a_credential_is_good_past_its_expiry_for_as_long_as_its_person_is_in_the_call() {
    let now = Instant::now();
    let mut shard = shard(now);
    join(&mut shard, now);
    // The time of day alone: the shard's own clock does not count what it takes for a stop.
    let long_after = UNIX + Duration::from_secs(20 * 60);
    shard.turn.as_mut().unwrap().set_unix_time(long_after, now);
    assert!(Client::new(0).allocate(&mut shard, now).is_some());
    let stranger = secret().mint("demo", "doctor", 0, UNIX.as_secs() + 600);
    let mut stranger = Client { credential: stranger, ..Client::new(1) };
    assert_eq!(stranger.allocate(&mut shard, now), None, "who is not there");
    shard.handle_command(Command::SessionClosed(SessionId(1)), now);
    assert_eq!(Client::new(2).allocate(&mut shard, now), None, "who has gone");
    assert_eq!(shard.counters().turn.allocations, 1);
}

#[test]
fn a_check_over_a_stream_of_ice_is_answered_there_and_its_end_is_the_end_of_the_path() {
    let now = Instant::now();
    let mut shard = shard(now);
    let (ufrag, pwd) = join(&mut shard, now);
    let peer = SocketAddr::from(([198, 51, 100, 9], 5000));
    shard.egress().clear();
    shard.handle_stream((7, Framing::Ice), peer, &mut check(&ufrag, &pwd), now);
    let (path, answer) = sent(&mut shard).swap_remove(0);
    assert_eq!(way(path), Way::Stream(7, Framing::Ice));
    let message = Message::parse(&answer).unwrap();
    assert_eq!((message.class(), message.xor_mapped_address()), (Class::Success, Some(peer)));

    let selected =
        |shard: &Shard| shard.context.connections.values().find_map(|one| one.ice.path());
    assert_eq!(selected(&shard), Some(path));
    shard.close_stream((7, Framing::Ice), peer, now);
    shard.handle_stream((8, Framing::Ice), peer, &mut check(&ufrag, &pwd), now);
    assert_eq!(selected(&shard).map(way), Some(Way::Stream(8, Framing::Ice)));
}

#[test]
fn over_streams_of_ice_no_turn_is_spoken_and_over_those_of_turn_no_ice() {
    let now = Instant::now();
    let mut shard = shard(now);
    let (ufrag, pwd) = join(&mut shard, now);
    let peer = SocketAddr::from(([198, 51, 100, 9], 5000));
    let mut out = [0; 100];
    let len = Builder::new(&mut out, Class::Request, Method::ALLOCATE, TransactionId([3; 12]))
        .attribute(AttributeKind::REQUESTED_TRANSPORT, &[17, 0, 0, 0])
        .finish()
        .unwrap();
    shard.egress().clear();
    for (framing, mut bytes) in
        [(Framing::Ice, out[..len].to_vec()), (Framing::Ice, on_channel(b"x"))]
    {
        shard.handle_stream((7, framing), peer, &mut bytes, now);
        assert!(sent(&mut shard).is_empty(), "{framing:?} {bytes:?}");
    }
    // A question to a STUN server, and no check.
    shard.handle_stream((7, Framing::Turn), peer, &mut check(&ufrag, &pwd), now);
    assert!(!Message::parse(&sent(&mut shard)[0].1).unwrap().has_integrity());
    assert!(shard.context.connections.values().all(|one| one.ice.path().is_none()));
}

#[test]
fn an_allocation_that_nobody_refreshes_ends_when_the_shard_says_so() {
    let now = Instant::now();
    let mut shard = shard(now);
    Client::new(0).allocate(&mut shard, now).unwrap();
    let due = shard.poll_timeout().unwrap();
    assert_eq!(due, now + Duration::from_secs(600));
    shard.handle_timeout(due);
    assert_eq!(shard.counters().turn.allocations, 0);
}
