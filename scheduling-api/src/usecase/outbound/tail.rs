//! Reads what was handed out, by this process or another, and tells those who watch here.

use crate::{
    api::Api,
    store::{Scope, live_events},
    usecase::Failure,
};

/// Events read at once.
const BATCH: u32 = 500;

/// Tells those who watch what is new. Reads nothing while nobody does.
pub(crate) async fn tail(api: &Api) -> Result<(), Failure> {
    while let Some(cursor) = api.live.cursor() {
        let mut tx = api.store.read(Scope::Platform).await?;
        let events = live_events::all_after(&mut tx, cursor, BATCH).await?;
        drop(tx);
        let more = events.len() >= BATCH as usize;
        api.live.tell(events);
        if !more {
            break;
        }
    }
    Ok(())
}
