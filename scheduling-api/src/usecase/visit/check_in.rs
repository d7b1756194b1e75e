//! Somebody comes to a visit, with what their device can do, and waits.

use protocol::redact::Redacted;

use super::{Visit, load};
use crate::{
    api::Api,
    domain::{
        access::Act,
        actor::Caller,
        consultation::participant::{DeviceCheck, Said, Tried},
        id::ConsultationId,
        profile,
    },
    usecase::{Failure, visit::load::Open},
};

/// What a device could do, as its page says.
pub(crate) struct Check {
    pub(crate) camera: Tried,
    pub(crate) microphone: Tried,
    pub(crate) speaker: Tried,
    pub(crate) network: Tried,
    pub(crate) browser: Option<String>,
    pub(crate) terms_version: Option<String>,
}

/// Checks somebody in. Once more only renews what the device could do.
pub(crate) async fn check_in(
    api: &Api,
    caller: &Caller,
    id: &ConsultationId,
    check: Check,
) -> Result<Visit, Failure> {
    let now = api.clock.now();
    let line = |field, text: Option<String>, max| {
        text.map(|text| profile::line(field, &text, max).map(Redacted::new)).transpose()
    };
    let check = DeviceCheck {
        camera: check.camera,
        microphone: check.microphone,
        speaker: check.speaker,
        network: check.network,
        said: Said {
            browser: line("/browser", check.browser, 200)?,
            terms_version: line("/terms_version", check.terms_version, 40)?,
        },
        at: now,
    };
    let mut open = Open::begin(api, caller, Act::CheckInConsultation, id, now).await?;
    open.consultation.refuse_closed(now)?;
    load::refuse_called_off(open.change.tx(), &open.consultation.appointment).await?;
    let me = load::me(&caller.actor, &open.consultation).ok_or(Failure::NotFound)?;
    open.consultation.check_in(&me, check, now)?;
    open.commit(api, caller, "consultation.checked_in", now).await
}
