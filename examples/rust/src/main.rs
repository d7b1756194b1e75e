//! Opens a room, prints a join token for each of two people, and prints what the server then tells of the room.
//!
//! ```text
//! BEDSIDE_URL=http://127.0.0.1:7880 BEDSIDE_API_KEY=devkey BEDSIDE_API_SECRET=secret WEBHOOK_PORT=9000 \
//!     cargo run -- visit-42
//! ```

use std::{env, error::Error, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode, header::AUTHORIZATION},
    routing::post,
};
use livekit_api::{
    access_token::{AccessToken, TokenVerifier, VideoGrants},
    services::room::{CreateRoomOptions, RoomClient},
    webhooks::WebhookReceiver,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("BEDSIDE_URL")?;
    let (key, secret) = (env::var("BEDSIDE_API_KEY")?, env::var("BEDSIDE_API_SECRET")?);
    let room = env::args().nth(1).unwrap_or_else(|| "visit-42".to_owned());

    for identity in ["doctor", "patient"] {
        let grants = VideoGrants {
            room_join: true,
            room: room.clone(),
            can_publish: Some(true),
            can_subscribe: Some(true),
            ..Default::default()
        };
        let token = AccessToken::with_api_key(&key, &secret)
            .with_identity(identity)
            .with_ttl(Duration::from_secs(3600))
            .with_grants(grants)
            .to_jwt()?;
        println!("token {identity} {token}");
    }

    let port: u16 = env::var("WEBHOOK_PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;

    let options =
        CreateRoomOptions { empty_timeout: 600, max_participants: 3, ..Default::default() };
    let opened = RoomClient::with_api_key(&url, &key, &secret).create_room(&room, options).await?;
    println!("room {} {}", opened.name, opened.sid);

    let receiver = WebhookReceiver::new(TokenVerifier::with_api_key(&key, &secret));
    let hooks = Router::new().route("/", post(hear)).with_state(Arc::new(receiver));
    Ok(axum::serve(listener, hooks).await?)
}

async fn hear(
    State(receiver): State<Arc<WebhookReceiver>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let signature = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    // Checks the signature and that it covers this body.
    let Ok(event) = receiver.receive(&body, signature.unwrap_or_default()) else {
        return StatusCode::UNAUTHORIZED;
    };
    let room = event.room.unwrap_or_default().name;
    let participant = event.participant.unwrap_or_default().identity;
    println!("event {} {room} {participant}", event.event);
    StatusCode::OK
}
