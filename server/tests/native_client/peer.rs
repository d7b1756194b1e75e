//! One peer connection of the native client: how it is set up, and what it tells.

use std::{future::Future, pin::Pin, sync::Arc};

use livekit_protocol as proto;
use prost::Message as _;
use rtc::{
    interceptor::{Registry, Slot},
    media_stream::MediaStreamTrack,
    peer_connection::{
        configuration::{
            RTCConfigurationBuilder, RTCIceTransportPolicy,
            interceptor_registry::register_default_interceptors,
            media_engine::{MIME_TYPE_OPUS, MIME_TYPE_RTX, MIME_TYPE_VP8, MediaEngine},
            setting_engine::SettingEngineBuilder,
        },
        transport::{RTCDtlsRole, RTCIceServer},
    },
    rtp_transceiver::rtp_sender::{
        RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
        RTCRtpRtxParameters, RtpCodecKind,
    },
};
use tokio::sync::watch;
use webrtc::{
    data_channel::{DataChannel, DataChannelEvent},
    media_stream::{
        track_local::static_rtp::TrackLocalStaticRTP,
        track_remote::{TrackRemote, TrackRemoteEvent},
    },
    peer_connection::{
        PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCPeerConnectionState,
    },
};

use super::{
    line::{Line, SharedLog},
    media::{Kind, OFFERED_VP8_PT, OFFERED_VP8_RTX_PT, OPUS_PT, VP8_PT, VP8_RTX_PT, Writer},
    state::{Packet, Role, State},
};

/// Opens a peer connection whose events go into the state and whose packets pass the log. With a relay it uses no other way.
pub(crate) async fn open(
    role: Role,
    state: &Arc<watch::Sender<State>>,
    log: &SharedLog,
    relay: Option<&RTCIceServer>,
) -> Arc<dyn PeerConnection> {
    let mut configuration = RTCConfigurationBuilder::new();
    if let Some(relay) = relay {
        configuration = configuration
            .with_ice_servers(vec![relay.clone()])
            .with_ice_transport_policy(RTCIceTransportPolicy::Relay);
    }
    let mut media = media_engine(role);
    let interceptors = register_default_interceptors(Registry::new(), &mut media)
        .unwrap()
        .with(Slot::from(500), Line::new(log.clone()));
    let settings = SettingEngineBuilder::new()
        // Left to itself this stack would be the DTLS server of a lite agent, as Pion is, but then wait for the other
        // side to begin the SCTP association too, which Pion and browsers begin themselves.
        .with_answering_dtls_role(RTCDtlsRole::Client)
        .with_include_loopback_candidate(true)
        .build();
    let connection = PeerConnectionBuilder::new()
        .with_configuration(configuration.build())
        .with_media_engine(media)
        .with_interceptor_registry(interceptors)
        .with_setting_engine(settings)
        .with_handler(Arc::new(Handler { role, state: state.clone() }))
        .with_udp_addrs(vec!["127.0.0.1:0"])
        .build()
        .await
        .unwrap();
    Arc::new(connection)
}

fn media_engine(role: Role) -> MediaEngine {
    let (opus, vp8, rtx) = match role {
        Role::Publisher => (OPUS_PT, VP8_PT, VP8_RTX_PT),
        Role::Subscriber => (111, OFFERED_VP8_PT, OFFERED_VP8_RTX_PT),
    };
    let mut engine = MediaEngine::default();
    let rtx_codec = RTCRtpCodec {
        mime_type: MIME_TYPE_RTX.to_owned(),
        clock_rate: 90_000,
        sdp_fmtp_line: format!("apt={vp8}"),
        ..Default::default()
    };
    for (rtp_codec, payload_type, kind) in [
        (codec(Kind::Opus), opus, RtpCodecKind::Audio),
        (codec(Kind::Vp8), vp8, RtpCodecKind::Video),
        (rtx_codec, rtx, RtpCodecKind::Video),
    ] {
        engine.register_codec(RTCRtpCodecParameters { rtp_codec, payload_type }, kind).unwrap();
    }
    engine
}

fn codec(kind: Kind) -> RTCRtpCodec {
    let (mime_type, clock_rate, channels, fmtp) = match kind {
        Kind::Opus => (MIME_TYPE_OPUS, 48_000, 2, "minptime=10;useinbandfec=1"),
        Kind::Vp8 => (MIME_TYPE_VP8, 90_000, 0, ""),
    };
    RTCRtpCodec {
        mime_type: mime_type.to_owned(),
        clock_rate,
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

/// A local track under a client id.
pub(crate) fn local_track(writer: Writer, cid: &str) -> Arc<TrackLocalStaticRTP> {
    let (kind, rtx) = match writer.kind {
        Kind::Opus => (RtpCodecKind::Audio, None),
        Kind::Vp8 => (RtpCodecKind::Video, Some(RTCRtpRtxParameters { ssrc: rtx_ssrc(writer) })),
    };
    let rtp_coding_parameters =
        RTCRtpCodingParameters { ssrc: Some(writer.ssrc), rtx, ..Default::default() };
    let encoding = RTCRtpEncodingParameters {
        rtp_coding_parameters,
        codec: codec(writer.kind),
        active: true,
        ..Default::default()
    };
    let (stream, label) = ("stream".to_owned(), cid.to_owned());
    let track = MediaStreamTrack::new(stream, cid.to_owned(), label, kind, vec![encoding]);
    Arc::new(TrackLocalStaticRTP::new(track))
}

/// The SSRC that a writer's packets are sent again under.
pub(crate) fn rtx_ssrc(writer: Writer) -> u32 {
    writer.ssrc + 1
}

/// Notes what happens on a data channel until it closes.
pub(crate) fn follow_channel(
    role: Role,
    channel: Arc<dyn DataChannel>,
    state: Arc<watch::Sender<State>>,
) {
    tokio::spawn(async move {
        let Ok(label) = channel.label().await else { return };
        while let Some(event) = channel.poll().await {
            match event {
                DataChannelEvent::OnOpen => {
                    state.send_modify(|state| {
                        state.channels.insert((role, label.clone()));
                    });
                }
                DataChannelEvent::OnMessage(message) => {
                    let packet = proto::DataPacket::decode(message.data.freeze()).unwrap();
                    state.send_modify(|state| state.messages.push((label.clone(), packet)));
                }
                _ => {}
            }
        }
    });
}

fn follow_track(track: Arc<dyn TrackRemote>, state: Arc<watch::Sender<State>>) {
    tokio::spawn(async move {
        let sid = track.track_id().await;
        while let Some(event) = track.poll().await {
            if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                let packet = Packet {
                    seq: packet.header.sequence_number,
                    timestamp: packet.header.timestamp,
                    marker: packet.header.marker,
                    payload: packet.payload,
                };
                state.send_modify(|state| {
                    state.packets.entry(sid.clone()).or_default().push(packet);
                });
            }
        }
    });
}

struct Handler {
    role: Role,
    state: Arc<watch::Sender<State>>,
}

/// What an event handler returns: the trait is written with boxed futures. Nothing here waits,
/// since the connection's driver would wait with it.
type Done<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl PeerConnectionEventHandler for Handler {
    fn on_connection_state_change<'a, 'f>(&'a self, new: RTCPeerConnectionState) -> Done<'f>
    where
        'a: 'f,
        Self: 'f,
    {
        self.state.send_modify(|state| {
            state.connections.insert(self.role, new);
        });
        Box::pin(async {})
    }

    fn on_data_channel<'a, 'f>(&'a self, channel: Arc<dyn DataChannel>) -> Done<'f>
    where
        'a: 'f,
        Self: 'f,
    {
        follow_channel(self.role, channel, self.state.clone());
        Box::pin(async {})
    }

    fn on_track<'a, 'f>(&'a self, track: Arc<dyn TrackRemote>) -> Done<'f>
    where
        'a: 'f,
        Self: 'f,
    {
        follow_track(track, self.state.clone());
        Box::pin(async {})
    }
}
