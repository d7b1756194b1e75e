//! What is answered without a socket.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use protocol::token::Grants;
use sfu::handle::SendError;
use sfu::words::event::JoinRefusal;
use signaling::Config;
use signaling::limits::SOCKETS_PER_PERSON_MAX;
use tower::ServiceExt;

use crate::fixture::{Fixture, Script, bearer, claims, start, start_with, token, token_of};

const ROOM_MARKER: &str = "requested room does not exist";

#[tokio::test]
async fn validate_says_success_to_a_good_token_in_header_or_query() {
    let fixture = start(Script::Accept).await;
    for path in ["/rtc/validate", "//rtc/validate"] {
        let query = format!("{path}?access_token={}", token());
        assert_eq!(get(&fixture, &query).await, (StatusCode::OK, "success".to_owned()));
    }
    let request = Request::get("/rtc/validate?access_token=wrong")
        .header(header::AUTHORIZATION, bearer(&token()))
        .body(Body::empty());
    assert_eq!(send(&fixture, request.unwrap()).await.0, StatusCode::OK);
}

#[tokio::test]
async fn bad_tokens_and_parameters_have_their_status_and_a_reason_on_both_doors() {
    let fixture = start(Script::Accept).await;
    let mut not_for_join = claims();
    not_for_join.grants = Grants::default();
    let mut no_room = claims();
    no_room.room = None;
    let mut no_identity = claims();
    no_identity.identity = None;
    let mut expired = claims();
    expired.expires_unix_s = 1;
    let good = token();
    for (query, status, reason) in [
        (String::new(), 401, "no token"),
        ("access_token=garbage".to_owned(), 401, "malformed"),
        (format!("access_token={}", token_of(&expired)), 401, "expired"),
        (format!("access_token={good}x"), 401, "token"),
        (format!("access_token={}", token_of(&not_for_join)), 401, "joining"),
        (format!("access_token={}", token_of(&no_room)), 400, "room"),
        (format!("access_token={}", token_of(&no_identity)), 400, "identity"),
        (format!("access_token={good}&auto_subscribe=maybe"), 400, "auto_subscribe"),
        (format!("access_token={good}&attributes=!"), 400, "attributes"),
        (format!("access_token={good}&join_request=AA"), 400, "join_request"),
    ] {
        let (found, body) = get(&fixture, &format!("/rtc/validate?{query}")).await;
        assert_eq!(found.as_u16(), status, "{body}");
        assert!(body.contains(reason), "{body}");
        let (found, body) = fixture.refused(fixture.request(&format!("/rtc?{query}"))).await;
        assert_eq!(found, status, "{body}");
        assert!(!body.contains(ROOM_MARKER));
    }
    let counters = fixture.signaling.counters();
    assert_eq!(counters.refused_unauthorized, 10);
    assert_eq!(counters.refused_bad_request, 10);
    assert_eq!((counters.refused_not_found, counters.sockets_open), (0, 0));
}

#[tokio::test]
async fn firefox_is_sent_to_two_connections_and_never_takes_that_for_a_missing_room() {
    let fixture = start(Script::Accept).await;
    for path in ["/rtc/v1", "//rtc/v1"] {
        let target = format!("{path}?access_token={}&join_request=AA", token());
        let mut request = fixture.request(&target);
        let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0";
        request.headers_mut().insert(header::USER_AGENT, firefox.parse().unwrap());
        let (status, body) = fixture.refused(request.clone()).await;
        assert_eq!(status, 404);
        assert!(!body.is_empty() && !body.contains(ROOM_MARKER), "{body}");
        *request.uri_mut() = target.replace("v1?", "v1/validate?").parse().unwrap();
        let request = Request::from_parts(request.into_parts().0, Body::empty());
        let response = router(&fixture).oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(fixture.refused(fixture.request(&target)).await.0, 400, "others are served");
    }
}

#[tokio::test]
async fn one_connection_needs_a_join_request_and_a_token_before_it_is_looked_at() {
    let fixture = start(Script::Accept).await;
    for (query, status) in [
        (format!("access_token={}", token()), 400),
        (format!("access_token={}&join_request=AA", token()), 400),
        ("access_token=garbage&join_request=AA".to_owned(), 401),
    ] {
        for path in ["/rtc/v1", "//rtc/v1"] {
            let target = format!("{path}?{query}");
            assert_eq!(fixture.refused(fixture.request(&target)).await.0, status);
            let target = format!("{path}/validate?{query}");
            assert_eq!(get(&fixture, &target).await.0.as_u16(), status);
        }
    }
}

#[tokio::test]
async fn a_person_opens_a_few_sockets_and_no_more() {
    let mut fixture = start(Script::Accept).await;
    let mut held = Vec::new();
    for _ in 0..SOCKETS_PER_PERSON_MAX {
        held.push(fixture.joined("").await);
    }
    let path = format!("/rtc?access_token={}", token());
    assert_eq!(fixture.refused(fixture.request(&path)).await.0, 503);
    drop(held);
    fixture.signaling.drained().await;
    fixture.try_open("").await.unwrap();
}

#[tokio::test]
async fn new_people_are_refused_while_memory_is_short_and_who_is_in_a_call_may_resume() {
    let fixture = start(Script::Accept).await;
    fixture.signaling.set_memory_short(true);
    let path = format!("/rtc?access_token={}", token());
    let (status, body) = fixture.refused(fixture.request(&path)).await;
    assert_eq!(status, 503);
    assert!(body.contains("memory"), "{body}");
    fixture.try_open("reconnect=1&sid=PA_one").await.unwrap();
    fixture.signaling.set_memory_short(false);
    fixture.try_open("").await.unwrap();
}

#[tokio::test]
async fn a_draining_server_opens_no_rooms_and_lets_people_into_those_that_are_open() {
    let mut fixture = start(Script::Accept).await;
    fixture.signaling.start_draining();
    fixture.try_open("").await.unwrap();
    assert!(!fixture.next_join().await.may_open_room);
    fixture.follow(Script::Refuse(JoinRefusal::RoomNotFound));
    let path = format!("/rtc?access_token={}", token());
    let (status, body) = fixture.refused(fixture.request(&path)).await;
    assert_eq!((status, body.contains(ROOM_MARKER)), (503, false));
}

#[tokio::test]
async fn a_get_that_is_no_upgrade_is_not_found() {
    let fixture = start(Script::Accept).await;
    let (status, body) = get(&fixture, &format!("/rtc?access_token={}", token())).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(!body.contains(ROOM_MARKER));
}

#[tokio::test]
async fn preflights_are_answered_for_a_day_and_allow_the_authorization_header() {
    let fixture = start(Script::Accept).await;
    for path in ["/rtc", "/rtc/validate", "/rtc/v1", "/rtc/v1/validate"] {
        let request = Request::builder()
            .method(Method::OPTIONS)
            .uri(path)
            .header(header::ORIGIN, "https://clinic.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, "GET")
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "authorization")
            .body(Body::empty())
            .unwrap();
        let response = router(&fixture).oneshot(request).await.unwrap();
        let header = |name| response.headers().get(name).unwrap().to_str().unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(header("access-control-allow-origin"), "*");
        assert_eq!(header("access-control-max-age"), "86400");
        assert_eq!(header("access-control-allow-headers"), "authorization");
        for method in ["OPTIONS", "HEAD", "GET", "POST", "PATCH", "DELETE"] {
            assert!(header("access-control-allow-methods").contains(method));
        }
    }
}

#[tokio::test]
async fn what_the_media_plane_refuses_is_a_status_and_validate_repeats_it() {
    for (script, status, marked) in [
        (Script::Refuse(JoinRefusal::RoomNotFound), 404, true),
        (Script::Refuse(JoinRefusal::RoomFull), 503, false),
        (Script::Refuse(JoinRefusal::NodeFull), 503, false),
        (Script::Fail(SendError::Overloaded), 503, false),
        (Script::Fail(SendError::Stopped), 503, false),
    ] {
        let fixture = start(script).await;
        let query = format!("access_token={}", token());
        let (found, body) = fixture.refused(fixture.request(&format!("/rtc?{query}"))).await;
        assert_eq!((found, body.contains(ROOM_MARKER)), (status, marked), "{body}");
        let (found, repeated) = get(&fixture, &format!("/rtc/validate?{query}")).await;
        assert_eq!((found.as_u16(), repeated), (status, body));
        fixture.follow(Script::Accept);
        drop(fixture.try_open("").await.unwrap());
        let (found, _) = get(&fixture, &format!("/rtc/validate?{query}")).await;
        assert_eq!(found, StatusCode::OK);
    }
}

#[tokio::test]
async fn validate_asks_the_media_plane_and_lets_nobody_in() {
    let query = format!("access_token={}", token());
    for (script, status) in [
        (Script::Accept, 200),
        (Script::Refuse(JoinRefusal::RoomFull), 503),
        (Script::Refuse(JoinRefusal::RoomNotFound), 404),
        (Script::Fail(SendError::Overloaded), 503),
    ] {
        let mut fixture = start(script).await;
        let (found, body) = get(&fixture, &format!("/rtc/validate?{query}")).await;
        assert_eq!((found.as_u16(), body == "success"), (status, status == 200), "{body}");
        if !matches!(script, Script::Fail(_)) {
            assert!(fixture.next_join().await.only_asks);
        }
        assert!(!fixture.has_command(), "there is no session to be closed");
        assert_eq!(fixture.signaling.counters().sockets_open, 0);
        assert_eq!(fixture.signaling.counters().joins, 0);
    }
}

#[tokio::test]
async fn server_apis_answer_unimplemented_in_the_form_of_their_callers() {
    let fixture = start(Script::Accept).await;
    for (method, path, status, code) in [
        (Method::POST, "/twirp/livekit.RoomService/ListRooms", 401, "unauthenticated"),
        (Method::POST, "/twirp/livekit.Egress/StartWebEgress", 501, "unimplemented"),
        (Method::POST, "//twirp/livekit.Egress/StartWebEgress", 501, "unimplemented"),
        (Method::GET, "/twirp/livekit.RoomService/ListRooms", 404, "bad_route"),
        (Method::POST, "/twirp/livekit.RoomService", 501, "unimplemented"),
    ] {
        for content_type in ["application/json", "application/protobuf"] {
            let request = Request::builder()
                .method(&method)
                .uri(path)
                .header(header::CONTENT_TYPE, content_type)
                .body(Body::empty())
                .unwrap();
            let response = router(&fixture).oneshot(request).await.unwrap();
            assert_eq!(response.status().as_u16(), status, "{method} {path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
            let body = to_bytes(response.into_body(), 10_000).await.unwrap();
            let error: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(error["code"], code);
            assert!(error["msg"].as_str().is_some_and(|text| !text.is_empty()));
        }
    }
}

#[tokio::test]
async fn a_media_plane_that_does_not_answer_is_unavailable_and_told_that_nobody_came() {
    let config = Config { join_timeout: Duration::from_millis(50), ..Config::default() };
    let mut fixture = start_with(Script::Silence, config).await;
    let request = fixture.request(&format!("/rtc?access_token={}", token()));
    assert_eq!(fixture.refused(request).await.0, 503);
    let join = fixture.next_join().await;
    let closed = fixture.next_command().await;
    assert!(
        matches!(closed, sfu::words::command::Command::SessionClosed(id) if id == join.session)
    );
}

#[tokio::test]
async fn sockets_are_limited_and_places_come_free() {
    let config = Config { sockets_max: 1, ..Config::default() };
    let mut fixture = start_with(Script::Accept, config).await;
    let (client, _) = fixture.joined("").await;
    let request = fixture.request(&format!("/rtc?access_token={}", token()));
    assert_eq!(fixture.refused(request).await.0, 503);
    drop(client);
    fixture.signaling.drained().await;
    fixture.try_open("").await.unwrap();
}

#[tokio::test]
async fn a_stopping_server_takes_no_more_sockets() {
    let fixture = start(Script::Accept).await;
    fixture.signaling.stop_accepting();
    let request = fixture.request(&format!("/rtc?access_token={}", token()));
    assert_eq!(fixture.refused(request).await.0, 503);
}

#[tokio::test]
async fn pages_of_other_origins_are_forbidden_if_origins_are_named() {
    let origins = vec!["https://clinic.example".to_owned()];
    let fixture = start_with(Script::Accept, Config { origins, ..Config::default() }).await;
    let validate = |origin: Option<&str>| {
        let mut request = Request::get(format!("/rtc/validate?access_token={}", token()));
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        send(&fixture, request.body(Body::empty()).unwrap())
    };
    assert_eq!(validate(Some("https://clinic.example")).await.0, StatusCode::OK);
    assert_eq!(validate(None).await.0, StatusCode::OK);
    for foreign in ["https://clinic.example.evil", "null", "https://evil-clinic.example", ""] {
        assert_eq!(validate(Some(foreign)).await.0, StatusCode::FORBIDDEN, "{foreign}");
    }
}

#[tokio::test]
async fn a_token_that_names_pages_is_good_for_no_other() {
    let fixture = start(Script::Accept).await;
    let mut named = claims();
    named.origins = vec!["https://clinic.example".to_owned()];
    let validate = |origin: Option<&str>| {
        let mut request = Request::get(format!("/rtc/validate?access_token={}", token_of(&named)));
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        send(&fixture, request.body(Body::empty()).unwrap())
    };
    assert_eq!(validate(Some("https://clinic.example")).await.0, StatusCode::OK);
    // What is no browser says no origin: an app, a clinic's own server.
    assert_eq!(validate(None).await.0, StatusCode::OK);
    for foreign in ["https://clinic.example.evil", "null", "http://clinic.example", ""] {
        let (status, why) = validate(Some(foreign)).await;
        assert_eq!(status, StatusCode::FORBIDDEN, "{foreign}");
        assert!(why.contains("origin"), "{why}");
    }
}

#[tokio::test]
async fn cookies_never_stand_for_a_token() {
    let fixture = start(Script::Accept).await;
    let request = Request::get("/rtc/validate")
        .header(header::COOKIE, format!("access_token={}", token()))
        .body(Body::empty());
    assert_eq!(send(&fixture, request.unwrap()).await.0, StatusCode::UNAUTHORIZED);
}

async fn get(fixture: &Fixture, target: &str) -> (StatusCode, String) {
    send(fixture, Request::get(target).body(Body::empty()).unwrap()).await
}

/// Every answer must have the CORS header, whatever its status.
async fn send(fixture: &Fixture, request: Request<Body>) -> (StatusCode, String) {
    let response = router(fixture).oneshot(request).await.unwrap();
    assert_eq!(response.headers().get("access-control-allow-origin").unwrap(), "*");
    let status = response.status();
    let body = to_bytes(response.into_body(), 10_000).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn router(fixture: &Fixture) -> axum::Router {
    signaling::router(fixture.signaling.clone())
}
