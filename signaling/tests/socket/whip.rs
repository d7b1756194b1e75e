//! WHIP: from the offer to the end, before a scripted media plane.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use sfu::words::command::{Command, Connections, Request as Asked};
use sfu::words::event::Message;
use tower::ServiceExt;

use crate::fixture::{Fixture, Script, start, token};

const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
     m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\n\
     a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 00:11\r\na=setup:actpass\r\n\
     a=sendonly\r\na=rtpmap:96 VP8/90000\r\n";

fn answer(ufrag: &str) -> String {
    format!(
        "v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=ice-ufrag:{ufrag}\r\na=recvonly\r\n"
    )
}

#[tokio::test]
async fn an_encoder_publishes_restarts_and_leaves() {
    let mut fixture = start(Script::Accept).await;
    let begun = tokio::spawn(call(&fixture, "POST", "/whip/v1", "application/sdp", OFFER, None));
    let join = fixture.next_join().await;
    assert_eq!(join.connections, Connections::OneOfferedOnce);
    assert!(!join.auto_subscribe);
    assert!(matches!(next(&mut fixture).await, Asked::AddTrack(track) if track.cid == "section-0"));
    assert!(matches!(next(&mut fixture).await, Asked::Offer { id: 1, .. }));
    let says = |id, ufrag: &str| Message::Answer {
        id,
        sdp: answer(ufrag),
        mid_to_track: std::collections::BTreeMap::new(),
    };
    fixture.tell(join.session, says(1, "first"));
    let begun = begun.await.unwrap();
    assert_eq!(begun.status(), StatusCode::CREATED);
    let value = |name| begun.headers()[name].to_str().unwrap().to_owned();
    let (location, etag) = (value(header::LOCATION), value(header::ETAG));
    assert_eq!((location.as_str(), etag.as_str()), ("/whip/v1/PA_one", "\"first\""));

    let kind = "application/trickle-ice-sdpfrag";
    for (body, tag, status) in [
        ("a=ice-ufrag:abcd\r\n", None, 428),
        ("a=ice-ufrag:abcd\r\n", Some("\"other\""), 412),
        ("a=ice-ufrag:abcd\r\n", Some("\"first\""), 204),
        ("a=ice-ufrag:abcd\r\n", Some("*"), 400),
        ("v=0\r\n", Some("*"), 400),
        ("a=ice-ufrag:efgh\r\na=ice-pwd:short\r\n", Some("*"), 400),
    ] {
        let changed = call(&fixture, "PATCH", &location, kind, body, tag).await;
        assert_eq!(changed.status().as_u16(), status, "{body} {tag:?}");
    }
    let new = "a=ice-ufrag:efgh\r\na=ice-pwd:0123456789012345678901\r\n";
    let changed = tokio::spawn(call(&fixture, "PATCH", &location, kind, new, Some("*")));
    let Asked::Offer { id: 2, description } = next(&mut fixture).await else { panic!() };
    assert_eq!(description.ice_ufrag, "efgh");
    fixture.tell(join.session, says(2, "second"));
    let changed = changed.await.unwrap();
    assert_eq!(
        (changed.status(), &changed.headers()[header::ETAG]),
        (StatusCode::OK, &"\"second\"".parse().unwrap())
    );
    let body = to_bytes(changed.into_body(), 10_000).await.unwrap();
    assert!(String::from_utf8(body.to_vec()).unwrap().contains("a=ice-ufrag:second\r\n"));

    let ended = call(&fixture, "DELETE", &location, kind, "", None).await;
    assert_eq!(ended.status(), StatusCode::OK);
    assert!(matches!(next(&mut fixture).await, Asked::Leave));
    fixture.signaling.drained().await;
    let gone = call(&fixture, "DELETE", &location, kind, "", None).await;
    assert_eq!(gone.status(), StatusCode::NOT_FOUND);
    assert_eq!(gone.headers()[header::CONTENT_TYPE], "application/problem+json");
}

#[tokio::test]
async fn an_encoder_that_the_room_sends_away_is_gone() {
    let mut fixture = start(Script::Accept).await;
    let begun = tokio::spawn(call(&fixture, "POST", "/whip/v1", "application/sdp", OFFER, None));
    let session = fixture.next_join().await.session;
    next(&mut fixture).await;
    next(&mut fixture).await;
    let leave = Message::Leave {
        reason: sfu::words::info::LeaveReason::ParticipantRemoved,
        action: sfu::words::event::LeaveAction::Disconnect,
    };
    fixture.tell(session, leave);
    assert_eq!(begun.await.unwrap().status(), StatusCode::GONE);
    fixture.signaling.drained().await;
}

async fn next(fixture: &mut Fixture) -> Asked {
    match fixture.next_command().await {
        Command::Request { request, .. } => request,
        other => panic!("{other:?}"),
    }
}

fn call(
    fixture: &Fixture,
    method: &str,
    target: &str,
    kind: &str,
    body: &str,
    tag: Option<&str>,
) -> impl Future<Output = Response<Body>> + use<> {
    let router: Router = signaling::router(fixture.signaling.clone());
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header(header::AUTHORIZATION, format!("Bearer {}", token()))
        .header(header::CONTENT_TYPE, kind);
    let request = match tag {
        Some(tag) => request.header(header::IF_MATCH, tag),
        None => request,
    };
    let request = request.body(Body::from(body.to_owned())).unwrap();
    async move { router.oneshot(request).await.unwrap() }
}
