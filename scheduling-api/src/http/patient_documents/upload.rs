//! `PUT /v1/documents/{id}/parts/{number}`.

use std::time::Duration;

use axum::{
    body::{Body, BodyDataStream},
    extract::State,
    http::StatusCode,
};
use futures_util::StreamExt as _;
use serde::Deserialize;

use crate::{
    api::Api,
    domain::{actor::Caller, id::DocumentId},
    http::{body::At, error::Problem},
    usecase::documents::upload::{Begun, Wanted, begin_part},
};

/// Longest wait for the next bytes of a part.
const FRAME_WAIT: Duration = Duration::from_secs(20);

/// Which part of what.
#[derive(Deserialize)]
pub(super) struct Part {
    id: DocumentId,
    number: u64,
}

/// Uploads a part of a document
///
/// The bytes themselves, as many as `part_bytes` says, of the last part what is left. In any order, several at once;
/// a part that is there already is answered alike. The first part tells the document's type: what is no PDF, JPEG, PNG,
/// WebP, HEIC or text is refused with 415. After a broken connection or a restart, `missing` of the document says which to
/// send.
#[utoipa::path(
    put,
    path = "/v1/documents/{id}/parts/{number}",
    tag = "documents",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    params(
        ("id" = String, Path, description = "The document"),
        ("number" = u64, Path, description = "The part, from 0"),
    ),
    responses(
        (status = NO_CONTENT, description = "It is there"),
        (status = "4XX", description = "Not taken", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = [])),
)]
pub(super) async fn upload_part(
    State(api): State<Api>,
    caller: Caller,
    At(Part { id, number }): At<Part>,
    body: Body,
) -> Result<StatusCode, Problem> {
    // Asked first: nobody fills memory with what is not wanted.
    if let Begun::Wanted(wanted) = begin_part(&api, &caller, &id, number).await? {
        let bytes = read(body.into_data_stream(), &wanted).await?;
        wanted.keep(&api, bytes).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn read(mut body: BodyDataStream, wanted: &Wanted) -> Result<Vec<u8>, Problem> {
    let mut buffer = wanted.buffer();
    let whole = buffer.len() + wanted.bytes();
    loop {
        let Ok(frame) = tokio::time::timeout(FRAME_WAIT, body.next()).await else {
            return Err(Problem::part_length("nothing came for 20 seconds"));
        };
        match frame {
            None if buffer.len() == whole => return Ok(buffer),
            None => {
                return Err(Problem::part_length(format!("it must have {} bytes", wanted.bytes())));
            }
            Some(Err(_)) => return Err(Problem::part_length("it ended early")),
            Some(Ok(frame)) if buffer.len() + frame.len() > whole => {
                return Err(Problem::part_length(format!("it must have {} bytes", wanted.bytes())));
            }
            Some(Ok(frame)) => buffer.extend_from_slice(&frame),
        }
    }
}
