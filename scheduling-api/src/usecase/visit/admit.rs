//! Lets somebody in, sends them back to wait, or sends them away.
//!
//! The media server opens the door first, and then the row says so: if it does not answer, nothing has changed. If the
//! row cannot be written after all, the door is shut again.

use jiff::Timestamp;

use super::Visit;
use crate::{
    api::Api,
    domain::{
        access,
        actor::Caller,
        consultation::{Consultation, VisitError},
        id::{ConsultationId, ParticipantId},
    },
    ports::media,
    usecase::{
        Failure,
        visit::load::{self, Open},
    },
};

/// What becomes of somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// They are let in.
    Admit,
    /// They wait again.
    Hold,
    /// They are sent away.
    Remove,
}

impl Door {
    fn act(self) -> access::Act {
        match self {
            Self::Admit => access::Act::AdmitParticipant,
            Self::Hold => access::Act::HoldParticipant,
            Self::Remove => access::Act::RemoveParticipant,
        }
    }

    fn topic(self) -> &'static str {
        match self {
            Self::Admit => "consultation.admitted",
            Self::Hold => "consultation.held",
            Self::Remove => "consultation.removed",
        }
    }

    fn turn(
        self,
        one: &mut Consultation,
        who: &ParticipantId,
        now: Timestamp,
    ) -> Result<(), VisitError> {
        match self {
            Self::Admit => one.admit(who, now),
            Self::Hold => one.hold(who, now),
            Self::Remove => one.remove(who, now),
        }
    }

    fn asked(self, who: &ParticipantId) -> media::Act<'_> {
        match self {
            Self::Admit => media::Act::Admit(who.as_str()),
            Self::Hold => media::Act::Hold(who.as_str()),
            Self::Remove => media::Act::Remove(who.as_str()),
        }
    }
}

/// Turns the door for somebody.
pub(crate) async fn turn_door(
    api: &Api,
    caller: &Caller,
    (id, who): (&ConsultationId, &ParticipantId),
    door: Door,
) -> Result<Visit, Failure> {
    let now = api.clock.now();
    let mut seen = load::look(api, caller, door.act(), id, now).await?;
    door.turn(&mut seen, who, now)?;
    let media = &api.media.media;
    media.act(id.as_str(), door.asked(who), now.as_second()).await?;
    let written = write(api, caller, (id, who), door, now).await;
    if written.is_err() && door == Door::Admit {
        // Whoever was not let in by the row must not stay in the call. If this fails too, the next word of the media
        // server about them is answered with it.
        let _ = media.act(id.as_str(), media::Act::Hold(who.as_str()), now.as_second()).await;
    }
    written
}

async fn write(
    api: &Api,
    caller: &Caller,
    (id, who): (&ConsultationId, &ParticipantId),
    door: Door,
    now: Timestamp,
) -> Result<Visit, Failure> {
    let mut open = Open::begin(api, caller, door.act(), id, now).await?;
    door.turn(&mut open.consultation, who, now)?;
    if door == Door::Remove {
        crate::store::join_links::revoke_all(open.change.tx(), who, now).await?;
    }
    open.commit(api, caller, door.topic(), now).await
}
