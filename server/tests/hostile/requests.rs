//! A participant with a valid token whose client asks for too much: descriptions (T-row S1), lists, updates, frames.

use futures_util::SinkExt as _;
use livekit_protocol as proto;
use livekit_protocol::{signal_request::Message as Asking, signal_response::Message as Response};
use tokio::time::{Instant, interval, timeout};
use tokio_tungstenite::tungstenite::Message as Frame;

use super::{
    ATTACK,
    attacker::{Socket, resident},
    binary::Binary,
    victims::Victims,
};

/// Twenty megabits a second in frames of this size.
const FRAME_BYTES: usize = 500_000;
const FRAMES_PER_SECOND: u64 = 5;

/// An offer with 120 payload types, half of them RTX, and fmtp lines of semicolons up to `bytes`.
fn costly_offer(bytes: usize) -> String {
    let pts: Vec<String> = (0..120).map(|pt| pt.to_string()).collect();
    let mut sdp = format!(
        "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-ufrag:abcd\r\n\
         a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AA\r\n\
         m=video 9 UDP/TLS/RTP/SAVPF {}\r\na=mid:0\r\n",
        pts.join(" ")
    );
    for pt in 0..120 {
        let name = if pt % 2 == 0 { "VP8" } else { "rtx" };
        sdp += &format!("a=rtpmap:{pt} {name}/90000\r\n");
    }
    let mut pt = 0;
    while sdp.len() < bytes {
        sdp += &format!("a=fmtp:{pt} {}\r\n", ";".repeat(1000));
        pt = (pt + 1) % 120;
    }
    sdp
}

fn offer(id: u32, sdp: String) -> Asking {
    Asking::Offer(proto::SessionDescription {
        r#type: "offer".to_owned(),
        id,
        sdp,
        ..Default::default()
    })
}

/// Sends for as long as an attack takes, at most at the rate that is allowed, rejoining whenever it is thrown out.
async fn flood(server: &Binary, asking: impl Fn(u32) -> Asking) -> u32 {
    let mut socket = Socket::join(server, "attacker").await;
    let mut pace = interval(std::time::Duration::from_millis(1000 / FRAMES_PER_SECOND));
    let (end, mut sent) = (Instant::now() + ATTACK, 0);
    while Instant::now() < end {
        pace.tick().await;
        sent += 1;
        if socket.send(asking(sent)).await.is_err() {
            socket = Socket::join(server, "attacker").await;
        }
    }
    sent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn costly_offers_stop_neither_a_call_nor_joins() {
    let victims = Victims::start(&[]).await;
    let sdp = costly_offer(FRAME_BYTES);
    let sent = flood(&victims.server, |id| offer(id, sdp.clone())).await;
    assert!(sent > 10);
    let start = Instant::now();
    let _late = Socket::join(&victims.server, "late").await;
    assert!(start.elapsed() < std::time::Duration::from_secs(2), "{:?}", start.elapsed());
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn descriptions_of_every_wrong_shape_end_their_sender_only() {
    let victims = Victims::start(&[]).await;
    let sections = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n".repeat(10_000);
    for sdp in [
        String::new(),
        "v=0\r\nnonsense".to_owned(),
        format!("v=0\r\n{sections}"),
        format!("v=0\r\na={}\r\n", "x".repeat(1 << 20)),
        costly_offer(600_000),
    ] {
        let mut socket = Socket::join(&victims.server, "attacker").await;
        socket.send(offer(1, sdp)).await.unwrap();
        let mut reason = None;
        while let Some(response) = socket.next().await {
            if let Response::Leave(leave) = response {
                reason = Some(leave.reason());
            }
        }
        assert_eq!(reason, Some(proto::DisconnectReason::MediaFailure));
    }
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn lists_of_permissions_cost_their_sender() {
    let victims = Victims::start(&[]).await;
    let entry = |number: u32| proto::TrackPermission {
        participant_identity: format!("somebody-{number}"),
        track_sids: (0..20).map(|track| format!("TR_{number}_{track}")).collect(),
        ..Default::default()
    };
    let list = proto::SubscriptionPermission {
        track_permissions: (0..500).map(entry).collect(),
        ..Default::default()
    };
    let mut socket = Socket::join(&victims.server, "attacker").await;
    let mut sent = 0;
    while sent < 2000 && socket.send(Asking::SubscriptionPermission(list.clone())).await.is_ok() {
        sent += 1;
    }
    socket.until_closed().await;
    let closed = "bedside_signaling_closed_sockets_total{reason=\"work\"}";
    victims.server.metric_becomes(closed, 1).await;
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_updates_is_refused_politely_and_its_memory_given_back() {
    let victims = Victims::start(&[]).await;
    let update = |request_id| {
        Asking::UpdateMetadata(proto::UpdateParticipantMetadata {
            request_id,
            metadata: "x".repeat(FRAME_BYTES),
            ..Default::default()
        })
    };
    // The minted tokens of this suite may not update metadata: what is measured is what is done before that is known.
    flood(&victims.server, update).await;
    // The allocator keeps what one attack took, and the next one uses it.
    let memory = resident(victims.server.pid());
    flood(&victims.server, update).await;
    victims.assert_undisturbed().await;
    let grown = resident(victims.server.pid()).saturating_sub(memory);
    assert!(grown < memory / 10, "{grown} bytes more than {memory}");
    victims.hang_up().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn floods_of_pings_and_of_fragments_end_their_sender() {
    let victims = Victims::start(&[]).await;
    let mut socket = Socket::join(&victims.server, "attacker").await;
    let flood = async {
        loop {
            if socket.0.feed(Frame::Ping(Vec::new().into())).await.is_err() {
                return;
            }
        }
    };
    timeout(ATTACK, flood).await.ok();
    let mut large = Socket::join(&victims.server, "attacker").await;
    large.0.send(Frame::Binary(vec![0; 3 * 1024 * 1024].into())).await.ok();
    large.until_closed().await;
    let server = &victims.server;
    server.metric_becomes("bedside_signaling_closed_sockets_total{reason=\"rate\"}", 1).await;
    server.metric_becomes("bedside_signaling_closed_sockets_total{reason=\"oversize\"}", 1).await;
    victims.assert_undisturbed().await;
    victims.hang_up().await;
}
