//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep): a sender or a viewer that speaks HTTP and WebRTC and nothing else,
//! with a room token.
//!
//! ```text
//! POST   /whip/v1, /whep/v1          offer ─► join, add_track for each section that sends, offer ─► 201, answer
//! PATCH  /whip/v1/{participant}      candidates (none are needed), or new ICE credentials ─► new ones of ours
//! DELETE /whip/v1/{participant}      the participant leaves
//! ```
//!
//! Owns: these requests and their statuses. What such a client is in its room is an ordinary participant with one
//! connection; its life is a task (`resource`). Errors are problem details (RFC 9457). Never: a second offer: what is
//! published after a viewer came needs another request of it.

mod fragment;
mod offer;
mod problem;
mod resource;

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{patch, post};
use livekit_protocol as proto;
use protocol::ids::{Identity, ParticipantSid, RoomName};
use protocol::token::Claims;
use sfu::words::command::RemoteDescription;
use tokio::time::timeout;

use crate::Signaling;
use crate::limits::WHIP_FRAGMENT_BYTES_MAX;
use fragment::Fragment;
use problem::Problem;
pub(crate) use resource::Resources;

/// What a client of one of the two endpoints does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// WHIP.
    Sends,
    /// WHEP.
    Views,
}

impl Part {
    fn path(self) -> &'static str {
        match self {
            Self::Sends => "/whip/v1",
            Self::Views => "/whep/v1",
        }
    }
}

/// The two endpoints and their resources.
pub(crate) fn routes() -> Router<Signaling> {
    let whip = post(|state, headers, body| begin(state, Part::Sends, headers, body));
    let whep = post(|state, headers, body| begin(state, Part::Views, headers, body));
    let resource = || patch(change).delete(end);
    Router::new()
        .route("/whip/v1", whip.options(what_is_taken))
        .route("/whep/v1", whep.options(what_is_taken))
        .route("/whip/v1/{participant}", resource())
        .route("/whep/v1/{participant}", resource())
}

const SDP: &str = "application/sdp";
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// How long a body may take: as a server API's.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

async fn what_is_taken() -> Response {
    (StatusCode::NO_CONTENT, [("accept-post", SDP), ("accept-patch", FRAGMENT)]).into_response()
}

async fn begin(
    State(signaling): State<Signaling>,
    part: Part,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let begun = async {
        let bearer = Bearer::of(&signaling, &headers)?;
        let text = text(&headers, SDP, body, sfu::limits::SDP_BYTES_MAX).await?;
        let description = RemoteDescription::parse(&text)?;
        let tracks = offer::tracks(&description, part, &bearer.claims.permission)?;
        let begun = resource::begin(&signaling, &bearer, part, description, tracks).await?;
        Ok::<_, Problem>(created(part, begun))
    };
    begun.await.unwrap_or_else(|problem| problem.respond(&signaling))
}

fn created(part: Part, begun: resource::Begun) -> Response {
    let location = format!("{}/{}", part.path(), begun.participant.as_str());
    let mut response = (StatusCode::CREATED, begun.answer).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SDP));
    headers.insert("accept-patch", HeaderValue::from_static(FRAGMENT));
    let values = [(header::LOCATION, location), (header::ETAG, begun.etag)];
    let links = begun.ice_servers.iter().flat_map(links_of).map(|link| (header::LINK, link));
    for (name, value) in values.into_iter().chain(links) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.append(name, value);
        }
    }
    response
}

/// RFC 9725 §4.6.
fn links_of(server: &proto::IceServer) -> impl Iterator<Item = String> {
    let (username, credential) = (&server.username, &server.credential);
    server.urls.iter().map(move |url| {
        format!(
            "<{url}>; rel=\"ice-server\"; username=\"{username}\"; credential=\"{credential}\"; \
             credential-type=\"password\""
        )
    })
}

async fn change(
    State(signaling): State<Signaling>,
    Path(participant): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let changed = async {
        let resource = Bearer::of(&signaling, &headers)?.resource(&signaling, participant)?;
        let tag = headers.get(header::IF_MATCH).ok_or(Problem::NoTag)?;
        let tag = tag.to_str().map_err(|_| Problem::OtherTag)?.to_owned();
        let text = text(&headers, FRAGMENT, body, WHIP_FRAGMENT_BYTES_MAX).await?;
        let fragment = Fragment::read(&text).ok_or(Problem::Fragment)?;
        Ok::<_, Problem>(match resource.change(tag, fragment).await? {
            None => StatusCode::NO_CONTENT.into_response(),
            Some((etag, fragment)) => {
                let headers = [(header::CONTENT_TYPE, FRAGMENT.to_owned()), (header::ETAG, etag)];
                (StatusCode::OK, headers, fragment).into_response()
            }
        })
    };
    changed.await.unwrap_or_else(|problem| problem.respond(&signaling))
}

async fn end(
    State(signaling): State<Signaling>,
    Path(participant): Path<String>,
    headers: HeaderMap,
) -> Response {
    let ended = async {
        Bearer::of(&signaling, &headers)?.resource(&signaling, participant)?.end().await;
        Ok::<_, Problem>(StatusCode::OK.into_response())
    };
    ended.await.unwrap_or_else(|problem| problem.respond(&signaling))
}

/// Whose token a request carries.
pub(crate) struct Bearer {
    claims: Claims,
    room: RoomName,
    identity: Identity,
}

impl Bearer {
    fn of(signaling: &Signaling, headers: &HeaderMap) -> Result<Self, Problem> {
        let (claims, room, identity) = signaling.bearer(headers)?;
        Ok(Self { claims, room, identity })
    }

    /// The resource of this name, if it is this person's: another's is not there.
    fn resource(&self, signaling: &Signaling, name: String) -> Result<resource::Door, Problem> {
        let sid = ParticipantSid::try_from(name).map_err(|_| Problem::NoResource)?;
        let door = signaling.shared.whip.find(&sid, &self.room, &self.identity);
        door.ok_or(Problem::NoResource)
    }
}

/// A body of one type, within its bound.
async fn text(
    headers: &HeaderMap,
    kind: &str,
    body: Body,
    bytes_max: usize,
) -> Result<String, Problem> {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let said = said.and_then(|value| value.split(';').next()).unwrap_or_default();
    if !said.trim().eq_ignore_ascii_case(kind) {
        return Err(Problem::Type);
    }
    let bytes = timeout(BODY_TIMEOUT, to_bytes(body, bytes_max)).await;
    let bytes = bytes.map_err(|_| Problem::Slow)?.map_err(|_| Problem::TooLarge)?;
    String::from_utf8(bytes.into()).map_err(|_| Problem::Text)
}
