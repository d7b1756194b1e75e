use std::time::Instant;

use axum::{body::Bytes, extract::Request, routing};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// A running server with a route that reads bodies, and where it listens.
async fn start(limits: DoorLimits) -> (Server, Door, SocketAddr) {
    start_with(limits, None).await
}

async fn start_with(
    limits: DoorLimits,
    certificate: Option<Certificate>,
) -> (Server, Door, SocketAddr) {
    let listener = bind("127.0.0.1:0".parse().unwrap(), "http").unwrap();
    let address = listener.local_addr().unwrap();
    let door = Door::new(limits);
    let router = Router::new()
        .route("/", routing::get(async || "hello"))
        .route("/body", routing::post(async |body: Bytes| body.len().to_string()))
        .route("/slow", routing::get(async |_: Request| sleep(Duration::from_millis(200)).await));
    let server = Server::start(listener, router, certificate, door.clone(), SHORT, None).unwrap();
    (server, door, address)
}

/// A moment each.
const SHORT: Timeouts = Timeouts {
    tls_handshake: Duration::from_millis(500),
    header: Duration::from_millis(500),
    standstill: Duration::from_millis(500),
};

const MANY: DoorLimits = DoorLimits { connections_max: 100, per_address_max: 0 };

async fn connect(address: SocketAddr, text: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(text.as_bytes()).await.unwrap();
    socket
}

/// What comes until the server closes.
async fn rest(mut socket: TcpStream) -> String {
    let mut text = String::new();
    let _ = socket.read_to_string(&mut text).await;
    text
}

#[tokio::test]
async fn a_header_that_does_not_end_is_not_waited_for() {
    let (_server, door, address) = start(MANY).await;
    let half = connect(address, "GET / HTTP/1.1\r\nHost: a\r\nX-Half: ").await;
    let silent = connect(address, "").await;
    let idle = connect(address, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    until(&door, 3).await;
    assert!(rest(half).await.is_empty() && rest(silent).await.is_empty());
    assert!(rest(idle).await.ends_with("hello"));
    until(&door, 0).await;
}

#[tokio::test]
async fn a_handshake_that_does_not_end_is_not_waited_for() {
    let certificate = Certificate::new(crate::tls::self_signed(&[[127, 0, 0, 1].into()]).unwrap());
    let (_server, door, address) = start_with(MANY, Some(certificate)).await;
    let silent = connect(address, "").await;
    // The head of a ClientHello of 512 bytes, and no more of it.
    let half = connect(address, "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}").await;
    until(&door, 2).await;
    assert!(rest(half).await.is_empty() && rest(silent).await.is_empty());
    until(&door, 0).await;
}

#[tokio::test]
async fn a_body_that_stands_still_is_not_waited_for() {
    let (_server, door, address) = start(MANY).await;
    let head = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf";
    let socket = connect(address, head).await;
    until(&door, 1).await;
    assert!(!rest(socket).await.starts_with("HTTP/1.1 200 "));
    until(&door, 0).await;
}

#[tokio::test]
async fn a_request_under_way_ends_before_the_server_does() {
    let (server, _, address) = start(MANY).await;
    let slow = tokio::spawn(async move {
        rest(connect(address, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await).await
    });
    sleep(Duration::from_millis(50)).await;
    server.stop().await;
    assert!(slow.await.unwrap().starts_with("HTTP/1.1 200 "));
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn beyond_the_last_place_connections_wait_and_are_served_later() {
    let (_server, door, address) =
        start(DoorLimits { connections_max: 1, per_address_max: 0 }).await;
    let holder = connect(address, "").await;
    until(&door, 1).await;
    let waiting =
        tokio::spawn(async move { rest(connect(address, "GET / HTTP/1.0\r\n\r\n").await).await });
    sleep(Duration::from_millis(50)).await;
    assert!(!waiting.is_finished());
    drop(holder);
    assert!(waiting.await.unwrap().ends_with("hello"));
}

#[tokio::test]
async fn a_header_that_is_too_long_or_has_too_many_lines_is_refused() {
    let (_server, _, address) = start(MANY).await;
    let many = "X: y\r\n".repeat(1000);
    let long = format!("X: {}\r\n", "y".repeat(2 * HEADER_BYTES_MAX));
    for header in [many, long] {
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\n{header}\r\n");
        let mut socket = TcpStream::connect(address).await.unwrap();
        // The server may close before it has read all of it.
        let _ = socket.write_all(request.as_bytes()).await;
        let answer = rest(socket).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    }
}

#[tokio::test]
async fn plain_http_to_a_port_with_tls_is_sent_to_https_if_it_looks_for_a_page() {
    let listener = bind("127.0.0.1:0".parse().unwrap(), "http").unwrap();
    let address = listener.local_addr().unwrap();
    let certificate = Certificate::new(crate::tls::self_signed(&[address.ip()]).unwrap());
    let router = Router::new().route("/", routing::get(async || "hello"));
    let door = Door::new(MANY);
    let _server = Server::start(listener, router, Some(certificate), door, SHORT, None).unwrap();
    let ask = async |request: &str| rest(connect(address, request).await).await;

    let answer = ask("GET /join?a=b HTTP/1.1\r\nHost: video.example:8443\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 308 "), "{answer}");
    assert!(answer.contains("\r\nlocation: https://video.example:8443/join?a=b\r\n"), "{answer}");
    for refused in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "GET /rtc HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    ] {
        let answer = ask(refused).await;
        assert!(
            answer.starts_with("HTTP/1.1 403 ") || answer.starts_with("HTTP/1.0 403 "),
            "{answer}"
        );
        assert!(answer.ends_with("https\n") && !answer.contains("location"), "{answer}");
    }
    // Streams of TURN and ICE are nobody's here.
    for stream in ["\0\u{3}\0\u{8}!\u{12}", "\0d\0\u{1}\0P!\u{12}"] {
        assert_eq!(ask(stream).await, "");
    }
}

#[expect(clippy::disallowed_methods, reason = "waits for real sockets")]
async fn until(door: &Door, connections: u64) {
    let patience = Instant::now() + Duration::from_secs(20);
    while door.counts().connections != connections {
        assert!(Instant::now() < patience, "{:?}", door.counts());
        sleep(Duration::from_millis(5)).await;
    }
}
