//! Work that nobody asks for: runs beside the API, on every process that serves it.
//!
//! Never: a rule of its own. What it does, it does through use cases, which any number of processes may run at once.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::{
    api::Api,
    usecase::{expire, visit},
};

/// How often holds and requests that have ended are marked so. Hygiene only: an ended hold cannot be booked whether it is
/// marked or not.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// Works for ever.
pub async fn work(api: Api) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(failure) = expire::sweep(&api).await {
            tracing::warn!(%failure, "the sweep of ended holds was not finished");
        }
        if let Err(failure) = visit::sweep::sweep(&api).await {
            tracing::warn!(%failure, "the sweep of abandoned visits was not finished");
        }
    }
}
