//! What there is of `livekit.Egress`: a participant or a track, as it was sent, in files of this server.
//!
//! Nothing is composed, transcoded, streamed or uploaded: a request for that is refused instead of half served. People are
//! asked first, whoever calls: an egress is `EGRESS_STARTING` until everyone present has said yes.

use livekit_protocol::{
    self as proto, direct_file_output, egress_info, encoded_file_output, track_egress_request,
};
use protocol::ids::{EgressSid, RoomName, TrackSid};
use sfu::words::administration::{Refused, Report, RoomAct};
use sfu::words::recording::{
    LayerPolicy, RecordAct, RecordingInfo, RecordingReport, RecordingStatus, Scope, StartRecording,
};

use super::call::{Call, identity, unexpected};
use super::error::{Code, TwirpError};
use crate::wire::from_media;

/// Most egresses in one answer: the newest.
const LISTED_MAX: usize = 256;

pub(super) async fn start_participant(
    call: Call,
    room: RoomName,
    request: proto::ParticipantEgressRequest,
) -> Result<proto::EgressInfo, TwirpError> {
    let is_elsewhere = |one: &proto::EncodedFileOutput| {
        let output: &Option<encoded_file_output::Output> = &one.output;
        output.is_some() || one.file_type != proto::EncodedFileType::DefaultFiletype as i32
    };
    if request.options.is_some() || request.file_outputs.iter().any(is_elsewhere) {
        return Err(refuse(
            "nothing is transcoded or uploaded: leave options, type and storage out",
        ));
    }
    let others = [
        request.stream_outputs.is_empty(),
        request.segment_outputs.is_empty(),
        request.image_outputs.is_empty(),
        request.webhooks.is_empty(),
    ];
    if others.contains(&false) {
        return Err(refuse("there are no streams, segments, images or webhooks of an egress here"));
    }
    let scope = Scope::Participant(identity(&request.identity)?);
    let mut info = start(&call, room, scope).await?;
    info.request = Some(egress_info::Request::Participant(request));
    Ok(info)
}

pub(super) async fn start_track(
    call: Call,
    room: RoomName,
    request: proto::TrackEgressRequest,
) -> Result<proto::EgressInfo, TwirpError> {
    match &request.output {
        None => {}
        Some(track_egress_request::Output::File(file)) => {
            let output: &Option<direct_file_output::Output> = &file.output;
            if output.is_some() {
                return Err(refuse("nothing is uploaded: leave the storage out"));
            }
        }
        Some(track_egress_request::Output::WebsocketUrl(_)) => {
            return Err(refuse("tracks are not sent to web sockets"));
        }
    }
    if !request.webhooks.is_empty() {
        return Err(refuse("there are no webhooks of an egress here"));
    }
    let track = TrackSid::try_from(request.track_id.clone()).map_err(|_| Refused::NoTrack)?;
    let mut info = start(&call, room, Scope::Track(track)).await?;
    info.request = Some(egress_info::Request::Track(request));
    Ok(info)
}

pub(super) async fn list(
    call: Call,
    request: proto::ListEgressRequest,
) -> Result<proto::ListEgressResponse, TwirpError> {
    let is_asked = |info: &RecordingInfo| {
        is_of_token(&call, &info.room_name)
            && (request.room_name.is_empty() || info.room_name.as_str() == request.room_name)
            && (request.egress_id.is_empty() || info.id.as_str() == request.egress_id)
            && (!request.active || !has_ended(info))
    };
    let newest = call.link().recordings().into_iter().rev().filter(is_asked).take(LISTED_MAX);
    let items = newest.map(from_media::egress).collect();
    Ok(proto::ListEgressResponse { items, next_page_token: None })
}

pub(super) async fn stop(
    call: Call,
    request: proto::StopEgressRequest,
) -> Result<proto::EgressInfo, TwirpError> {
    let id = EgressSid::try_from(request.egress_id).map_err(|_| Refused::NoRecording)?;
    let known = call.link().recordings().into_iter().find(|one| one.id == id);
    let info = known.filter(|one| is_of_token(&call, &one.room_name));
    let info = info.ok_or(Refused::NoRecording)?;
    if has_ended(&info) {
        return Err(TwirpError::new(Code::FailedPrecondition, "the egress has ended"));
    }
    let act = RecordAct::Stop { id: Some(id) };
    let _ = ask(&call, info.room_name.clone(), act).await?;
    Ok(from_media::egress(RecordingInfo { status: RecordingStatus::Ending, ..info }))
}

async fn start(call: &Call, room: RoomName, scope: Scope) -> Result<proto::EgressInfo, TwirpError> {
    let start = StartRecording {
        scope,
        version: call.signaling.shared.config.recording_version.clone(),
        layer: LayerPolicy::Best,
        unix_ms: call.now.unix_ms,
    };
    let report = ask(call, room.clone(), RecordAct::Start(start)).await?;
    Ok(from_media::egress(RecordingInfo {
        id: report.id,
        room: report.room,
        room_name: room,
        scope: report.scope,
        status: RecordingStatus::Starting,
        started_unix_ms: 0,
        ended_unix_ms: 0,
        updated_unix_ms: report.asked_unix_ms,
        error: String::new(),
        folder: String::new(),
        files: Vec::new(),
    }))
}

/// Asks something of a room's recording.
pub(super) async fn ask(
    call: &Call,
    room: RoomName,
    act: RecordAct,
) -> Result<RecordingReport, TwirpError> {
    match call.ask_room(room, RoomAct::Record(Box::new(act))).await? {
        Report::Recording(report) => Ok(*report),
        other => Err(unexpected(&other)),
    }
}

/// A token that names a room is about that room.
fn is_of_token(call: &Call, room: &RoomName) -> bool {
    call.claims.room.as_ref().is_none_or(|named| named == room)
}

fn has_ended(info: &RecordingInfo) -> bool {
    match info.status {
        RecordingStatus::Starting | RecordingStatus::Active | RecordingStatus::Ending => false,
        RecordingStatus::Complete | RecordingStatus::Failed | RecordingStatus::Aborted => true,
    }
}

fn refuse(text: &'static str) -> TwirpError {
    TwirpError::new(Code::InvalidArgument, text)
}
