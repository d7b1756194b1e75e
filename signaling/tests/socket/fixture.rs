//! A listener, a scripted media plane and a client.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use livekit_protocol::signal_request::Message as Asking;
use livekit_protocol::signal_response::Message as Response;
use livekit_protocol::{SignalRequest, SignalResponse};
use prost::Message as _;
use protocol::ids::{Identity, ParticipantSid, RoomName, RoomSid, SessionId};
use protocol::permission::Permission;
use protocol::token::{ApiKeys, Claims, SecretPolicy, mint};
use sfu::handle::{EventSink, SendError, ShardId};
use sfu::words::administration::OpenRoom;
use sfu::words::{
    command::{Command, Join},
    event::{Event, JoinRefusal, Joined, Message, Resumed},
    info::{ParticipantInfo, ParticipantKind, ParticipantState, RoomInfo},
};
use signaling::clock::{Clock as _, SystemClock};
use signaling::media_link::MediaLink;
use signaling::{Config, EventRouter, Signaling};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request};
use tokio_tungstenite::tungstenite::{Error, Message as WsMessage, protocol::CloseFrame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// How the media plane answers joins.
#[derive(Clone, Copy)]
pub(crate) enum Script {
    Accept,
    Refuse(JoinRefusal),
    Silence,
    Fail(SendError),
}

/// A media plane that answers joins by its script and notes every command.
pub(crate) struct ScriptedMedia {
    script: Mutex<Script>,
    sink: EventSink,
    commands: mpsc::UnboundedSender<Command>,
}

impl MediaLink for ScriptedMedia {
    fn join(&self, join: Join) -> Result<ShardId, SendError> {
        self.send(ShardId(0), Command::Join(Box::new(join))).map(|()| ShardId(0))
    }

    fn open_room(&self, _session: SessionId, _opening: OpenRoom) -> Result<ShardId, SendError> {
        Err(SendError::Stopped)
    }

    fn home_of(&self, _room: &RoomName) -> Option<ShardId> {
        None
    }

    fn recordings(&self) -> Vec<sfu::words::recording::RecordingInfo> {
        Vec::new()
    }

    fn shards(&self) -> u16 {
        1
    }

    fn send(&self, _shard: ShardId, command: Command) -> Result<(), SendError> {
        let script = *self.script.lock().unwrap();
        if let Script::Fail(error) = script {
            return Err(error);
        }
        let answer = match (&command, script) {
            (Command::Join(join), Script::Accept) if join.only_asks => {
                Some((join.session, Message::Admissible))
            }
            (Command::Join(join), Script::Accept) => Some((join.session, accept(join))),
            (Command::Join(join), Script::Refuse(why)) => {
                Some((join.session, Message::Refused(why)))
            }
            _ => None,
        };
        // Noted first: a test that waits for the command may then rely on the answer being on its
        // way.
        let _ = self.commands.send(command);
        if let Some((session, message)) = answer {
            (self.sink)(Event { session, message });
        }
        Ok(())
    }
}

fn accept(join: &Join) -> Message {
    let participant = participant(join);
    match &join.resume {
        None => Message::Joined(Box::new(Joined {
            shard: ShardId(0),
            room: room(join.room.clone()),
            participant,
            others: Vec::new(),
            subscriber_primary: true,
        })),
        Some(resume) => Message::Resumed(Box::new(Resumed {
            shard: ShardId(0),
            room: room(join.room.clone()),
            participants: vec![ParticipantInfo { sid: resume.participant.clone(), ..participant }],
            last_message_seq: 42,
        })),
    }
}

fn participant(join: &Join) -> ParticipantInfo {
    ParticipantInfo {
        sid: ParticipantSid::try_from(match join.session {
            SessionId(1) => "PA_one".to_owned(),
            SessionId(other) => format!("PA_{other}"),
        })
        .unwrap(),
        identity: join.identity.clone(),
        name: join.name.clone(),
        state: ParticipantState::Joined,
        tracks: Vec::new(),
        metadata: join.metadata.clone(),
        attributes: join.attributes.clone(),
        joined_unix_ms: join.unix_ms,
        version: 1,
        permission: join.permission.clone(),
        kind: ParticipantKind::Standard,
        is_publisher: false,
        client_protocol: 0,
        capabilities: Vec::new(),
        data_tracks: Vec::new(),
        disconnect_reason: None,
    }
}

pub(crate) fn room(name: RoomName) -> RoomInfo {
    RoomInfo {
        sid: RoomSid::try_from("RM_one".to_owned()).unwrap(),
        name,
        empty_timeout_s: 300,
        departure_timeout_s: 20,
        participants_max: 0,
        created_unix_ms: 0,
        metadata: String::new(),
        participants: 1,
        publishers: 0,
        active_recording: false,
    }
}

/// A running server.
pub(crate) struct Fixture {
    pub(crate) signaling: Signaling,
    pub(crate) address: std::net::SocketAddr,
    media: Arc<ScriptedMedia>,
    commands: mpsc::UnboundedReceiver<Command>,
}

pub(crate) async fn start(script: Script) -> Fixture {
    start_with(script, Config::default()).await
}

pub(crate) async fn start_with(script: Script, config: Config) -> Fixture {
    let events = EventRouter::default();
    let (sender, commands) = mpsc::unbounded_channel();
    let media = Arc::new(ScriptedMedia {
        script: Mutex::new(script),
        sink: events.sink(),
        commands: sender,
    });
    let link: Arc<dyn MediaLink> = media.clone();
    let signaling = Signaling::new(config, link, keys(), SystemClock, events);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = signaling::router(signaling.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Fixture { signaling, address, media, commands }
}

impl Fixture {
    pub(crate) fn follow(&self, script: Script) {
        *self.media.script.lock().unwrap() = script;
    }

    pub(crate) fn tell(&self, session: SessionId, message: Message) {
        (self.media.sink)(Event { session, message });
    }

    pub(crate) async fn next_command(&mut self) -> Command {
        timeout(PATIENCE, self.commands.recv()).await.expect("a command in time").unwrap()
    }

    pub(crate) fn has_command(&mut self) -> bool {
        self.commands.try_recv().is_ok()
    }

    pub(crate) async fn next_join(&mut self) -> Join {
        match self.next_command().await {
            Command::Join(join) => *join,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn request(&self, path_and_query: &str) -> Request<()> {
        format!("ws://{}{path_and_query}", self.address).into_client_request().unwrap()
    }

    /// Opens a socket with the token in the query, as browsers do.
    pub(crate) async fn try_open(&self, query: &str) -> Result<Client, Error> {
        let request = self.request(&format!("/rtc?access_token={}&{query}", token()));
        connect_async(request).await.map(|(socket, _)| Client { socket })
    }

    /// Joins and reads the two first frames.
    pub(crate) async fn joined(&mut self, query: &str) -> (Client, SessionId) {
        let mut client = self.try_open(query).await.unwrap();
        let join = self.next_join().await;
        assert!(matches!(client.next().await, Response::Join(_)));
        assert!(matches!(client.next().await, Response::RefreshToken(_)));
        (client, join.session)
    }

    /// Status, body and the CORS header of a refused upgrade.
    pub(crate) async fn refused(&self, request: Request<()>) -> (u16, String) {
        match connect_async(request).await {
            Err(Error::Http(response)) => {
                let origin = response.headers().get("access-control-allow-origin");
                assert_eq!(origin.unwrap(), "*");
                let body = response.body().clone().unwrap_or_default();
                (response.status().as_u16(), String::from_utf8(body).unwrap())
            }
            other => panic!("{other:?}"),
        }
    }
}

/// A signal client.
pub(crate) struct Client {
    pub(crate) socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    /// The next response in a binary frame; pings are skipped.
    pub(crate) async fn next(&mut self) -> Response {
        match self.next_message().await {
            WsMessage::Binary(bytes) => {
                SignalResponse::decode(bytes).unwrap().message.expect("a known response")
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn next_message(&mut self) -> WsMessage {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("a frame in time");
            match message.unwrap().unwrap() {
                WsMessage::Ping(_) => {}
                message => return message,
            }
        }
    }

    pub(crate) async fn ask(&mut self, message: Asking) {
        let request = SignalRequest { message: Some(message) };
        self.send(WsMessage::Binary(request.encode_to_vec().into())).await;
    }

    pub(crate) async fn send(&mut self, message: WsMessage) {
        self.socket.send(message).await.unwrap();
    }

    /// Expects a leave and then a close frame: action, reason, code.
    pub(crate) async fn leave_and_close(&mut self) -> (i32, i32, u16) {
        let Response::Leave(leave) = self.next().await else { panic!("not a leave") };
        (leave.action, leave.reason, self.close_code().await)
    }

    pub(crate) async fn close_code(&mut self) -> u16 {
        match self.next_message().await {
            WsMessage::Close(Some(CloseFrame { code, .. })) => code.into(),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn keys() -> ApiKeys {
    ApiKeys::parse("devkey: secret", SecretPolicy::Dev).unwrap()
}

pub(crate) fn claims() -> Claims {
    let room = RoomName::try_from("room".to_owned()).unwrap();
    let identity = Identity::try_from("doctor".to_owned()).unwrap();
    let mut claims = Claims::for_join(room, identity, SystemClock.now().unix_s() + 3600);
    claims.permission = Permission { can_update_metadata: true, ..Permission::default() };
    claims
}

pub(crate) fn token() -> String {
    token_of(&claims())
}

pub(crate) fn token_of(claims: &Claims) -> String {
    mint(claims, &keys()).unwrap()
}

pub(crate) fn bearer(token: &str) -> HeaderValue {
    HeaderValue::from_str(&format!("Bearer {token}")).unwrap()
}

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
