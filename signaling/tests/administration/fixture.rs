//! A server with a real media plane, its API over a real socket, and clients that join.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use axum::http::{Method, Request, header};
use futures_util::{SinkExt as _, StreamExt};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client as HttpClient;
use hyper_util::rt::TokioExecutor;
use livekit_protocol::signal_response::Message as Response;
use livekit_protocol::{self as proto, SignalResponse};
use prost::Message as _;
use protocol::ids::{Identity, RoomName};
use protocol::token::{ApiKeys, Claims, Grants, SecretPolicy, mint};
use serde_json::Value;
use sfu::limits::Limits;
use signaling::clock::{Clock as _, SystemClock};
use signaling::webhooks::{self, Webhooks};
use signaling::{Config, EventRouter, Signaling};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Error, Message as WsMessage};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running server.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) signaling: Signaling,
    pub(crate) webhooks: Option<Webhooks>,
    media: sfu::Handle,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.media.stop();
    }
}

pub(crate) async fn start() -> Server {
    start_with_webhooks(None).await
}

pub(crate) async fn start_with_webhooks(webhooks: Option<webhooks::Config>) -> Server {
    start_with(webhooks, None).await
}

pub(crate) async fn start_with(
    webhooks: Option<webhooks::Config>,
    recordings: Option<std::path::PathBuf>,
) -> Server {
    let events = EventRouter::default();
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let config = sfu::config::Config {
        shards: 2,
        bind: loopback,
        udp_port: 0,
        advertise: vec![loopback],
        ice_tcp: Vec::new(),
        limits: Limits::default(),
        turn: None,
        recordings,
    };
    let media = sfu::Handle::start(&config, &events.sink()).unwrap();
    let webhooks = webhooks.map(|config| {
        media.observe().unwrap();
        Webhooks::start(&config, &keys(), SystemClock, &events)
    });
    let link = Arc::new(media.clone());
    let signaling = Signaling::new(Config::default(), link, keys(), SystemClock, events);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = signaling::router(signaling.clone());
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server { address, signaling, webhooks, media }
}

impl Server {
    /// A request to any path: status and body.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(header::HeaderName, &str)],
        body: Vec<u8>,
    ) -> (u16, Vec<u8>) {
        let client: HttpClient<_, Full<bytes::Bytes>> =
            HttpClient::builder(TokioExecutor::new()).build_http();
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let response = timeout(PATIENCE, client.request(request)).await.unwrap().unwrap();
        let origin = response.headers().get("access-control-allow-origin");
        assert_eq!(origin.unwrap(), "*");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, body.to_vec())
    }

    /// A call in JSON.
    pub(crate) async fn call(&self, token: &str, method: &str, body: &Value) -> (u16, Value) {
        self.call_of(token, "livekit.RoomService", method, body).await
    }

    /// A call of any service in JSON.
    pub(crate) async fn call_of(
        &self,
        token: &str,
        service: &str,
        method: &str,
        body: &Value,
    ) -> (u16, Value) {
        let path = format!("/twirp/{service}/{method}");
        let bearer = format!("Bearer {token}");
        let headers =
            [(header::AUTHORIZATION, &*bearer), (header::CONTENT_TYPE, "application/json")];
        let body = body.to_string().into_bytes();
        let (status, body) = self.send(Method::POST, &path, &headers, body).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    /// A call in JSON that succeeds.
    pub(crate) async fn done(&self, token: &str, method: &str, body: Value) -> Value {
        let (status, answer) = self.call(token, method, &body).await;
        assert_eq!(status, 200, "{method}: {answer}");
        answer
    }

    /// A call in protobuf that succeeds.
    pub(crate) async fn done_in_protobuf<A: prost::Message + Default>(
        &self,
        token: &str,
        method: &str,
        body: &impl prost::Message,
    ) -> A {
        let path = format!("/twirp/livekit.RoomService/{method}");
        let bearer = format!("Bearer {token}");
        let headers =
            [(header::AUTHORIZATION, &*bearer), (header::CONTENT_TYPE, "application/protobuf")];
        let (status, body) = self.send(Method::POST, &path, &headers, body.encode_to_vec()).await;
        assert_eq!(status, 200, "{method}: {}", String::from_utf8_lossy(&body));
        A::decode(&*body).unwrap()
    }

    pub(crate) async fn try_join(&self, token: &str) -> Result<Client, Error> {
        let url = format!("ws://{}/rtc?access_token={token}&protocol=17", self.address);
        connect_async(url).await.map(|(socket, _)| Client { socket })
    }

    pub(crate) async fn join(&self, room: &str, identity: &str) -> Client {
        let mut client = self.try_join(&join_token(room, identity)).await.unwrap();
        client.until(|message| matches!(message, Response::Join(_))).await;
        client
    }
}

/// A client that only listens.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub(crate) async fn send(&mut self, request: proto::signal_request::Message) {
        let request = proto::SignalRequest { message: Some(request) };
        let frame = WsMessage::Binary(request.encode_to_vec().into());
        self.socket.send(frame).await.unwrap();
    }

    /// The next message that is meant.
    pub(crate) async fn until(&mut self, is_meant: impl Fn(&Response) -> bool) -> Response {
        timeout(PATIENCE, async {
            loop {
                let message = self.socket.next().await.expect("an open socket").unwrap();
                let WsMessage::Binary(bytes) = message else { continue };
                let message = SignalResponse::decode(bytes).unwrap().message.unwrap();
                if is_meant(&message) {
                    return message;
                }
            }
        })
        .await
        .expect("the message in time")
    }
}

pub(crate) fn keys() -> ApiKeys {
    ApiKeys::parse("devkey: secret", SecretPolicy::Dev).unwrap()
}

pub(crate) fn now_s() -> i64 {
    SystemClock.now().unix_s()
}

pub(crate) fn join_claims(room: &str, identity: &str) -> Claims {
    let room = RoomName::try_from(room.to_owned()).unwrap();
    let identity = Identity::try_from(identity.to_owned()).unwrap();
    let mut claims = Claims::for_join(room, identity, now_s() + 3600);
    claims.not_before_unix_s = Some(now_s());
    claims
}

pub(crate) fn join_token(room: &str, identity: &str) -> String {
    token_of(&join_claims(room, identity))
}

pub(crate) fn token_of(claims: &Claims) -> String {
    mint(claims, &keys()).unwrap()
}

/// A token for the API with these grants, for this room.
pub(crate) fn api_token(room: &str, grants: Grants) -> String {
    let mut claims = join_claims("unused", "unused");
    claims.identity = None;
    claims.room = RoomName::try_from(room.to_owned()).ok();
    claims.grants = grants;
    token_of(&claims)
}

/// May do everything, in this room.
pub(crate) fn admin(room: &str) -> String {
    let grants =
        Grants { room_admin: true, room_create: true, room_list: true, ..Grants::default() };
    api_token(room, grants)
}
