//! What is refused, and how: always in Twirp's format.

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use protocol::token::Grants;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::fixture::{Server, admin, api_token, start};

/// The rows of the table of methods in the documentation: name, grant, state.
fn documented() -> Vec<(String, String, String)> {
    let text = include_str!("../../../docs/PROTOCOL-COMPATIBILITY.md");
    let (_, section) = text.split_once("## Server APIs").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    rows.map(|row| {
        let cells: Vec<_> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        (cells[1].to_owned(), cells[2].to_owned(), cells[3].to_owned())
    })
    .collect()
}

fn grants(name: &str) -> Grants {
    Grants {
        room_admin: name == "roomAdmin",
        room_create: name == "roomCreate",
        room_list: name == "roomList",
        ..Grants::default()
    }
}

async fn code(server: &Server, token: &str, method: &str) -> String {
    let body =
        json!({ "room": "visit", "name": "visit", "identity": "nobody", "track_sid": "TR_x" });
    let (_, answer) = server.call(token, method, &body).await;
    answer["code"].as_str().unwrap_or("ok").to_owned()
}

#[tokio::test]
async fn every_method_is_as_documented_and_wants_its_grant_and_no_other() {
    let server = start().await;
    let rows = documented();
    assert_eq!(rows.len(), 14, "every method of the service has a row");
    for (method, grant, state) in rows {
        if state != "implemented" {
            assert_eq!(code(&server, &admin("visit"), &method).await, "unimplemented", "{method}");
            continue;
        }
        for given in ["roomAdmin", "roomCreate", "roomList", "nothing"] {
            let code = code(&server, &api_token("visit", grants(given)), &method).await;
            assert_eq!(
                code != "permission_denied",
                given == grant,
                "{method} with {given}: {code}"
            );
            assert_ne!(code, "unimplemented", "{method}");
        }
        if grant == "roomAdmin" {
            let elsewhere = api_token("other", grants("roomAdmin"));
            assert_eq!(code(&server, &elsewhere, &method).await, "permission_denied", "{method}");
        }
    }
}

#[tokio::test]
async fn every_refusal_is_in_the_format_of_twirp() {
    let server = start().await;
    let bearer = format!("Bearer {}", admin("visit"));
    let json = (header::CONTENT_TYPE, "application/json");
    let token = (header::AUTHORIZATION, bearer.as_str());
    let list = "/twirp/livekit.RoomService/ListRooms";
    let long = vec![b' '; 5 * 1024 * 1024];
    type Case<'a> = (Method, &'a str, Vec<(header::HeaderName, &'a str)>, Vec<u8>, u16, &'a str);
    let cases: Vec<Case<'_>> = vec![
        (
            Method::POST,
            "/twirp/livekit.Egress/StartWebEgress",
            vec![],
            vec![],
            501,
            "unimplemented",
        ),
        (Method::POST, "/twirp/x", vec![], vec![], 501, "unimplemented"),
        (Method::GET, list, vec![], vec![], 404, "bad_route"),
        (Method::POST, list, vec![json.clone()], vec![], 401, "unauthenticated"),
        (
            Method::POST,
            list,
            vec![json.clone(), (header::AUTHORIZATION, "Bearer x")],
            vec![],
            401,
            "unauthenticated",
        ),
        (Method::POST, list, vec![token.clone()], vec![], 404, "bad_route"),
        (
            Method::POST,
            list,
            vec![token.clone(), (header::CONTENT_TYPE, "text/html")],
            vec![],
            404,
            "bad_route",
        ),
        (Method::POST, list, vec![token.clone(), json.clone()], b"[".to_vec(), 400, "malformed"),
        (Method::POST, list, vec![token.clone(), json.clone()], long, 400, "invalid_argument"),
        (
            Method::POST,
            "/twirp/livekit.RoomService/CreateRoom",
            vec![token.clone(), json.clone()],
            b"{}".to_vec(),
            400,
            "invalid_argument",
        ),
    ];
    for (method, path, headers, body, status, code) in cases {
        let (found, body) = ask(&server, method, path, &headers, body).await;
        let error: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((found, error["code"].as_str()), (status, Some(code)), "{path}: {error}");
        assert!(error["msg"].as_str().is_some_and(|text| !text.is_empty()));
    }
    assert!(server.signaling.counters().api_refused_token >= 2);
}

/// Without a socket: a client that is answered before it has sent everything may see a reset instead.
async fn ask(
    server: &Server,
    method: Method,
    path: &str,
    headers: &[(header::HeaderName, &str)],
    body: Vec<u8>,
) -> (u16, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    let request = request.body(Body::from(body)).unwrap();
    let router = signaling::router(server.signaling.clone());
    let response = router.oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
}

#[tokio::test]
async fn limits_of_values_hold() {
    let server = start().await;
    let token = admin("visit");
    server.done(&token, "CreateRoom", json!({ "name": "visit" })).await;
    let long = "x".repeat(70 * 1024);
    for (method, body) in [
        ("UpdateRoomMetadata", json!({ "room": "visit", "metadata": long })),
        ("CreateRoom", json!({ "name": "visit", "metadata": long })),
        ("SendData", json!({ "room": "visit", "data": "A".repeat(100 * 1024) })),
        ("ListRooms", json!({ "names": vec!["a"; 300] })),
        (
            "RemoveParticipant",
            json!({ "room": "visit", "identity": "a", "revokeTokenTs": "1800000000000" }),
        ),
    ] {
        let (status, error) = server.call(&token, method, &body).await;
        assert_eq!((status, error["code"].as_str()), (400, Some("invalid_argument")), "{method}");
    }
}
