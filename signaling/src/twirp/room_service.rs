//! `livekit.RoomService`: one method a file.

use axum::response::Response;

use super::Request;
use super::error::TwirpError;
use super::methods::Method;
use super::{admission, egress, recording};

mod create_room;
mod delete_room;
mod get_participant;
mod list_participants;
mod list_rooms;
mod mute_published_track;
mod perform_rpc;
pub(super) mod remove_participant;
mod send_data;
mod update_participant;
mod update_room_metadata;
mod update_subscriptions;

/// Answers a call.
pub(crate) async fn dispatch(method: Method, request: Request<'_>) -> Result<Response, TwirpError> {
    match method {
        Method::ListRooms => request.serve(list_rooms::run).await,
        Method::CreateRoom => request.serve_in_room(|asked| &asked.name, create_room::run).await,
        Method::DeleteRoom => request.serve_in_room(|asked| &asked.room, delete_room::run).await,
        Method::ListParticipants => {
            request.serve_in_room(|asked| &asked.room, list_participants::run).await
        }
        Method::GetParticipant => {
            request.serve_in_room(|asked| &asked.room, get_participant::run).await
        }
        Method::RemoveParticipant => {
            request.serve_in_room(|asked| &asked.room, remove_participant::run).await
        }
        Method::MutePublishedTrack => {
            request.serve_in_room(|asked| &asked.room, mute_published_track::run).await
        }
        Method::UpdateParticipant => {
            request.serve_in_room(|asked| &asked.room, update_participant::run).await
        }
        Method::UpdateSubscriptions => {
            request.serve_in_room(|asked| &asked.room, update_subscriptions::run).await
        }
        Method::SendData => request.serve_in_room(|asked| &asked.room, send_data::run).await,
        Method::PerformRpc => request.serve_in_room(|asked| &asked.room, perform_rpc::run).await,
        Method::Admit => request.serve_in_room(|asked| &asked.room, admission::admit).await,
        Method::Hold => request.serve_in_room(|asked| &asked.room, admission::hold).await,
        Method::Remove => request.serve_in_room(|asked| &asked.room, admission::remove).await,
        Method::Notify => request.serve_in_room(|asked| &asked.room, admission::notify).await,
        Method::StartParticipantEgress => {
            request.serve_in_room(|asked| &asked.room_name, egress::start_participant).await
        }
        Method::StartTrackEgress => {
            request.serve_in_room(|asked| &asked.room_name, egress::start_track).await
        }
        Method::ListEgress => request.serve(egress::list).await,
        Method::StopEgress => request.serve(egress::stop).await,
        Method::StartRecording => {
            request.serve_in_room(|asked| &asked.room, recording::start).await
        }
        Method::PauseRecording => {
            request.serve_in_room(|asked| &asked.room, recording::pause).await
        }
        Method::ResumeRecording => {
            request.serve_in_room(|asked| &asked.room, recording::resume).await
        }
        Method::StopRecording => request.serve_in_room(|asked| &asked.room, recording::stop).await,
        Method::AnswerRecording => {
            request.serve_in_room(|asked| &asked.room, recording::answer).await
        }
        Method::DescribeRecording => {
            request.serve_in_room(|asked| &asked.room, recording::describe).await
        }
        Method::UpdateRoomMetadata => {
            request.serve_in_room(|asked| &asked.room, update_room_metadata::run).await
        }
    }
}
