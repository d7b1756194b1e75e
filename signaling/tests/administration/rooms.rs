//! Rooms: opened, listed, set up, ended.

use livekit_protocol as proto;
use livekit_protocol::signal_response::Message as Response;
use serde_json::json;

use crate::fixture::{admin, join_claims, start, token_of};

#[tokio::test]
async fn a_room_is_opened_listed_and_ended_in_both_encodings() {
    let server = start().await;
    let token = admin("visit");
    let body =
        json!({ "name": "visit", "empty_timeout": 60, "departureTimeout": 7, "metadata": "m" });
    let room = server.done(&token, "CreateRoom", body.clone()).await;
    assert_eq!((&room["emptyTimeout"], &room["departureTimeout"]), (&json!(60), &json!(7)));
    assert!(room["sid"].as_str().unwrap().starts_with("RM_"));
    assert_eq!(server.done(&token, "CreateRoom", body).await["sid"], room["sid"]);
    let rooms = server.done(&token, "ListRooms", json!({})).await;
    assert_eq!(rooms["rooms"][0]["metadata"], "m");

    let listed: proto::ListRoomsResponse = server
        .done_in_protobuf(
            &token,
            "ListRooms",
            &proto::ListRoomsRequest { names: vec!["visit".to_owned()] },
        )
        .await;
    assert_eq!(listed.rooms[0].sid, room["sid"].as_str().unwrap());
    let delete = proto::DeleteRoomRequest { room: "visit".to_owned() };
    let _: proto::DeleteRoomResponse = server.done_in_protobuf(&token, "DeleteRoom", &delete).await;
    let rooms = server.done(&token, "ListRooms", json!({ "names": ["visit"] })).await;
    assert_eq!(rooms, json!({}));
}

#[tokio::test]
async fn rooms_of_all_shards_are_listed_once_each() {
    let server = start().await;
    let token = admin("x");
    for number in 0..150 {
        server.done(&token, "CreateRoom", json!({ "name": format!("room-{number}") })).await;
    }
    let rooms = server.done(&token, "ListRooms", json!({})).await;
    let mut names: Vec<_> =
        rooms["rooms"].as_array().unwrap().iter().map(|room| room["name"].to_string()).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 150);
}

#[tokio::test]
async fn an_ended_room_sends_everyone_away() {
    let server = start().await;
    let mut doctor = server.join("visit", "doctor").await;
    server.done(&admin("visit"), "DeleteRoom", json!({ "room": "visit" })).await;
    let Response::Leave(leave) = doctor.until(|one| matches!(one, Response::Leave(_))).await else {
        unreachable!()
    };
    assert_eq!(leave.reason(), proto::DisconnectReason::RoomDeleted);
    assert_eq!(leave.action(), proto::leave_request::Action::Disconnect);
}

#[tokio::test]
async fn a_token_sets_up_the_room_that_it_opens() {
    let server = start().await;
    let mut claims = join_claims("visit", "doctor");
    claims.room_config.participants_max = Some(1);
    claims.room_config.empty_timeout_s = Some(33);
    claims.room_config.metadata = Some("from the token".to_owned());
    let mut doctor = server.try_join(&token_of(&claims)).await.unwrap();
    let Response::Join(join) = doctor.until(|one| matches!(one, Response::Join(_))).await else {
        unreachable!()
    };
    let room = join.room.unwrap();
    assert_eq!((room.max_participants, room.empty_timeout), (1, 33));
    assert_eq!(room.metadata, "from the token");
    let refused = server.try_join(&token_of(&join_claims("visit", "patient"))).await;
    assert!(refused.is_err(), "the room is full");
}

#[tokio::test]
async fn room_metadata_reaches_those_inside() {
    let server = start().await;
    let mut doctor = server.join("visit", "doctor").await;
    let body = json!({ "room": "visit", "metadata": "recording off" });
    let room = server.done(&admin("visit"), "UpdateRoomMetadata", body).await;
    assert_eq!(room["metadata"], "recording off");
    let told = |one: &Response| {
        matches!(one, Response::RoomUpdate(update)
            if update.room.as_ref().is_some_and(|room| room.metadata == "recording off"))
    };
    doctor.until(told).await;
}
