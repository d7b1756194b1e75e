//! What two native participants experience.

use std::time::Duration;

use livekit_protocol as proto;

use super::{
    PATIENCE,
    binary::Binary,
    media::{Kind, OFFERED_VP8_PT, OFFERED_VP8_RTX_PT, Writer},
    participant::{LOSSY, Participant, RELIABLE},
    peer::rtx_ssrc,
    state::State,
};

/// Packets of a track that are compared: past the wrap of the sequence numbers.
const COMPARED: usize = 150;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn media_arrives_unchanged_and_in_order_in_both_directions() {
    let server = Binary::start();
    let (doctor, patient) = two_in_a_call(&server).await;
    for (from, to) in [(&doctor, &patient), (&patient, &doctor)] {
        for writer in [from.audio, from.video] {
            let track = from.track(writer.kind);
            to.until("enough packets", |state| state.received(&track).len() >= COMPARED).await;
            to.read(|state| writer.check_stream(state.received(&track)));
        }
        // Each has the other's two tracks and nothing else.
        to.read(|state| assert_eq!(state.packets.len(), 2, "{}", state.summary()));
        let info = to.read(|state| state.others[&from.read(own_sid)].clone());
        let mimes = info.tracks.iter().map(|track| track.mime_type.to_lowercase());
        assert_eq!(mimes.collect::<Vec<_>>(), ["audio/opus", "video/vp8"]);
    }
    doctor.leave().await;
    patient.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_for_a_key_frame_reaches_the_publisher_and_is_answered() {
    let server = Binary::start();
    let (doctor, patient) = two_in_a_call(&server).await;
    let track = doctor.track(Kind::Vp8);
    patient.until("a picture", |state| state.received(&track).len() > 20).await;

    let asked = requests(&doctor);
    let shown = patient.read(|state| key_frames(doctor.video, state, &track));
    patient.ask_for_key_frame().await;
    Participant::until_line("the request", &doctor.published, |log| {
        log.key_frame_requests.get(&doctor.video.ssrc).is_some_and(|count| *count > asked)
    })
    .await;
    patient.until("a key frame", |state| key_frames(doctor.video, state, &track) > shown).await;
    doctor.leave().await;
    patient.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_lost_on_either_leg_is_sent_again() {
    let server = Binary::start();
    let (doctor, patient) = two_in_a_call(&server).await;
    let track = doctor.track(Kind::Vp8);
    patient.until("a picture", |state| state.received(&track).len() > 20).await;

    // On the way to the server: the server asks, the publisher sends again.
    doctor.published.send_modify(|log| log.lose_outgoing = Some(doctor.video.ssrc));
    Participant::until_line("a loss", &doctor.published, |log| !log.lost.is_empty()).await;
    let lost = doctor.published.borrow().lost[0].clone();
    patient
        .until("what was lost before the server", |state| is_received(state, &track, &lost))
        .await;
    let resent = doctor.published.borrow().outgoing.get(&rtx_ssrc(doctor.video)).copied();
    assert!(resent.is_some_and(|count| count > 0), "{resent:?}");

    // On the way from the server: the subscriber asks, the server sends again.
    patient.subscribed.send_modify(|log| log.lose_incoming = Some(OFFERED_VP8_PT));
    Participant::until_line("a loss", &patient.subscribed, |log| !log.lost.is_empty()).await;
    let lost = patient.subscribed.borrow().lost[0].clone();
    patient
        .until("what was lost after the server", |state| is_received(state, &track, &lost))
        .await;
    let resent = patient.subscribed.borrow().incoming.get(&OFFERED_VP8_RTX_PT).copied();
    assert!(resent.is_some_and(|count| count > 0), "{resent:?}");

    patient.read(|state| doctor.video.check_places(state.received(&track)));
    doctor.leave().await;
    patient.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn data_arrives_on_both_channels_with_its_true_sender() {
    let server = Binary::start();
    let (doctor, patient) = two_in_a_call(&server).await;
    let patient_sid = patient.read(own_sid);
    for (label, kind) in
        [(RELIABLE, proto::data_packet::Kind::Reliable), (LOSSY, proto::data_packet::Kind::Lossy)]
    {
        let packet = forged_message(label);
        let arrived = deliver(&patient, &doctor, label, &packet).await;
        assert_eq!(kind_of(&arrived), kind as i32);
        assert_eq!(arrived.participant_identity, "patient");
        assert_eq!(arrived.participant_sid, patient_sid);
        let Some(proto::data_packet::Value::User(user)) = arrived.value else {
            panic!("{arrived:?}");
        };
        assert_eq!(user.payload, label.as_bytes());
        assert_eq!(user.topic.as_deref(), Some("chat"));
    }
    patient.read(|state| assert!(state.messages.is_empty(), "its own came back"));

    // A hundred in a row come in order, once each.
    let numbered = |number: u8| proto::DataPacket {
        sequence: u32::from(number) + 1,
        value: Some(user_packet(vec![number])),
        ..Default::default()
    };
    for number in 0..100 {
        doctor.send_data(RELIABLE, &numbered(number)).await;
    }
    patient.until("a hundred messages", |state| state.messages.len() >= 100).await;
    patient.read(|state| {
        let numbers: Vec<u32> = state.messages.iter().map(|(_, packet)| packet.sequence).collect();
        assert_eq!(numbers, (1..=100).collect::<Vec<_>>());
    });
    doctor.leave().await;
    patient.leave().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_socket_is_resumed_and_nobody_has_left() {
    let server = Binary::start();
    let (doctor, mut patient) = two_in_a_call(&server).await;
    let sid = patient.read(own_sid);
    let more = async |from: &Participant, to: &Participant| {
        for kind in [Kind::Opus, Kind::Vp8] {
            let track = from.track(kind);
            let so_far = to.read(|state| state.received(&track).len());
            to.until("more packets", |state| state.received(&track).len() > so_far + 50).await;
        }
    };

    patient.lose_socket().await;
    server.metric_becomes("bedside_signaling_sockets", 1).await;
    more(&patient, &doctor).await;
    more(&doctor, &patient).await;

    // Without the socket nothing was missed.
    for (from, to) in [(&doctor, &patient), (&patient, &doctor)] {
        for writer in [from.audio, from.video] {
            to.read(|state| writer.check_stream(state.received(&from.track(writer.kind))));
        }
    }

    patient.resume().await;
    server.metric_becomes("bedside_signaling_resumes_total", 1).await;
    more(&patient, &doctor).await;
    more(&doctor, &patient).await;
    doctor.read(|state| {
        assert!(state.departed.is_empty() && state.leave.is_none(), "{}", state.summary());
        assert_eq!(state.others.keys().collect::<Vec<_>>(), [&sid]);
    });
    patient.read(|state| {
        assert!(state.departed.is_empty() && state.leave.is_none(), "{}", state.summary());
        assert!(state.is_socket_open);
    });
    // While it restarts ICE, this client neither sends nor takes media (a browser goes on): there
    // is a gap, and what is after it continues the same streams.
    for (from, to) in [(&doctor, &patient), (&patient, &doctor)] {
        for writer in [from.audio, from.video] {
            to.read(|state| writer.check_places(state.received(&from.track(writer.kind))));
        }
    }

    // The new socket serves: a leave over it is understood.
    patient.leave().await;
    doctor.until("the departure", |state| state.departed.contains(&sid)).await;
    doctor.leave().await;
}

/// Two participants who publish and receive each other's tracks.
pub(crate) async fn two_in_a_call(server: &Binary) -> (Participant, Participant) {
    let mut doctor = Participant::join(server, "doctor", 0).await;
    doctor.publish().await;
    // The doctor's picture is under way: the patient sees it once the server asked for a key frame.
    let mut patient = Participant::join(server, "patient", 1).await;
    patient.publish().await;
    for (from, to) in [(&doctor, &patient), (&patient, &doctor)] {
        for kind in [Kind::Opus, Kind::Vp8] {
            let track = from.track(kind);
            to.until("a first packet", |state| !state.received(&track).is_empty()).await;
        }
    }
    (doctor, patient)
}

pub(crate) fn own_sid(state: &State) -> String {
    state.own.sid.clone()
}

fn requests(publisher: &Participant) -> u32 {
    let log = publisher.published.borrow();
    log.key_frame_requests.get(&publisher.video.ssrc).copied().unwrap_or_default()
}

fn key_frames(writer: Writer, state: &State, track: &str) -> usize {
    let packets = state.received(track).iter();
    packets.filter(|packet| writer.read(&packet.payload).is_key_frame).count()
}

fn is_received(state: &State, track: &str, payload: &[u8]) -> bool {
    state.received(track).iter().any(|packet| packet.payload == payload)
}

/// Sends until it arrives: what is sent on the lossy channel before it stands is lost.
async fn deliver(
    from: &Participant,
    to: &Participant,
    label: &str,
    packet: &proto::DataPacket,
) -> proto::DataPacket {
    let arrived = |state: &State| {
        state.messages.iter().find(|(on, _)| on == label).map(|(_, packet)| packet.clone())
    };
    let sending = async {
        let mut pace = tokio::time::interval(Duration::from_millis(100));
        from.send_data(label, packet).await;
        loop {
            pace.tick().await;
            if let Some(arrived) = to.read(arrived) {
                return arrived;
            }
            if label == LOSSY {
                from.send_data(label, packet).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, sending).await.expect("the message in time")
}

/// Says that it is from the doctor wherever a message can say so.
fn forged_message(text: &str) -> proto::DataPacket {
    #[expect(deprecated, reason = "old clients read these fields")]
    let user = proto::UserPacket {
        participant_sid: "PA_doctor".to_owned(),
        participant_identity: "doctor".to_owned(),
        payload: text.as_bytes().to_vec(),
        topic: Some("chat".to_owned()),
        ..Default::default()
    };
    proto::DataPacket {
        participant_identity: "doctor".to_owned(),
        participant_sid: "PA_doctor".to_owned(),
        value: Some(proto::data_packet::Value::User(user)),
        ..Default::default()
    }
}

#[expect(deprecated, reason = "old clients read it")]
fn kind_of(packet: &proto::DataPacket) -> i32 {
    packet.kind
}

fn user_packet(payload: Vec<u8>) -> proto::data_packet::Value {
    proto::data_packet::Value::User(proto::UserPacket { payload, ..Default::default() })
}
