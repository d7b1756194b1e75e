//! Strangers at TURN's doors during a call (T-rows T3 and T4): the flood of well-formed requests without credentials, and streams
//! that say what no TURN client says.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::UdpSocket,
    time::{Instant, interval},
};

use super::{
    ATTACK,
    attacker::{connect, resident},
    victims::Victims,
};

/// Datagrams a second in all, sent every millisecond.
const RATE: u32 = 10_000;

/// How long they come.
const FLOOD: Duration = Duration::from_secs(10);

/// An Allocate request for UDP and nothing else, as a browser begins: 28 bytes.
pub(super) fn allocate(number: u32) -> Vec<u8> {
    let mut request = vec![0, 3, 0, 8, 0x21, 0x12, 0xa4, 0x42];
    request.extend([7; 8]);
    request.extend(number.to_be_bytes());
    request.extend([0, 0x19, 0, 4, 17, 0, 0, 0]);
    request
}

/// A Binding request without attributes but one of 76 bytes, in a frame of ICE-TCP.
fn framed_check() -> Vec<u8> {
    let mut frame = vec![0, 100, 0, 1, 0, 80, 0x21, 0x12, 0xa4, 0x42];
    frame.extend([7; 12]);
    frame.extend([0x80, 0x22, 0, 76]);
    frame.resize(102, 7);
    frame
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_allocations_without_credentials_costs_no_packet_and_no_memory() {
    let victims = Victims::start(&[]).await;
    let pid = victims.server.pid();
    let mut attackers = Vec::new();
    for _ in 0..50 {
        let socket = UdpSocket::bind("127.0.0.2:0").await.unwrap();
        socket.connect(victims.server.media()).await.unwrap();
        attackers.push(socket);
    }
    let before = resident(pid);
    let mut pace = interval(Duration::from_millis(1));
    let (begin, mut sent) = (Instant::now(), 0_u32);
    while begin.elapsed() < FLOOD {
        pace.tick().await;
        for socket in attackers.iter().cycle().skip(sent as usize % 50).take(RATE as usize / 1000) {
            sent += u32::from(socket.send(&allocate(sent)).await.is_ok());
        }
    }
    let grown = resident(pid).saturating_sub(before);
    assert!(sent > RATE, "{sent}");
    assert!(grown < 8 << 20, "{grown} bytes more");
    let (mut answers, mut answered) = (0, 0);
    let mut answer = [0; 1500];
    for socket in &attackers {
        while let Ok(len) = socket.try_recv(&mut answer) {
            (answers, answered) = (answers + 1, answered + len);
        }
    }
    // A burst of 20, then ten a second; one more second for a machine that was busy.
    let seconds = usize::try_from(begin.elapsed().as_secs()).unwrap() + 2;
    assert!((1..=20 + 10 * seconds).contains(&answers), "{answers} answers");
    assert!(answered * 5 <= answers * 28 * 8, "{answered} bytes in {answers} answers");
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn streams_that_break_the_framing_are_closed_at_once() {
    let victims = Victims::start(&[]).await;
    let floods: [&[u8]; 4] = [
        // STUN that claims 64 KiB; a length that is no multiple of four; DTLS and HTTP behind a good message.
        &[0, 3, 0xFF, 0xFC],
        &[0, 3, 0, 3],
        &[&allocate(1)[..], &[22, 254, 253, 0]].concat(),
        &[&allocate(1)[..], b"\x10ET / HTTP/1.1\r\n\r\n"].concat(),
    ];
    for flood in floods {
        let mut socket = connect(victims.server.http()).await.unwrap();
        socket.write_all(flood).await.unwrap();
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest));
        assert!(ended.await.is_ok(), "{flood:?} is waited for");
    }
    // Nobody who speaks HTTP notices that TURN listens too.
    let mut socket = connect(victims.server.http()).await.unwrap();
    socket
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 "), "{text}");
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn streams_of_ice_that_nobody_answers_disturb_no_call_and_stuck_ones_no_other() {
    let victims = Victims::start(&[]).await;
    // A well-formed frame with a check of nobody's; many of them, and one that never ends.
    let frame = framed_check();
    let mut floods = Vec::new();
    for _ in 0..20 {
        let mut socket = connect(victims.server.http()).await.unwrap();
        floods.push(tokio::spawn(async move {
            // Ten thousand a second in all.
            let (begin, mut pace) = (Instant::now(), interval(Duration::from_millis(10)));
            while begin.elapsed() < ATTACK {
                pace.tick().await;
                socket.write_all(&framed_check().repeat(5)).await.unwrap();
            }
            let mut answer = [0; 1];
            let answered =
                tokio::time::timeout(Duration::from_millis(100), socket.read(&mut answer));
            assert!(!matches!(answered.await, Ok(Ok(1..))), "an answer to a stranger");
        }));
        let mut stuck = connect(victims.server.http()).await.unwrap();
        stuck.write_all(&frame[..50]).await.unwrap();
        floods.push(tokio::spawn(async move {
            tokio::time::sleep(ATTACK).await;
            drop(stuck);
        }));
    }
    for flood in floods {
        flood.await.unwrap();
    }
    // Longer than any datagram: closed at once.
    let mut socket = connect(victims.server.http()).await.unwrap();
    socket.write_all(&[&frame[..], &[0xFF, 0xFF]].concat()).await.unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), socket.read_to_end(&mut rest));
    assert!(ended.await.is_ok(), "a frame that is too long is waited for");
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_stream_is_challenged_like_a_datagram() {
    let victims = Victims::start(&[]).await;
    let mut socket = connect(victims.server.http()).await.unwrap();
    // In two pieces: the first byte alone does not say that this is TURN.
    let request = allocate(9);
    socket.write_all(&request[..1]).await.unwrap();
    tokio::task::yield_now().await;
    socket.write_all(&request[1..]).await.unwrap();
    let mut header = [0; 20];
    let read = tokio::time::timeout(Duration::from_secs(5), socket.read_exact(&mut header));
    read.await.expect("an answer").unwrap();
    assert_eq!(header[..2], [0x01, 0x13], "an error response to Allocate");
    assert_eq!(header[4..], request[4..20], "of the same transaction");
    victims.hang_up().await;
}
