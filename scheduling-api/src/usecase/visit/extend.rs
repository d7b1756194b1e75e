//! Lets a visit take longer. The calendar is not touched: what comes after it waits, and is told so by its own notice.

use super::Visit;
use crate::{
    api::Api,
    domain::{access::Act, actor::Caller, id::ConsultationId},
    usecase::{Failure, visit::load::Open},
};

/// Moves the planned end.
pub(crate) async fn extend(
    api: &Api,
    caller: &Caller,
    id: &ConsultationId,
    minutes: i64,
) -> Result<Visit, Failure> {
    let now = api.clock.now();
    let mut open = Open::begin(api, caller, Act::ExtendConsultation, id, now).await?;
    open.consultation.extend(minutes, now)?;
    open.commit(api, caller, "consultation.extended", now).await
}
