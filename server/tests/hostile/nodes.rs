//! Two nodes of one cluster: who reaches only one of them comes through its TURN into a call on the other, and nowhere else.

use std::{
    net::{SocketAddr, UdpSocket},
    time::{Duration, SystemTime},
};

use protocol::{
    stun::{Class, Message},
    turn_credential::{TurnCredential, TurnSecret},
};
use rtc::peer_connection::transport::RTCIceServer;

use super::{
    PATIENCE, TURN,
    binary::{ALL, Binary, ROOM, bedside},
    media::Kind,
    participant::Participant,
    relay::{Client, Link},
    state::Packet,
    turn::allocate,
};

const SECRET: &str = "a-secret-that-two-nodes-share";

/// Packets of each track and way that are compared.
const COMPARED: usize = 100;

fn node(arguments: &[&str]) -> Binary {
    Binary::start_as(bedside().args(ALL).args(["--turn-secret", SECRET]).args(arguments))
}

/// A node, and one whose clients reach it too.
fn two_nodes() -> (Binary, Binary) {
    let far = node(&[]);
    let named = format!("--turn-nodes={}", far.media());
    let near = node(&[&named]);
    (near, far)
}

fn credential(identity: &str) -> TurnCredential {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    TurnSecret::new(SECRET.as_bytes()).mint(ROOM, identity, 0, now + 600)
}

async fn relayed(node: &Binary) -> (u64, u64) {
    (
        node.metric("bedside_turn_to_peers_packets_total{shard=\"0\"}").await,
        node.metric("bedside_turn_to_clients_packets_total{shard=\"0\"}").await,
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_reaches_one_node_is_in_a_call_on_another_through_its_relay() {
    let _turn = TURN.lock().await;
    let (near, far) = two_nodes();
    let mut doctor = Participant::join(&far, "doctor", 0).await;
    doctor.publish().await;
    let TurnCredential { username, password } = credential("patient");
    let urls = vec![format!("turn:{}?transport=udp", near.media())];
    let relay = RTCIceServer { urls, username, credential: password };
    let mut patient = Participant::join_through(&relay, &far, "patient", 1).await;
    patient.publish().await;
    // What comes by a relay before the native client knows the track is lost within it, the first key frame too.
    let camera = doctor.track(Kind::Vp8);
    patient.until("a picture", |state| !state.received(&camera).is_empty()).await;
    patient.ask_for_key_frame().await;
    for (from, to) in [(&doctor, &patient), (&patient, &doctor)] {
        for writer in [from.audio, from.video] {
            let track = from.track(writer.kind);
            to.until("enough packets, a key frame among them", |state| {
                let all = state.received(&track);
                let is_key = |one: &Packet| writer.read(&one.payload).is_key_frame;
                all.len() >= COMPARED && (writer.kind == Kind::Opus || all.iter().any(is_key))
            })
            .await;
            to.read(|state| {
                let all = state.received(&track);
                writer.check_places(all);
                let numbers = all.iter().map(|one| writer.read(&one.payload).number);
                let first = writer.read(&all[0].payload).number;
                assert!(numbers.eq((first..).take(all.len())), "{:?}: a hole", writer.kind);
            });
        }
    }
    // All of it by the near node's relay sockets, nothing by TURN on the far one.
    near.metric_becomes("bedside_turn_allocations{shard=\"0\"}", 2).await;
    let least = 2 * COMPARED as u64;
    let counted = async {
        // Metrics are renewed once a second.
        while relayed(&near).await.0.min(relayed(&near).await.1) < least {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, counted).await.is_ok(), "media took another way");
    assert_eq!(relayed(&far).await, (0, 0));
    assert_eq!(far.metric("bedside_turn_allocations_total{shard=\"0\"}").await, 0);

    patient.leave().await;
    doctor.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_relay_to_another_node_leads_nowhere_else() {
    let _turn = TURN.lock().await;
    let (near, far) = two_nodes();
    let (near_media, far_media, far_http) = (near.media(), far.media(), far.http());
    let bystander = UdpSocket::bind("127.0.0.1:0").unwrap();
    let bystander_at = bystander.local_addr().unwrap();
    let asking = tokio::task::spawn_blocking(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(near_media).unwrap();
        let mut client = Client::over(Link::Udp(socket), credential("mallory")).allocated();
        let above = SocketAddr::new(far_media.ip(), far_media.port() ^ 1);
        for peer in [bystander_at, above, far_http, "192.0.2.1:7882".parse().unwrap()] {
            assert_eq!(client.bind(0x4001, peer), Some(403), "{peer}");
        }
        assert_eq!(client.bind(0x4000, far_media), Some(0));
        // TURN to the other node's media port, which answers whoever comes by himself: no chain of relays is made.
        let question = allocate(1);
        say(&mut client, &question);
        assert_eq!(client.hear(Duration::from_millis(500)), None);
        let direct = UdpSocket::bind("127.0.0.1:0").unwrap();
        direct.set_read_timeout(Some(PATIENCE)).unwrap();
        direct.send_to(&question, far_media).unwrap();
        let mut answer = [0; 1500];
        let len = direct.recv(&mut answer).unwrap();
        assert_eq!(Message::parse(&answer[..len]).unwrap().class(), Class::Error);
        // A check that nobody vouches for is as silent through a relay as without.
        say(&mut client, &BINDING);
        assert_eq!(client.hear(Duration::from_millis(500)), None);
        client
    });
    let mut client = asking.await.unwrap();
    // The check has left, by a socket that takes nothing of anybody but that node.
    assert_eq!(relayed(&near).await.1, 0);
    let pid = near.pid();
    let hearing = tokio::task::spawn_blocking(move || {
        for port in udp_ports(pid).into_iter().filter(|port| *port != near_media.port()) {
            bystander.send_to(&[0x80; 50], ("127.0.0.1", port)).unwrap();
        }
        client.hear(Duration::from_millis(500))
    });
    assert_eq!(hearing.await.unwrap(), None, "a bystander's datagram");
}

/// A Binding request without attributes.
const BINDING: [u8; 20] = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];

/// Sends on channel 0x4000.
fn say(client: &mut Client, payload: &[u8]) {
    let length = (payload.len() as u16).to_be_bytes();
    client.say(&[&[0x40, 0], &length[..], payload].concat());
}

/// UDP ports that a process has open: its media port, and its relays.
fn udp_ports(pid: u32) -> Vec<u16> {
    let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| {
            let text = link.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned();
            Some(text)
        })
        .collect();
    let table = std::fs::read_to_string(format!("/proc/{pid}/net/udp")).unwrap();
    let ports: Vec<u16> = table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let is_its = sockets.iter().any(|inode| inode == fields[9]);
            let port = u16::from_str_radix(fields[1].rsplit_once(':')?.1, 16).ok()?;
            is_its.then_some(port)
        })
        .collect();
    assert_eq!(ports.len(), 2, "the media port and one relay: {ports:?}");
    ports
}

/// What strangers hear of a server with a port for TURN alone: Binding is answered there, and nothing on the media port.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn binding_is_answered_on_the_port_of_turn_and_media_ports_are_silent() {
    let _turn = TURN.lock().await;
    let free = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = node(&[&format!("--turn-udp-port={}", free.port())]);
    let media = server.media();
    let asking = tokio::task::spawn_blocking(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut answer = [0; 1500];
        // What must not be answered goes first: an answer to it would come first.
        socket.send_to(&BINDING, media).unwrap();
        for silent in [&[22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9][..], &[0x80; 50]] {
            socket.send_to(silent, media).unwrap();
            socket.send_to(silent, free).unwrap();
        }
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.send_to(&BINDING, free).unwrap();
        let (len, from) = socket.recv_from(&mut answer).unwrap();
        assert_eq!(from, free);
        let message = Message::parse(&answer[..len]).unwrap();
        assert_eq!(message.class(), Class::Success);
        assert_eq!(message.xor_mapped_address(), Some(socket.local_addr().unwrap()));
        assert!(len * 5 <= BINDING.len() * 8, "{len} bytes for {}", BINDING.len());
        socket.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        assert!(socket.recv_from(&mut answer).is_err(), "nothing else is answered");
    });
    asking.await.unwrap();
}
