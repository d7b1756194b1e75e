//! Tells who waits something: "running ten minutes late".

use super::Visit;
use crate::{
    api::Api,
    domain::{access, actor::Caller, consultation::participant::PartState, id::ConsultationId},
    ports::media::Act,
    usecase::{Failure, visit::load::Open},
};

/// Tells it, or takes it back. Who waits sees it by their next look at the visit, and in the call at once if the media
/// server can be reached.
pub(crate) async fn set_notice(
    api: &Api,
    caller: &Caller,
    id: &ConsultationId,
    text: Option<String>,
) -> Result<Visit, Failure> {
    let now = api.clock.now();
    let mut open = Open::begin(api, caller, access::Act::SetNotice, id, now).await?;
    open.consultation.tell(text, now)?;
    let visit = open.commit(api, caller, "consultation.notice", now).await?;
    let one = &visit.consultation;
    let text = one.notice.as_ref().map(|notice| notice.expose().as_str()).unwrap_or_default();
    for part in one.participants.iter().filter(|part| part.state == PartState::Waiting) {
        let told = Act::Notify(part.id.as_str(), text);
        if api.media.media.act(id.as_str(), told, now.as_second()).await.is_err() {
            break;
        }
    }
    Ok(visit)
}
