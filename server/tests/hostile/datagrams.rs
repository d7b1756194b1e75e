//! Datagrams of strangers to the media port of a running call (T-rows M1, M3, M5, M10): nothing is answered, nothing is
//! lost.

use std::time::Duration;

use tokio::{
    net::UdpSocket,
    time::{Instant, interval},
};

use super::{ATTACK, attacker::Socket, victims::Victims};

/// Datagrams a second in all, sent every millisecond.
const RATE: u32 = 20_000;

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut record = vec![kind, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0];
    record.extend((body.len() as u16).to_be_bytes());
    record.extend(body);
    record
}

/// A ClientHello without a usable cipher, alone and cut in two.
fn client_hellos() -> Vec<Vec<u8>> {
    let mut body = vec![254, 253];
    body.extend([7; 32]);
    body.extend([0, 0, 0, 2, 0, 0, 1, 0]);
    let length = body.len() as u8;
    let message = |from: usize, to: usize| {
        let mut message = vec![1, 0, 0, length, 0, 0, 0, 0, from as u8, 0, 0, (to - from) as u8];
        message.extend(&body[from..to]);
        record(22, &message)
    };
    vec![message(0, body.len()), message(0, 20), message(20, body.len())]
}

fn hostile_datagrams() -> Vec<Vec<u8>> {
    let mut all = client_hellos();
    all.push(record(21, &[2, 40]));
    all.push(record(23, &[0; 64]));
    // RTP with a victim's SSRC, RTCP BYE, a binding request without integrity, a TURN allocation, ChannelData.
    let mut rtp = vec![0x80, 111, 0, 9, 0, 0, 0, 0, 0x10, 0, 0, 0];
    rtp.extend([0x55; 40]);
    all.push(rtp);
    all.push(vec![0x81, 203, 0, 1, 0x10, 0, 0, 0]);
    all.push([&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[1; 12]].concat());
    all.push([&[0, 3, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[1; 12]].concat());
    all.push(vec![0x40, 0, 0, 4, 1, 2, 3, 4]);
    all.extend((0..=255).map(|first| [&[first][..], &[0x5a; 60]].concat()));
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_from_strangers_is_not_answered_and_costs_no_packet() {
    let victims = Victims::start(&[]).await;
    let attacker = UdpSocket::bind("127.0.0.2:0").await.unwrap();
    attacker.connect(victims.server.media()).await.unwrap();
    let datagrams = hostile_datagrams();
    let mut next = datagrams.iter().cycle();
    let mut pace = interval(Duration::from_millis(1));
    let (end, mut sent) = (Instant::now() + ATTACK, 0_u32);
    // A join in the middle of it.
    let joining = Socket::join(&victims.server, "late");
    let flooding = async {
        while Instant::now() < end {
            pace.tick().await;
            for _ in 0..RATE / 1000 {
                sent += u32::from(attacker.send(next.next().unwrap()).await.is_ok());
            }
        }
    };
    let (_, _late) = tokio::join!(flooding, joining);
    assert!(sent > RATE, "{sent}");
    let mut answer = [0; 1500];
    assert!(attacker.try_recv(&mut answer).is_err(), "a stranger was answered");
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}
