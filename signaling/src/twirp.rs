//! Server APIs: LiveKit's `RoomService` and what we have of its `Egress`, our `bedside.Admission` and `bedside.Recording`,
//! over Twirp (protocol version 7), as protobuf and as JSON.
//!
//! ```text
//! POST /twirp/<Service>/<Method>
//!   ─► row of METHODS (else unimplemented) ─► token ─► throttle ─► body ─► grant for that room ─► one method file
//! ```
//!
//! Owns: who may call what (`methods`), bodies (`codec`), how much at once (`throttle`), who was revoked
//! (`revocations`). A method file translates and asks the room's shard (`call`); it never holds a room itself. Every
//! path under `/twirp/` is answered in Twirp's error format.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method as HttpMethod, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use protocol::ids::RoomName;
use protocol::token::{self, Claims};

use crate::Signaling;
use crate::bearer::bearer;
use crate::error::Refusal;
use crate::limits::API_BODY_BYTES_MAX;
use crate::metrics::count;

mod admission;
mod call;
pub(crate) mod codec;
mod egress;
pub(crate) mod error;
pub(crate) mod methods;
mod recording;
pub(crate) mod revocations;
pub(crate) mod room_service;
pub(crate) mod throttle;

use call::Call;
use codec::{Encoding, Message};
use error::{Code, TwirpError};
use methods::{Grant, Row};

/// How long a call may take, its body included. Clients of server APIs wait 10 s or longer.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);

/// Everything under `/twirp/`.
pub(crate) fn routes() -> Router<Signaling> {
    Router::new().route("/twirp/{*path}", any(answer)).route("//twirp/{*path}", any(answer))
}

async fn answer(
    State(signaling): State<Signaling>,
    method: HttpMethod,
    headers: HeaderMap,
    uri: Uri,
    body: Body,
) -> Response {
    let metrics = signaling.shared.metrics.clone();
    count(&metrics.api_calls);
    let answered = answer_call(&signaling, &method, &headers, &uri, body);
    let answered = tokio::time::timeout(CALL_TIMEOUT, answered).await;
    let late = || TwirpError::new(Code::DeadlineExceeded, "the call took too long");
    match answered.unwrap_or_else(|_| Err(late())) {
        Ok(response) => response,
        Err(error) => {
            metrics.count_api_refusal(error.code);
            tracing::debug!(code = error.code.name(), "api call refused");
            error.into_response()
        }
    }
}

async fn answer_call(
    signaling: &Signaling,
    method: &HttpMethod,
    headers: &HeaderMap,
    uri: &Uri,
    body: Body,
) -> Result<Response, TwirpError> {
    let row = methods::find(uri.path())?;
    if *method != HttpMethod::POST {
        return Err(TwirpError::new(Code::BadRoute, "only POST is served here"));
    }
    let now = signaling.shared.clock.now();
    let token =
        bearer(headers).ok_or(TwirpError::new(Code::Unauthenticated, "no token is given"))?;
    let claims = token::verify(token, &signaling.shared.keys, now.unix_s())
        .map_err(|error| TwirpError::new(Code::Unauthenticated, error.to_string()))?;
    if signaling.shared.revocations.has(&claims) {
        return Err(TwirpError::new(Code::Unauthenticated, Refusal::Revoked.to_string()));
    }
    let _permit = signaling.shared.throttle.admit(now.instant)?;
    let encoding = Encoding::of(headers)?;
    let body = to_bytes(body, API_BODY_BYTES_MAX)
        .await
        .map_err(|_| TwirpError::new(Code::InvalidArgument, "the body is broken or too long"))?;
    let call = Call { signaling: signaling.clone(), claims, now };
    let request = Request { encoding, body: &body, grant: row.grant, call };
    room_service::dispatch(row.method, request).await
}

/// The answer to a body, for the fuzz targets: everything after the token.
pub(crate) async fn answer_body(
    signaling: &Signaling,
    claims: Claims,
    row: Row,
    is_json: bool,
    body: &[u8],
) -> Response {
    let encoding = if is_json { Encoding::Json } else { Encoding::Protobuf };
    let now = signaling.shared.clock.now();
    let call = Call { signaling: signaling.clone(), claims, now };
    let request = Request { encoding, body, grant: row.grant, call };
    let answer = room_service::dispatch(row.method, request).await;
    answer.unwrap_or_else(IntoResponse::into_response)
}

/// A call whose token is good. What it may do depends on its body.
pub(crate) struct Request<'a> {
    encoding: Encoding,
    body: &'a [u8],
    grant: Grant,
    call: Call,
}

impl Request<'_> {
    /// Answers a method that is about no room in particular.
    async fn serve<Q: Message, A: Message>(
        self,
        run: impl AsyncFnOnce(Call, Q) -> Result<A, TwirpError>,
    ) -> Result<Response, TwirpError> {
        let request: Q = self.encoding.decode(self.body)?;
        self.grant.check(&self.call.claims, None)?;
        Ok(self.encoding.encode(&run(self.call, request).await?))
    }

    /// Answers a method about one room, which `room` finds in the request.
    async fn serve_in_room<Q: Message, A: Message>(
        self,
        room: impl FnOnce(&Q) -> &str,
        run: impl AsyncFnOnce(Call, RoomName, Q) -> Result<A, TwirpError>,
    ) -> Result<Response, TwirpError> {
        let request: Q = self.encoding.decode(self.body)?;
        let room = RoomName::try_from(room(&request).to_owned())
            .map_err(|error| TwirpError::new(Code::InvalidArgument, format!("room {error}")))?;
        self.grant.check(&self.call.claims, Some(&room))?;
        Ok(self.encoding.encode(&run(self.call, room, request).await?))
    }
}
