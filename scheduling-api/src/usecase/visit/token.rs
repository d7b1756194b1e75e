//! A token for the call: to take part with, or to wait with. Asked for as often as somebody connects.

use std::collections::BTreeMap;

use protocol::permission::{Admission, NOTICE_ATTRIBUTE, Permission};

use super::load;
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        consultation::{PARTICIPANTS_MAX, State, participant::PartRole},
        id::ConsultationId,
    },
    store::record_settings,
    usecase::{
        Failure,
        join::{self, Entrance, RoomToken},
        visit::load::Open,
    },
};

/// Recorders and second devices beside everybody who can be invited.
const SEATS_BESIDE: u32 = 4;

/// Mints a token for the caller; whether it lets them in.
pub(crate) async fn create_visit_token(
    api: &Api,
    caller: &Caller,
    id: &ConsultationId,
) -> Result<(RoomToken, bool), Failure> {
    let now = api.clock.now();
    let mut open = Open::begin(api, caller, Act::CreateVisitToken, id, now).await?;
    open.consultation.refuse_closed(now)?;
    load::refuse_called_off(open.change.tx(), &open.consultation.appointment).await?;
    let me = load::me(&caller.actor, &open.consultation).ok_or(Failure::NotFound)?;
    let admitted = open.consultation.entry(&me, now)?;
    let role = open.consultation.participant(&me)?.role;
    let (_, settings) = record_settings::find(open.change.tx(), &open.consultation.clinic).await?;
    let opens = role == PartRole::Practitioner && open.consultation.state == State::Scheduled;
    if opens {
        open.consultation.open(now)?;
    } else {
        let one = &open.consultation;
        open.change.saw(&open.permit, "consultation", Some(one.id.as_str()), Some(&one.patient));
    }
    let visit = if opens {
        open.commit(api, caller, "consultation.opened", now).await?
    } else {
        let (actor, role) = (&caller.actor, open.permit.role());
        let consultation = open.consultation.clone();
        let visit = load::view(open.change.tx(), api, actor, role, consultation, now).await?;
        open.change.commit(None, &()).await?;
        visit
    };
    let one = visit.consultation.participant(&me)?;
    // Who has the appointment, not every clinician who was invited; and only what can be taken into the record.
    let is_kept = settings.recording && api.recordings.is_some();
    let may_record = role == PartRole::Practitioner && admitted && is_kept;
    let mut attributes = BTreeMap::from([("role".to_owned(), role.name().to_owned())]);
    if let Some(notice) = visit.consultation.notice.as_ref().filter(|_| !admitted) {
        attributes.insert(NOTICE_ATTRIBUTE.to_owned(), notice.expose().clone());
    }
    let entrance = Entrance {
        room: visit.consultation.id.as_str(),
        identity: one.id.as_str(),
        name: &visit.name_of(one),
        permission: Permission::default(),
        admission: Some(if admitted { Admission::Admitted } else { Admission::Waiting }),
        attributes,
        metadata: String::new(),
        participants_max: u32::try_from(PARTICIPANTS_MAX).ok().map(|max| max + SEATS_BESIDE),
        may_record,
        origins: Vec::new(),
    };
    Ok((join::room_token(api, entrance, now)?, admitted))
}
