//! `GET /v1/events`: the socket.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, WebSocket},
    },
    http::{HeaderMap, header},
    response::Response,
};
use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    sync::broadcast::error::RecvError,
    time::{MissedTickBehavior, interval, timeout},
};
use utoipa::IntoParams;

use crate::{
    api::Api,
    domain::actor::Actor,
    http::{body::Asked, caller::Stranger, error::Problem},
    usecase::watch::{LiveEvent, Place, may_see, open_events as open, still},
};

/// With what a socket is opened.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SocketQuery {
    /// From `POST /v1/events/ticket`.
    ticket: String,
    /// The `id` of the last event that the client has: what it missed comes first.
    last_event_id: Option<i64>,
}

/// How long a message may take to be taken: a reader who is slower is cut off.
const TAKE_MAX: Duration = Duration::from_secs(10);

/// How often a socket is pinged, and its holder looked at.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How long a socket may be silent: it answers pings.
const SILENT_MAX: Duration = Duration::from_secs(30);

/// How old a look at the holder may be when an event is to be shown.
const FRESH_MS: i64 = 1000;

/// Longest message that a client may send: it has nothing to say.
const CLIENT_BYTES_MAX: usize = 1024;

/// Why a socket was closed, beside 1000 and 1001 (RFC 6455 §7.4.2).
const SESSION_ENDED: (u16, &str) = (4401, "session-ended");
const TOO_SLOW: (u16, &str) = (4408, "too-slow");
const SILENT: (u16, &str) = (4409, "silent");
const BROKEN: (u16, &str) = (1011, "internal");

/// Watches what happens
///
/// A WebSocket. First comes `{"type":"hello","last_event_id":"41","resumed":true}`; `resumed` is false when what was
/// missed can no longer be told, and the client loads its state anew. Then come events: `{"type":"event","id":"42",
/// "topic":"appointment.booked","at":"...","about":"apt_...","rev":2,"data":{...}}`; one without `id` is for this moment
/// only. Closed with 4401 when the session has ended, 4408 when the reader is too slow, 4409 when it is silent: a new
/// ticket and `last_event_id` go on where it was.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "events",
    params(SocketQuery),
    responses(
        (status = SWITCHING_PROTOCOLS, description = "The socket"),
        (status = "4XX", description = "Not done", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn open_events(
    State(api): State<Api>,
    Stranger(caller): Stranger,
    Asked(asked): Asked<SocketQuery>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    own_page(&api, &headers)?;
    let place = open(&api, &caller, &asked.ticket, asked.last_event_id).await?;
    let upgrade = upgrade.max_message_size(CLIENT_BYTES_MAX).max_frame_size(CLIENT_BYTES_MAX);
    Ok(upgrade.on_upgrade(move |socket| serve(api, socket, place)))
}

/// A page of another site gets no socket, even with a ticket (ASVS 4.4.2). Programs send no origin.
fn own_page(api: &Api, headers: &HeaderMap) -> Result<(), Problem> {
    match headers.get(header::ORIGIN) {
        None => Ok(()),
        Some(origin) if origin == api.links.web.as_str() || origin == api.links.issuer.as_str() => {
            Ok(())
        }
        Some(_) => Err(Problem::foreign_page()),
    }
}

/// A socket that is served.
struct Served {
    api: Api,
    socket: WebSocket,
    place: Place,
    /// Who holds it, and when that was looked at.
    actor: Actor,
    looked: Timestamp,
    heard: Timestamp,
}

type Closing = (u16, &'static str);

async fn serve(api: Api, socket: WebSocket, mut place: Place) {
    let now = api.clock.now();
    let (actor, missed) = (place.actor.clone(), place.missed.take());
    let mut served = Served { api, socket, place, actor, looked: now, heard: now };
    let Err((code, reason)) = served.run(missed).await else { return };
    let frame = CloseFrame { code, reason: reason.into() };
    let _ = timeout(TAKE_MAX, served.socket.send(Message::Close(Some(frame)))).await;
}

impl Served {
    /// Until the client goes, or is to go.
    async fn run(&mut self, missed: Option<Vec<LiveEvent>>) -> Result<(), Closing> {
        let resumed = missed.is_some();
        let from = self.place.from.to_string();
        self.say(&json!({ "type": "hello", "last_event_id": from, "resumed": resumed })).await?;
        for event in missed.unwrap_or_default() {
            self.say(&shown(&event)).await?;
        }
        let mut ticks = interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                heard = self.socket.recv() => match heard {
                    None | Some(Err(_) | Ok(Message::Close(_))) => return Ok(()),
                    // Whatever it says, it is there.
                    Some(Ok(_)) => self.heard = self.api.clock.now(),
                },
                told = self.place.watcher.events.recv() => match told {
                    Ok(event) => self.tell(&event).await?,
                    Err(RecvError::Lagged(_)) => return Err(TOO_SLOW),
                    Err(RecvError::Closed) => return Ok(()),
                },
                _ = ticks.tick() => self.look_around().await?,
            }
        }
    }

    async fn tell(&mut self, event: &Arc<LiveEvent>) -> Result<(), Closing> {
        if event.audience.clinic != self.place.clinic {
            return Ok(());
        }
        if event.seq != 0 {
            if event.seq <= self.place.head {
                return Ok(());
            }
            self.place.head = event.seq;
        }
        if self.api.clock.now() > self.looked + FRESH_MS.milliseconds() {
            self.look_at_holder().await?;
        }
        if may_see(&self.api, &self.actor, event) { self.say(&shown(event)).await } else { Ok(()) }
    }

    async fn look_around(&mut self) -> Result<(), Closing> {
        let silent = self.api.clock.now().duration_since(self.heard);
        if silent > jiff::SignedDuration::try_from(SILENT_MAX).unwrap_or_default() {
            return Err(SILENT);
        }
        self.look_at_holder().await?;
        self.put(Message::Ping(Vec::new().into())).await
    }

    async fn look_at_holder(&mut self) -> Result<(), Closing> {
        self.looked = self.api.clock.now();
        match still(&self.api, &self.place).await {
            Ok(Some(actor)) => {
                self.actor = actor;
                Ok(())
            }
            Ok(None) => Err(SESSION_ENDED),
            // Without the database nobody can say that they still may.
            Err(_) => Err(BROKEN),
        }
    }

    async fn say(&mut self, value: &Value) -> Result<(), Closing> {
        self.put(Message::Text(value.to_string().into())).await
    }

    async fn put(&mut self, message: Message) -> Result<(), Closing> {
        match timeout(TAKE_MAX, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(BROKEN),
            Err(_) => Err(TOO_SLOW),
        }
    }
}

fn shown(event: &LiveEvent) -> Value {
    let mut value = json!({
        "type": "event",
        "topic": event.topic,
        "at": event.at,
        "about": event.aggregate,
        "rev": event.rev,
        "data": event.data,
    });
    if event.seq != 0
        && let Some(fields) = value.as_object_mut()
    {
        fields.insert("id".to_owned(), event.seq.to_string().into());
    }
    value
}
