//! One call, once its token is good: asks shards and waits for their answers.

use livekit_protocol as proto;
use protocol::ids::{Identity, RoomName, SessionId, TrackSid};
use protocol::token::Claims;
use sfu::handle::SendError;
use sfu::words::administration::{Act, ParticipantAct, Refused, Report, RoomAct};
use sfu::words::{
    command::Command,
    event::Message,
    info::{ParticipantInfo, RoomInfo},
};
use tokio::time::timeout;

use super::error::{Code, TwirpError};
use crate::clock::Now;
use crate::event_router::EventRouter;
use crate::media_link::MediaLink;
use crate::{Signaling, wire::from_media};

/// See the module.
pub(crate) struct Call {
    pub(crate) signaling: Signaling,
    pub(crate) claims: Claims,
    pub(crate) now: Now,
}

impl Call {
    pub(crate) fn link(&self) -> &dyn MediaLink {
        &*self.signaling.shared.link
    }

    /// Asks something of a room.
    pub(crate) async fn ask_room(
        &self,
        room: RoomName,
        act: RoomAct,
    ) -> Result<Report, TwirpError> {
        let shard = self.link().home_of(&room).ok_or(Refused::NoRoom)?;
        let act = Box::new(Act::InRoom { room, act });
        self.ask(|session| self.link().send(shard, Command::Administer { session, act })).await
    }

    /// Asks something of a participant.
    pub(crate) async fn ask_participant(
        &self,
        room: RoomName,
        identity: Identity,
        act: ParticipantAct,
    ) -> Result<Report, TwirpError> {
        self.ask_room(room, RoomAct::OfParticipant { identity, act }).await
    }

    /// Asks something of a room, and goes on to hear what comes after the answer until `heard` has enough. Never ends by
    /// itself: the caller has a deadline.
    pub(crate) async fn converse<T>(
        &self,
        room: RoomName,
        act: impl FnOnce(SessionId) -> RoomAct,
        mut heard: impl FnMut(Vec<u8>) -> Option<T>,
    ) -> Result<T, TwirpError> {
        let shard = self.link().home_of(&room).ok_or(Refused::NoRoom)?;
        let router = self.signaling.shared.events.clone();
        let (session, answers) = router.open();
        let _question = Question { router, session };
        let act = Box::new(Act::InRoom { room, act: act(session) });
        self.link().send(shard, Command::Administer { session, act })?;
        loop {
            let Ok(batch) = answers.take_one().await else { return Err(silent()) };
            for message in batch.messages {
                match message {
                    Message::Administered(answer) => drop((*answer)?),
                    Message::Answered(packet) => {
                        if let Some(found) = heard(packet) {
                            return Ok(found);
                        }
                    }
                    _ => return Err(silent()),
                }
            }
        }
    }

    /// Sends a question under a session of its own, and waits for its one answer.
    pub(crate) async fn ask(
        &self,
        send: impl FnOnce(SessionId) -> Result<(), SendError>,
    ) -> Result<Report, TwirpError> {
        let router = self.signaling.shared.events.clone();
        let (session, answers) = router.open();
        let _question = Question { router, session };
        send(session)?;
        let answer = timeout(self.signaling.shared.config.join_timeout, answers.take_one()).await;
        match answer.ok().and_then(Result::ok).and_then(|mut batch| batch.messages.pop()) {
            Some(Message::Administered(answer)) => Ok((*answer)?),
            _ => Err(silent()),
        }
    }
}

fn silent() -> TwirpError {
    TwirpError::new(Code::Unavailable, "the media server does not answer")
}

/// While it lives, an answer finds its way.
struct Question {
    router: EventRouter,
    session: SessionId,
}

impl Drop for Question {
    fn drop(&mut self) {
        self.router.close(self.session, None);
    }
}

/// The identity that a request names.
pub(crate) fn identity(text: &str) -> Result<Identity, TwirpError> {
    Identity::try_from(text.to_owned())
        .map_err(|error| TwirpError::new(Code::InvalidArgument, format!("identity {error}")))
}

/// Sids that are none of ours are left out: nobody has such a track.
pub(crate) fn tracks(sids: impl IntoIterator<Item = String>) -> Vec<TrackSid> {
    sids.into_iter().filter_map(|sid| TrackSid::try_from(sid).ok()).collect()
}

pub(crate) fn room(info: RoomInfo) -> proto::Room {
    from_media::room(info)
}

pub(crate) fn participant(info: ParticipantInfo) -> proto::ParticipantInfo {
    from_media::participant(info)
}

/// A shard answered something else than was asked: a fault of ours.
pub(crate) fn unexpected(report: &Report) -> TwirpError {
    debug_assert!(false, "an act has one kind of report, not {report:?}");
    TwirpError::new(Code::Internal, "an unexpected answer")
}
