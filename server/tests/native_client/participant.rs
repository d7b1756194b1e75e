//! A participant: its signal socket, its two peer connections, its tracks and channels.

use std::{net::SocketAddr, sync::Arc};

use futures_util::{
    SinkExt as _, StreamExt as _,
    stream::{SplitSink, SplitStream},
};
use livekit_protocol as proto;
use livekit_protocol::{signal_request::Message as Asking, signal_response::Message as Response};
use prost::Message as _;
use rtc::peer_connection::transport::RTCIceServer;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use tokio::{
    net::TcpStream,
    sync::{Mutex, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async, tungstenite::Message as Frame,
};
use webrtc::{
    data_channel::{DataChannel, RTCDataChannelInit},
    peer_connection::{PeerConnection, RTCSessionDescription},
};

use super::{
    PATIENCE,
    binary::Binary,
    line::{Log, SharedLog},
    media::{Kind, Writer},
    peer,
    state::{Role, State},
};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Client ids of the two tracks.
const MICROPHONE: &str = "microphone";
const CAMERA: &str = "camera";

pub(crate) const RELIABLE: &str = "_reliable";
pub(crate) const LOSSY: &str = "_lossy";

/// A participant that publishes one Opus and one VP8 track.
pub(crate) struct Participant {
    pub(crate) audio: Writer,
    pub(crate) video: Writer,
    /// What passes its publisher and its subscriber connection.
    pub(crate) published: SharedLog,
    pub(crate) subscribed: SharedLog,
    server: SocketAddr,
    token: String,
    core: Arc<Core>,
    listener: Option<JoinHandle<()>>,
    writers: Vec<JoinHandle<()>>,
    channels: Vec<(&'static str, Arc<dyn DataChannel>)>,
    offers: u32,
}

/// What the listener to the socket needs.
struct Core {
    state: Arc<watch::Sender<State>>,
    publisher: Arc<dyn PeerConnection>,
    subscriber: Arc<dyn PeerConnection>,
    sink: Mutex<Option<SplitSink<Socket, Frame>>>,
}

impl Participant {
    /// Joins and waits until the subscriber connection with its channels stands.
    pub(crate) async fn join(server: &Binary, identity: &str, seed: u8) -> Self {
        Self::join_as(server, Binary::token(identity), seed).await
    }

    /// Joins with a token that somebody else has made.
    pub(crate) async fn join_as(server: &Binary, token: String, seed: u8) -> Self {
        Self::join_by(server, token, seed, None).await
    }

    /// Joins, with all media through a TURN server.
    pub(crate) async fn join_through(
        relay: &RTCIceServer,
        server: &Binary,
        identity: &str,
        seed: u8,
    ) -> Self {
        Self::join_by(server, Binary::token(identity), seed, Some(relay)).await
    }

    async fn join_by(
        server: &Binary,
        token: String,
        seed: u8,
        relay: Option<&RTCIceServer>,
    ) -> Self {
        let state = Arc::new(watch::Sender::new(State::default()));
        let (published, subscribed): (SharedLog, SharedLog) = Default::default();
        let core = Arc::new(Core {
            publisher: peer::open(Role::Publisher, &state, &published, relay).await,
            subscriber: peer::open(Role::Subscriber, &state, &subscribed, relay).await,
            sink: Mutex::new(None),
            state,
        });
        let ssrc = 0x1000_0000 * (u32::from(seed) + 1);
        let mut participant = Self {
            audio: Writer { kind: Kind::Opus, seed, ssrc },
            video: Writer { kind: Kind::Vp8, seed, ssrc: ssrc + 0x100 },
            published,
            subscribed,
            server: server.http(),
            token,
            core,
            listener: None,
            writers: Vec::new(),
            channels: Vec::new(),
            offers: 0,
        };
        match participant.open_socket("").await {
            Response::Join(join) => participant.core.state.send_modify(|state| {
                assert!(join.subscriber_primary);
                state.own = join.participant.unwrap();
                state.on_participants(join.other_participants);
            }),
            other => panic!("{other:?} instead of the join"),
        }
        participant
            .until("the subscriber connection", |state| {
                state.is_connected(Role::Subscriber)
                    && has_channels(state, Role::Subscriber, &[RELIABLE, LOSSY])
            })
            .await;
        participant
    }

    /// Opens a signal socket, returns its first message, and listens to the rest.
    async fn open_socket(&mut self, query: &str) -> Response {
        let (server, token) = (self.server, &self.token);
        let url = format!(
            "ws://{server}/rtc?access_token={token}&auto_subscribe=1&sdk=rust&protocol=17{query}"
        );
        let (socket, _) = timeout(PATIENCE, connect_async(url)).await.unwrap().unwrap();
        let (sink, mut stream) = socket.split();
        let first = timeout(PATIENCE, next(&mut stream)).await.unwrap().expect("a first message");
        *self.core.sink.lock().await = Some(sink);
        self.core.state.send_modify(|state| state.is_socket_open = true);
        self.listener = Some(tokio::spawn(listen(self.core.clone(), stream)));
        first
    }

    /// Loses the socket as a network does: nothing is said.
    pub(crate) async fn lose_socket(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.abort();
            let _ = listener.await;
        }
        *self.core.sink.lock().await = None;
        self.core.state.send_modify(|state| state.is_socket_open = false);
    }

    /// Continues on a new socket, as LiveKit's clients do: says what it has, restarts ICE.
    pub(crate) async fn resume(&mut self) {
        let (sid, subscribed, published) = self.read(|state| {
            let tracks = state.published.iter().map(|(cid, track)| proto::TrackPublishedResponse {
                cid: cid.clone(),
                track: Some(track.clone()),
            });
            (state.own.sid.clone(), state.answers_sent.len(), tracks.collect())
        });
        let first = self.open_socket(&format!("&reconnect=1&sid={sid}")).await;
        assert!(matches!(first, Response::Reconnect(_)), "{first:?}");
        let answer = self.core.subscriber.local_description().await.unwrap();
        let sync = proto::SyncState {
            answer: Some(description("answer", 0, answer.sdp)),
            subscription: Some(proto::UpdateSubscription::default()),
            publish_tracks: published,
            ..Default::default()
        };
        self.core.send(Asking::SyncState(sync)).await;
        self.core.publisher.restart_ice().await.unwrap();
        self.offer().await;
        self.until("an answer to the server's new offer", |state| {
            state.answers_sent.len() > subscribed
        })
        .await;
    }

    /// Publishes both tracks and both channels, and begins to write media.
    pub(crate) async fn publish(&mut self) {
        for (label, ordered, max_retransmits) in [(RELIABLE, true, None), (LOSSY, false, Some(0))] {
            let options = RTCDataChannelInit { ordered, max_retransmits, ..Default::default() };
            let channel =
                self.core.publisher.create_data_channel(label, Some(options)).await.unwrap();
            peer::follow_channel(Role::Publisher, channel.clone(), self.core.state.clone());
            self.channels.push((label, channel));
        }
        let mut tracks = Vec::new();
        for (writer, cid) in [(self.audio, MICROPHONE), (self.video, CAMERA)] {
            let track = peer::local_track(writer, cid);
            self.core.publisher.add_track(track.clone()).await.unwrap();
            tracks.push((writer, track));
            self.core.send(Asking::AddTrack(add_track(writer.kind, cid))).await;
        }
        self.until("both tracks acknowledged", |state| state.published.len() == 2).await;
        self.offer().await;
        self.until("the publisher connection", |state| {
            state.is_connected(Role::Publisher)
                && has_channels(state, Role::Publisher, &[RELIABLE, LOSSY])
        })
        .await;
        for (writer, track) in tracks {
            self.writers.push(tokio::spawn(writer.write(track, self.published.clone())));
        }
    }

    /// Offers on the publisher connection and waits until the answer is in use.
    async fn offer(&mut self) {
        self.offers += 1;
        let id = self.offers;
        let offer = self.core.publisher.create_offer(None).await.unwrap();
        self.core.publisher.set_local_description(offer.clone()).await.unwrap();
        self.core.send(Asking::Offer(description("offer", id, offer.sdp))).await;
        self.until("the answer", |state| state.answered_offer == id).await;
    }

    pub(crate) async fn send_data(&self, label: &str, packet: &proto::DataPacket) {
        let (_, channel) = self.channels.iter().find(|(known, _)| *known == label).unwrap();
        channel.send(packet.encode_to_vec().as_slice().into()).await.unwrap();
    }

    /// Asks for a key frame on every picture it receives.
    pub(crate) async fn ask_for_key_frame(&self) {
        for receiver in self.core.subscriber.get_receivers().await {
            let track = receiver.track().clone();
            for media_ssrc in track.ssrcs().await {
                let request = PictureLossIndication { sender_ssrc: 1, media_ssrc };
                track.write_rtcp(vec![Box::new(request)]).await.unwrap();
            }
        }
    }

    /// Reads what this participant knows now.
    pub(crate) fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.core.state.borrow())
    }

    /// Waits until a condition holds.
    pub(crate) async fn until(&self, what: &str, mut condition: impl FnMut(&State) -> bool) {
        let mut changes = self.core.state.subscribe();
        let waiting = timeout(PATIENCE, changes.wait_for(|state| condition(state)));
        let is_in_time = waiting.await.is_ok();
        assert!(is_in_time, "{what}: not in time; {}", self.read(State::summary));
    }

    /// Waits until a condition holds for what passed one of its connections.
    pub(crate) async fn until_line(
        what: &str,
        line: &SharedLog,
        mut condition: impl FnMut(&Log) -> bool,
    ) {
        let mut changes = line.subscribe();
        let waiting = timeout(PATIENCE, changes.wait_for(|log| condition(log)));
        let is_in_time = waiting.await.is_ok();
        assert!(is_in_time, "{what}: not in time; {:?}", line.borrow());
    }

    /// Sid of one of this participant's tracks.
    pub(crate) fn track(&self, kind: Kind) -> String {
        let cid = if kind == Kind::Opus { MICROPHONE } else { CAMERA };
        self.read(|state| state.published[cid].sid.clone())
    }

    /// Leaves and closes everything.
    pub(crate) async fn leave(mut self) {
        for writer in self.writers.drain(..) {
            writer.abort();
        }
        self.core.send(Asking::Leave(proto::LeaveRequest::default())).await;
        self.core.publisher.close().await.unwrap();
        self.core.subscriber.close().await.unwrap();
        self.lose_socket().await;
    }
}

impl Core {
    async fn send(&self, message: Asking) {
        let request = proto::SignalRequest { message: Some(message) };
        let frame = Frame::Binary(request.encode_to_vec().into());
        self.sink.lock().await.as_mut().expect("a socket").send(frame).await.unwrap();
    }

    async fn on_response(&self, response: Response) {
        match response {
            Response::Offer(offer) => self.answer(offer).await,
            Response::Answer(answer) => {
                let description = RTCSessionDescription::answer(answer.sdp).unwrap();
                self.publisher.set_remote_description(description).await.unwrap();
                self.state.send_modify(|state| state.answered_offer = answer.id);
            }
            Response::Update(update) => {
                self.state.send_modify(|state| state.on_participants(update.participants));
            }
            Response::TrackPublished(published) => self.state.send_modify(|state| {
                state.published.insert(published.cid, published.track.unwrap());
            }),
            // Clients on LiveKit's Rust core abort on the empty candidate that says "no more".
            Response::Trickle(trickle) => panic!("{trickle:?}: all candidates are in the SDP"),
            Response::Leave(leave) => self.state.send_modify(|state| state.leave = Some(leave)),
            _ => {}
        }
    }

    async fn answer(&self, offer: proto::SessionDescription) {
        let id = offer.id;
        let remote = RTCSessionDescription::offer(offer.sdp).unwrap();
        self.subscriber.set_remote_description(remote).await.unwrap();
        let answer = self.subscriber.create_answer(None).await.unwrap();
        self.subscriber.set_local_description(answer.clone()).await.unwrap();
        self.send(Asking::Answer(description("answer", id, answer.sdp))).await;
        self.state.send_modify(|state| {
            state.answers_sent.insert(id);
        });
    }
}

async fn listen(core: Arc<Core>, mut stream: SplitStream<Socket>) {
    while let Some(response) = next(&mut stream).await {
        core.on_response(response).await;
    }
    core.state.send_modify(|state| state.is_socket_open = false);
}

/// The next message; `None` when the socket has ended.
async fn next(stream: &mut SplitStream<Socket>) -> Option<Response> {
    loop {
        match stream.next().await?.ok()? {
            Frame::Binary(bytes) => {
                return Some(proto::SignalResponse::decode(bytes).unwrap().message.unwrap());
            }
            Frame::Close(_) => return None,
            _ => {}
        }
    }
}

fn description(kind: &str, id: u32, sdp: String) -> proto::SessionDescription {
    proto::SessionDescription { r#type: kind.to_owned(), sdp, id, ..Default::default() }
}

fn add_track(kind: Kind, cid: &str) -> proto::AddTrackRequest {
    let (track_type, source) = match kind {
        Kind::Opus => (proto::TrackType::Audio, proto::TrackSource::Microphone),
        Kind::Vp8 => (proto::TrackType::Video, proto::TrackSource::Camera),
    };
    proto::AddTrackRequest {
        cid: cid.to_owned(),
        name: cid.to_owned(),
        r#type: track_type as i32,
        source: source as i32,
        width: 64,
        height: 48,
        ..Default::default()
    }
}

fn has_channels(state: &State, role: Role, labels: &[&str]) -> bool {
    labels.iter().all(|label| state.channels.contains(&(role, (*label).to_owned())))
}
