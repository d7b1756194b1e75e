//! Work that nobody asks for: runs beside the API, on every process that serves it.
//!
//! Never: a rule of its own. What it does, it does through use cases, which any number of processes may run at once.
//!
//! ```text
//! hand out ─► tell watchers        (rung by a commit, or every second)
//! send                             (rung by a hand-out, or every second)
//! pay                              (every second)
//! take recordings                  (every other second)
//! sweep                            (every half minute)
//! ```

use std::time::Duration;

use jiff::Timestamp;
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
        documents::{
            check::{check_due, expire_uploads},
            empty::empty_due,
            recordings::{end_recordings, take_in},
        },
        expire, no_show,
        outbound::{fan_out::fan_out, send::send_due, tail::tail},
        payments, queue, sweep, visit, waitlist,
    },
};

/// How often holds and requests that have ended are marked so. Hygiene only: an ended hold cannot be booked whether it is
/// marked or not.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// After how many sweeps clinics' own days are looked at: hourly, for what is counted in days.
const RETENTION_EVERY: u32 = 120;

/// How often the tables are looked at when nobody rings: for what is due by the clock, and for what another process has
/// left.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often recordings that are over are looked for: whoever ends one wants to see it soon.
const RECORDINGS_EVERY: Duration = Duration::from_secs(2);

/// How long after a failure the next try is made: a database that is away is not asked a thousand times.
const REST: Duration = Duration::from_secs(2);

/// Works for ever.
pub async fn work(api: Api) {
    let bells = Channel::ALL.map(|_| Notify::new());
    let [email, sms, whatsapp, push, webhook] = &bells;
    // Each channel on its own: a provider that hangs holds up nobody else's.
    tokio::join!(
        hand_out(&api, &bells),
        send(&api, Channel::Email, email),
        send(&api, Channel::Sms, sms),
        send(&api, Channel::WhatsApp, whatsapp),
        send(&api, Channel::Push, push),
        send(&api, Channel::Webhook, webhook),
        look_after_documents(&api),
        take_recordings(&api),
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
        waitlist::offer::offer_what_is_free(api).await?;
        queue::sweep(api).await?;
        while fan_out(api).await? + carry_out(api).await? > 0 {}
        while take_in(api).await? + check_due(api).await? + empty_due(api).await? > 0 {}
        while fan_out(api).await? > 0 {}
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
    let swept = async {
        let expired = expire_uploads(api).await?;
        let ended = end_recordings(api).await?;
        let swept = sweep::sweep(api).await? + sweep::sweep_by_clinic(api).await?;
        Ok::<_, Failure>(swept + ended + expired as u64)
    };
    swept.await.map_err(|failure| failure.to_string())
}

/// Ends what time has decided about appointments: for tests. How many. `since` is when the program began to run.
///
/// # Errors
/// When the database refuses: the failure in words.
pub async fn decide_by_time_once(api: &Api, since: Timestamp) -> Result<usize, String> {
    let decided =
        async { Ok::<_, Failure>(expire::sweep(api).await? + no_show::sweep(api, since).await?) };
    decided.await.map_err(|failure| failure.to_string())
}

/// Waits until data can be read and written: what is looked at without its keys would count as lost.
async fn keys_are_open(api: &Api) {
    while !api.keys.is_open() {
        tokio::time::sleep(REST).await;
    }
}

async fn hand_out(api: &Api, handed_out: &[Notify]) {
    loop {
        keys_are_open(api).await;
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
            Ok(_) => handed_out.iter().for_each(Notify::notify_one),
            Err(failure) => {
                tracing::warn!(%failure, "messages were not handed out");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

async fn send(api: &Api, channel: Channel, handed_out: &Notify) {
    loop {
        keys_are_open(api).await;
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

async fn look_after_documents(api: &Api) {
    loop {
        keys_are_open(api).await;
        let done = async { Ok::<_, Failure>(check_due(api).await? + empty_due(api).await?) };
        match done.await {
            Ok(0) => tokio::time::sleep(LOOK_EVERY).await,
            Ok(_) => {}
            Err(failure) => {
                tracing::warn!(%failure, "documents were not looked after");
                tokio::time::sleep(REST).await;
            }
        }
    }
}

/// Beside the documents: a film of gigabytes keeps no letter waiting for its verdict.
async fn take_recordings(api: &Api) {
    if api.recordings.is_none() {
        return;
    }
    loop {
        keys_are_open(api).await;
        let pause = match take_in(api).await {
            Ok(_) => RECORDINGS_EVERY,
            Err(failure) => {
                tracing::warn!(%failure, "recordings were not taken in");
                REST
            }
        };
        tokio::time::sleep(pause).await;
    }
}

async fn pay(api: &Api) {
    loop {
        keys_are_open(api).await;
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
    let mut rounds = 0_u32;
    let since = api.clock.now();
    loop {
        ticks.tick().await;
        keys_are_open(api).await;
        if let Err(failure) = expire::sweep(api).await {
            tracing::warn!(%failure, "the sweep of ended holds was not finished");
        }
        if let Err(failure) = no_show::sweep(api, since).await {
            tracing::warn!(%failure, "the sweep of missed appointments was not finished");
        }
        if let Err(failure) = visit::sweep::sweep(api).await {
            tracing::warn!(%failure, "the sweep of abandoned visits was not finished");
        }
        if let Err(failure) = waitlist::offer::offer_what_is_free(api).await {
            tracing::warn!(%failure, "free times were not offered to those who wait");
        }
        if let Err(failure) = queue::sweep(api).await {
            tracing::warn!(%failure, "the sweep of queues was not finished");
        }
        if let Err(failure) = expire_uploads(api).await {
            tracing::warn!(%failure, "abandoned uploads were not given up");
        }
        // Approved by another process, or before a crash.
        if let Err(failure) = carry_out(api).await {
            tracing::warn!(%failure, "requests about data were not carried out");
        }
        // They tell of their failures themselves, and go on behind them.
        let _ = sweep::sweep(api).await;
        if rounds.is_multiple_of(RETENTION_EVERY) {
            let _ = sweep::sweep_by_clinic(api).await;
            if let Err(failure) = end_recordings(api).await {
                tracing::warn!(%failure, "recordings were not ended");
            }
        }
        rounds = rounds.wrapping_add(1);
    }
}
