//! The HTTP door: routes, CORS, and everything that is decided before a socket exists.
//!
//! The join is answered by the media plane *before* the upgrade, so that a refusal can still be an
//! HTTP status that every SDK understands.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{WebSocketUpgrade, rejection::WebSocketUpgradeRejection};
use axum::http::{HeaderMap, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use livekit_protocol::signal_request::Message as Request;
use protocol::ids::{Identity, RoomName};
use protocol::token::{self, Claims};
use sfu::words::{
    command::{Connections, Join},
    event::{JoinRefusal, Joined, Message},
};
use tokio::time::timeout;
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

use crate::bearer::bearer;
use crate::clock::Now;
use crate::error::Refusal;
use crate::fallback::Ways;
use crate::first_uses::FirstUse;
use crate::join::{Entry, join};
use crate::limits::FRAME_BYTES_READ_MAX;
use crate::metrics::count;
use crate::outbox::Outbox;
use crate::query::{ParameterError, Parameters, RawQuery};
use crate::registration::Registration;
use crate::session::{Effect, End, Greeting, Session};
use crate::simulation::Next;
use crate::{Phase, Signaling};
use crate::{join_request, twirp, whip, ws};

/// The routes of signalling, with CORS on every answer: without it on errors too, browsers see a
/// network failure.
///
/// `/rtc` serves two peer connections, `/rtc/v1` one. A doubled leading slash comes from base URLs that
/// end in one.
pub fn router(signaling: Signaling) -> Router {
    Router::new()
        .route("/rtc", get(rtc))
        .route("//rtc", get(rtc))
        .route("/rtc/validate", get(validate))
        .route("//rtc/validate", get(validate))
        .route("/rtc/v1", get(rtc_v1))
        .route("//rtc/v1", get(rtc_v1))
        .route("/rtc/v1/validate", get(validate_v1))
        .route("//rtc/v1/validate", get(validate_v1))
        .merge(whip::routes())
        .merge(twirp::routes())
        .layer(cors())
        .with_state(signaling)
}

/// Headers are mirrored, for `*` does not cover `Authorization`.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_headers(AllowHeaders::mirror_request())
        .allow_methods([
            Method::OPTIONS,
            Method::HEAD,
            Method::GET,
            Method::POST,
            Method::PATCH,
            Method::DELETE,
        ])
        .expose_headers([header::LOCATION, header::ETAG, header::LINK, header::RETRY_AFTER])
        .max_age(Duration::from_hours(24))
}

/// Bytes of a socket's read buffer, allocated for every participant: the usual frames are smaller, a long SDP takes a few
/// reads more. The library's default of 128 KiB would be a third of a participant's memory.
const READ_BUFFER_BYTES: usize = 4 * 1024;

/// Which of the two doors a request knocks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// `/rtc`: two peer connections, or one if there is a `join_request`.
    V0,
    /// `/rtc/v1`: one.
    V1,
}

async fn rtc(
    State(signaling): State<Signaling>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    open_socket(&signaling, Door::V0, upgrade, &headers, &uri).await
}

async fn rtc_v1(
    State(signaling): State<Signaling>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    open_socket(&signaling, Door::V1, upgrade, &headers, &uri).await
}

async fn open_socket(
    signaling: &Signaling,
    door: Door,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    headers: &HeaderMap,
    uri: &Uri,
) -> Response {
    let Ok(upgrade) = upgrade else {
        return signaling.refuse(Refusal::NotAnUpgrade);
    };
    let upgrade = upgrade
        .max_message_size(FRAME_BYTES_READ_MAX)
        .max_frame_size(FRAME_BYTES_READ_MAX)
        .read_buffer_size(READ_BUFFER_BYTES);
    let (admitted, signaling) = (signaling.admit(door, uri, headers).await, signaling.clone());
    match admitted {
        Ok(Admitted { session: Some(session), effects, events, registration }) => upgrade
            .on_upgrade(move |socket| {
                ws::run(socket, session, effects, events, registration, signaling)
            }),
        Ok(Admitted { session: None, effects, registration, .. }) => upgrade
            .on_upgrade(move |socket| ws::run_refused(socket, effects, registration, signaling)),
        Err(refusal) => signaling.refuse(refusal),
    }
}

async fn validate(State(signaling): State<Signaling>, headers: HeaderMap, uri: Uri) -> Response {
    answer_validation(&signaling, Door::V0, &headers, &uri).await
}

async fn validate_v1(State(signaling): State<Signaling>, headers: HeaderMap, uri: Uri) -> Response {
    answer_validation(&signaling, Door::V1, &headers, &uri).await
}

async fn answer_validation(
    signaling: &Signaling,
    door: Door,
    headers: &HeaderMap,
    uri: &Uri,
) -> Response {
    match signaling.validate(door, uri, headers).await {
        Ok(()) => "success".into_response(),
        Err(refusal) => signaling.refuse(refusal),
    }
}

/// A request that may join.
struct Checked {
    claims: Claims,
    room: RoomName,
    identity: Identity,
    parameters: Parameters,
    /// What the client asks at once.
    first: Vec<Request>,
}

/// A socket that may open.
struct Admitted {
    /// None for a resume that is answered with "join anew".
    session: Option<Session>,
    effects: Vec<Effect>,
    events: Arc<Outbox>,
    registration: Registration,
}

impl Signaling {
    fn refuse(&self, refusal: Refusal) -> Response {
        let status = refusal.status();
        self.shared.metrics.count_refusal(status);
        tracing::debug!(status = status.as_u16(), %refusal, "refused");
        refusal.into_response()
    }

    /// Everything that can be said without the media plane. The token first: nothing else is parsed
    /// without one.
    fn check(
        &self,
        door: Door,
        uri: &Uri,
        headers: &HeaderMap,
        now: Now,
    ) -> Result<Checked, Refusal> {
        self.check_origin(headers)?;
        if door == Door::V1 && needs_two_connections(headers) {
            return Err(Refusal::SinglePeerConnection);
        }
        let query = RawQuery::of(uri)?;
        let from_query = query.token();
        let token = bearer(headers)
            .or_else(|| from_query.as_ref().map(|token| token.expose().as_str()))
            .ok_or(Refusal::NoToken)?;
        let claims = token::verify(token, &self.shared.keys, now.unix_s())?;
        among(&claims.origins, headers)?;
        let (room, identity) = claims.join_subject()?;
        if self.shared.revocations.has(&claims) {
            return Err(Refusal::Revoked);
        }
        let (room, identity) = (room.clone(), identity.clone());
        let (parameters, first) = match query.join_request() {
            Some(request) => join_request::read(request)?,
            None if door == Door::V1 => return Err(ParameterError::Value("join_request").into()),
            None => (query.parse()?, Vec::new()),
        };
        // Who resumes names a session that is theirs: the newest token may have been lost with the line.
        if Entry::of(&parameters) == Entry::Fresh && self.shared.first_uses.has(&claims) {
            return Err(Refusal::Used);
        }
        Ok(Checked { room, identity, parameters, first, claims })
    }

    /// The token of a request without a socket, which is for joining.
    pub(crate) fn bearer(
        &self,
        headers: &HeaderMap,
    ) -> Result<(Claims, RoomName, Identity), Refusal> {
        self.check_origin(headers)?;
        let token = bearer(headers).ok_or(Refusal::NoToken)?;
        let claims = token::verify(token, &self.shared.keys, self.shared.clock.now().unix_s())?;
        among(&claims.origins, headers)?;
        let (room, identity) = claims.join_subject()?;
        if self.shared.revocations.has(&claims) {
            return Err(Refusal::Revoked);
        }
        let (room, identity) = (room.clone(), identity.clone());
        Ok((claims, room, identity))
    }

    /// Lets somebody in who offers once and has no socket.
    pub(crate) async fn join_fixed(
        &self,
        registration: &mut Registration,
        events: &Outbox,
        claims: &Claims,
        parameters: &Parameters,
    ) -> Result<Box<Joined>, Refusal> {
        self.check_memory()?;
        let now_s = self.shared.clock.now().unix_s();
        let first_use = self.shared.first_uses.begin(claims, now_s).map_err(|_| Refusal::Used)?;
        let joins_open_rooms = self.shared.config.joins_open_rooms;
        let asked = join(
            registration.session,
            claims,
            parameters,
            &Entry::Fresh,
            joins_open_rooms && !self.shared.is_at(Phase::Draining),
            self.shared.clock.now().unix_ms,
        )?;
        registration.join(Join { connections: Connections::OneOfferedOnce, ..asked })?;
        let answer = timeout(self.shared.config.join_timeout, answer(events)).await;
        match answer.map_err(|_| Refusal::NoAnswer)?.ok_or(Refusal::NoAnswer)? {
            Message::Joined(joined) => {
                first_use.kept();
                Ok(joined)
            }
            Message::Refused(refusal) => {
                registration.end();
                Err(self.refusal_of(refusal))
            }
            _ => Err(Refusal::NoAnswer),
        }
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        among(&self.shared.config.origins, headers)
    }

    /// Says what a join would be answered just now: a refusal that the same person has just got, or what the media
    /// plane says.
    async fn validate(&self, door: Door, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let now = self.shared.clock.now();
        let checked = self.check(door, uri, headers, now)?;
        match self.shared.refusals.recall(&checked.room, &checked.identity, now.instant) {
            Some(refusal) => Err(refusal),
            None => self.ask(&checked).await,
        }
    }

    async fn ask(&self, checked: &Checked) -> Result<(), Refusal> {
        if Entry::of(&checked.parameters) != Entry::Fresh {
            // A resume is never refused by status.
            return Ok(());
        }
        self.check_memory()?;
        let (mut registration, events) =
            Registration::open(&self.shared, &checked.room, &checked.identity)?;
        let join = self.join_of(&registration, checked, &Entry::Fresh)?;
        registration.join(Join { only_asks: true, ..join })?;
        let answer = timeout(self.shared.config.join_timeout, answer(&events)).await;
        let answer = answer.map_err(|_| Refusal::NoAnswer)?.ok_or(Refusal::NoAnswer)?;
        // There is no session that could end.
        registration.end();
        match answer {
            Message::Refused(refusal) => Err(self.refusal_of(refusal)),
            _ => Ok(()),
        }
    }

    /// Newcomers are refused before memory runs out.
    fn check_memory(&self) -> Result<(), Refusal> {
        let is_short = self.shared.is_memory_short.load(Ordering::Relaxed);
        if is_short { Err(Refusal::MemoryShort) } else { Ok(()) }
    }

    /// While the server drains no room is opened, and what is not there is not missing.
    fn refusal_of(&self, refusal: JoinRefusal) -> Refusal {
        match refusal {
            JoinRefusal::RoomNotFound if self.shared.is_at(Phase::Draining) => Refusal::Stopping,
            refusal => refusal.into(),
        }
    }

    fn join_of(
        &self,
        registration: &Registration,
        checked: &Checked,
        entry: &Entry,
    ) -> Result<Join, Refusal> {
        join(
            registration.session,
            &checked.claims,
            &checked.parameters,
            entry,
            self.shared.config.joins_open_rooms && !self.shared.is_at(Phase::Draining),
            self.shared.clock.now().unix_ms,
        )
    }

    async fn admit(&self, door: Door, uri: &Uri, headers: &HeaderMap) -> Result<Admitted, Refusal> {
        let checked = self.check(door, uri, headers, self.shared.clock.now())?;
        let (room, identity) = (checked.room.clone(), checked.identity.clone());
        let admitted = self.join(checked).await;
        match &admitted {
            Ok(_) => self.shared.refusals.forget(&room, &identity),
            Err(refusal) => {
                let now = self.shared.clock.now();
                self.shared.refusals.remember(&room, &identity, *refusal, now.instant);
            }
        }
        admitted
    }

    async fn join(&self, checked: Checked) -> Result<Admitted, Refusal> {
        let (mut registration, events) =
            Registration::open(&self.shared, &checked.room, &checked.identity)?;
        let entry = Entry::of(&checked.parameters);
        if entry == Entry::Fresh {
            self.check_memory()?;
        }
        let first_use = self.first_use(&entry, &checked.claims)?;
        let protocol = checked.parameters.client.protocol;
        if entry == Entry::Mismatched {
            return Ok(self.mismatched(protocol, events, registration));
        }
        registration.join(self.join_of(&registration, &checked, &entry)?)?;
        let answer = timeout(self.shared.config.join_timeout, answer(&events)).await;
        if self.shared.revocations.has(&checked.claims) {
            // Removed while it joined. What the media plane let in goes with the registration.
            return Err(Refusal::Revoked);
        }
        let now = self.shared.clock.now();
        let resumes = matches!(entry, Entry::Resumed(_));
        let simulated = self.shared.simulations.take(registration.room(), &checked.identity);
        let has_failed =
            checked.parameters.media_failed && matches!(answer, Ok(Some(Message::Resumed(_))));
        let ways = match simulated {
            Some(Next::Relayed(ways)) => ways,
            _ => self.ways(registration.room(), &checked.identity, has_failed, now.instant),
        };
        let room = registration.room().clone();
        let token = &checked.claims;
        let (session, identity) = (registration.session, checked.identity);
        let (config, keys) = (&self.shared.config, &self.shared.keys);
        let greeting = Greeting { session, room, identity, token, protocol, ways, config, keys };
        let opened = match answer.map_err(|_| Refusal::NoAnswer)?.ok_or(Refusal::NoAnswer)? {
            Message::Joined(joined) => {
                if let Some(first_use) = first_use {
                    first_use.kept();
                }
                count(&self.shared.metrics.joins);
                registration.speaks_for(&joined.participant.sid, joined.shard);
                let participant = joined.participant.sid.clone();
                tracing::info!(session = %registration.session, %participant, "joined");
                Some(greeting.joined(&joined, now))
            }
            Message::Resumed(resumed) => {
                count(&self.shared.metrics.resumes);
                if let Entry::Resumed(participant) = &entry {
                    registration.speaks_for(participant, resumed.shard);
                }
                tracing::info!(session = %registration.session, "resumed");
                greeting.resumed(*resumed, now).map(|opened| cut_short(opened, simulated))
            }
            Message::Refused(refusal) if !resumes => {
                registration.end();
                return Err(self.refusal_of(refusal));
            }
            // A resume is never refused by status: the client would give up instead of joining
            // anew.
            _ => {
                registration.end();
                None
            }
        };
        Ok(match opened {
            Some((mut session, mut effects)) => {
                for request in checked.first {
                    effects.extend(session.handle_first(request, now));
                }
                Admitted { session: Some(session), effects, events, registration }
            }
            None => self.mismatched(protocol, events, registration),
        })
    }

    /// Who resumes uses no token up.
    fn first_use(&self, entry: &Entry, claims: &Claims) -> Result<Option<FirstUse<'_>>, Refusal> {
        if *entry != Entry::Fresh {
            return Ok(None);
        }
        let now_s = self.shared.clock.now().unix_s();
        self.shared.first_uses.begin(claims, now_s).map(Some).map_err(|_| Refusal::Used)
    }

    /// The ways to the media plane for somebody, whose media may just have failed.
    fn ways(
        &self,
        room: &RoomName,
        identity: &Identity,
        has_failed: bool,
        now: std::time::Instant,
    ) -> Ways {
        if has_failed {
            self.shared.fallback.on_failure(room, identity, now);
        }
        self.shared.fallback.ways(room, identity, now)
    }

    fn mismatched(
        &self,
        protocol: u32,
        events: Arc<Outbox>,
        registration: Registration,
    ) -> Admitted {
        count(&self.shared.metrics.resumes_mismatched);
        Admitted { session: None, effects: Greeting::mismatched(protocol), events, registration }
    }
}

/// A resume that breaks at once, because its client has ordered it.
fn cut_short(
    (session, mut effects): (Session, Vec<Effect>),
    simulated: Option<Next>,
) -> (Session, Vec<Effect>) {
    let kept = match simulated {
        Some(Next::CloseAfterFirst) => 1,
        Some(Next::CloseBeforeFirst) => 0,
        Some(Next::Relayed(_)) | None => return (session, effects),
    };
    effects.truncate(kept);
    effects.push(Effect::End(End::Simulated));
    (session, effects)
}

/// Browsers say the page's origin; other clients say none.
fn among(allowed: &[String], headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let known = allowed.iter().any(|known| known.as_bytes() == origin.as_bytes());
    if allowed.is_empty() || known { Ok(()) } else { Err(Refusal::Origin) }
}

/// Firefox is served with two connections: in one, its sound and payload types go wrong (livekit issues 4379 and 4614).
/// Told that there is no such endpoint, livekit-client asks for two by itself.
fn needs_two_connections(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
    agent.is_some_and(|agent| agent.contains("Firefox/"))
}

/// The media plane's answer to a join; anything that comes before it belongs to nobody.
async fn answer(events: &Outbox) -> Option<Message> {
    loop {
        let message = events.take_one().await.ok()?.messages.pop()?;
        if matches!(
            message,
            Message::Joined(_) | Message::Resumed(_) | Message::Refused(_) | Message::Admissible
        ) {
            return Some(message);
        }
    }
}
