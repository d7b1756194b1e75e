//! Ends a visit for everybody: the media server closes the room, and then it is over.

use super::Visit;
use crate::{
    api::Api,
    domain::{access, actor::Caller, id::ConsultationId},
    ports::media::Act,
    usecase::{
        Failure,
        visit::load::{self, Open},
    },
};

/// Ends it. Once more changes nothing.
pub(crate) async fn end_consultation(
    api: &Api,
    caller: &Caller,
    id: &ConsultationId,
) -> Result<Visit, Failure> {
    let now = api.clock.now();
    let act = access::Act::EndConsultation;
    load::look(api, caller, act, id, now).await?;
    api.media.media.act(id.as_str(), Act::Close, now.as_second()).await?;
    let mut open = Open::begin(api, caller, act, id, now).await?;
    let before = open.consultation.rev;
    open.consultation.end(now);
    if open.consultation.rev == before {
        let (actor, role) = (&caller.actor, open.permit.role());
        return load::view(open.change.tx(), api, actor, role, open.consultation, now).await;
    }
    open.commit(api, caller, "consultation.ended", now).await
}
