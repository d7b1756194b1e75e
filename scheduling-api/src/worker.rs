//! Work that nobody asks for: runs beside the API, on every process that serves it.
//!
//! Never: a rule of its own. What it does, it does through use cases, which any number of processes may run at once.
//!
//! ```text
//! hand out ─► tell watchers        (rung by a commit, or every second)
//! send                             (rung by a hand-out, or every second)
//! pay                              (every second)
//! sweep                            (every half minute)
//! ```

use std::time::Duration;

use tokio::{
    sync::Notify,
    time::{MissedTickBehavior, interval, timeout},
};

use crate::{
    api::Api,
    domain::notification::Channel,
    usecase::{
        Failure,
        data_requests::carry_out,
        expire,
        outbound::{fan_out::fan_out, send::send_due, tail::tail},
        payments, sweep, visit,
    },
};

/// How often holds and requests that have ended are marked so. Hygiene only: an ended hold cannot be booked whether it is
/// marked or not.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// How often the tables are looked at when nobody rings: for what is due by the clock, and for what another process has
/// left.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How long after a failure the next try is made: a database that is away is not asked a thousand times.
const REST: Duration = Duration::from_secs(2);

/// Works for ever.
pub async fn work(api: Api) {
    let [email, sms, webhook] = [Notify::new(), Notify::new(), Notify::new()];
    let all = [&email, &sms, &webhook];
    // Each channel on its own: a provider that hangs holds up nobody else's.
    tokio::join!(
        hand_out(&api, &all),
        send(&api, Channel::Email, &email),
        send(&api, Channel::Sms, &sms),
        send(&api, Channel::Webhook, &webhook),
        pay(&api),
        sweep_often(&api)
    );
}

/// One round of everything that is due now: for tests, and for whoever calls it by hand.
///
/// # Errors
/// When the database refuses: the failure in words.
pub async fn work_once(api: &Api) -> Result<(), String> {
    let round = async {
        while fan_out(api).await? + carry_out(api).await? > 0 {}
        tail(api).await?;
        while payments::work::work(api).await? > 0 {}
        while fan_out(api).await? > 0 {}
        tail(api).await?;
        for channel in Channel::ALL {
            while send_due(api, channel).await? > 0 {}
        }
        Ok::<_, Failure>(())
    };
    round.await.map_err(|failure| failure.to_string())
}

/// One sweep: how many rows were forgotten.
///
/// # Errors
/// When the database refuses: the failure in words.
pub async fn sweep_once(api: &Api) -> Result<u64, String> {
    sweep::sweep(api).await.map_err(|failure| failure.to_string())
}

async fn hand_out(api: &Api, handed_out: &[&Notify]) {
    loop {
        let done = async {
            let count = fan_out(api).await?;
            tail(api).await?;
            let carried_out = if count > 0 { carry_out(api).await? } else { 0 };
            Ok::<_, Failure>(count + carried_out)
        };
        match done.await {
            Ok(0) => {
                let _ = timeout(LOOK_EVERY, api.store.news().notified()).await;
            }
            Ok(_) => handed_out.iter().for_each(|channel| channel.notify_one()),
            Err(failure) => {
                tracing::warn!(%failure, "messages were not handed out");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn send(api: &Api, channel: Channel, handed_out: &Notify) {
    loop {
        match send_due(api, channel).await {
            Ok(0) => {
                let _ = timeout(LOOK_EVERY, handed_out.notified()).await;
            }
            Ok(_) => {}
            Err(failure) => {
                tracing::warn!(%failure, "deliveries were not sent");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn pay(api: &Api) {
    loop {
        match payments::work::work(api).await {
            Ok(0) => tokio::time::sleep(LOOK_EVERY).await,
            Ok(_) => {}
            Err(failure) => {
                tracing::warn!(%failure, "payments were not looked at");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn sweep_often(api: &Api) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(failure) = expire::sweep(api).await {
            tracing::warn!(%failure, "the sweep of ended holds was not finished");
        }
        if let Err(failure) = visit::sweep::sweep(api).await {
            tracing::warn!(%failure, "the sweep of abandoned visits was not finished");
        }
        // Approved by another process, or before a crash.
        if let Err(failure) = carry_out(api).await {
            tracing::warn!(%failure, "requests about data were not carried out");
        }
        if let Err(failure) = sweep::sweep(api).await {
            tracing::warn!(%failure, "the sweep of old rows was not finished");
        }
    }
}
