//! Prometheus metrics: what exists ([`sfu`], [`signaling`], [`process`]), and how snapshots get into the recorder.
//!
//! Shards and signalling count for themselves; once a second their absolute counts are copied here. Labels come from
//! closed sets (shard, reason), never from a room, a person or an address.

use std::{fmt::Write as _, time::Duration};

use anyhow::Context as _;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::listener::Door;
use metric::{Kind, Metric};

mod listener;
mod metric;
mod payments;
mod process;
mod recording;
mod sfu;
mod signaling;
pub(crate) mod turn;
mod webhooks;

/// How often snapshots are copied. Scrapes are seldom closer than 5 s.
const COPY_INTERVAL: Duration = Duration::from_secs(1);

/// Installs the one recorder of this process.
///
/// # Errors
/// When there is one already.
pub(crate) fn install() -> anyhow::Result<PrometheusHandle> {
    let handle =
        PrometheusBuilder::new().install_recorder().context("installing the metrics recorder")?;
    all().for_each(|metric| metric.describe());
    Ok(handle)
}

/// Where snapshots come from.
pub(crate) struct Sources {
    /// The media plane.
    pub(crate) media: ::sfu::Handle,
    /// The control plane.
    pub(crate) control: ::signaling::Signaling,
    /// The main listener's.
    pub(crate) door: Door,
    /// Webhooks, if there are any.
    pub(crate) webhooks: ::signaling::webhooks::Webhooks,
    /// What payment providers were not believed.
    pub(crate) payments: std::sync::Arc<scheduling_api::ports::payments::Refused>,
    /// Wall clock at the start of the process.
    pub(crate) started: Duration,
}

impl Sources {
    /// Copies the newest snapshots into the recorder.
    pub(crate) fn copy(&self) {
        sfu::record(&self.media.counters(), &self.media.silent_shards());
        signaling::record(&self.control.counters());
        recording::record(&self.media.recording_counters());
        webhooks::record(&self.webhooks.counters());
        payments::record(&self.payments);
        process::record(self.started);
        listener::record(self.door.counts());
    }

    /// Copies once a second, for ever.
    pub(crate) async fn copy_every_second(self) {
        let mut tick = tokio::time::interval(COPY_INTERVAL);
        loop {
            tick.tick().await;
            self.copy();
        }
    }
}

fn all() -> impl Iterator<Item = Metric> {
    let signaling = signaling::all().chain(webhooks::all());
    let rest = process::all().chain(listener::all()).chain(turn::all()).chain(payments::all());
    sfu::all().chain(recording::all()).chain(signaling).chain(rest)
}

/// The text of `docs/METRICS.md`.
pub(crate) fn markdown() -> String {
    let mut text = INTRODUCTION.to_owned();
    for (heading, prefix) in [
        ("Media plane", "bedside_sfu_"),
        ("TURN", "bedside_turn_"),
        ("Signalling", "bedside_signaling_"),
        ("Scheduling API", "bedside_scheduling_"),
        ("Process", "bedside_server_"),
    ] {
        let _ = writeln!(
            text,
            "\n## {heading}\n\n| Name | Type | Labels | Meaning |\n|---|---|---|---|"
        );
        for metric in all().filter(|metric| metric.name.starts_with(prefix)) {
            let kind = if metric.kind == Kind::Counter { "counter" } else { "gauge" };
            let labels = metric.labels.iter().map(|label| format!("`{label}`"));
            let labels = labels.collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "| `{}` | {kind} | {labels} | {} |", metric.name, metric.help);
        }
    }
    text.push_str("\n## Values of `reason`\n\n");
    let dropped = ::sfu::drop_reason::DropReason::ALL.iter().map(|reason| reason.label());
    let media = [(sfu::DROPPED, dropped.collect::<Vec<_>>()), (turn::REFUSED, turn::reasons())];
    let dropped = [webhooks::reasons(), payments::reasons()];
    for (metric, labels) in media.into_iter().chain(signaling::reasons()).chain(dropped) {
        let labels = labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>();
        let _ = writeln!(text, "- `{}`: {}", metric.name, labels.join(", "));
    }
    text
}

const INTRODUCTION: &str = "\
# Metrics

<!-- Generated from server/src/metrics/ by `bedside metrics-docs`. Do not edit: change the code, then run
     UPDATE_DOCS=1 cargo test -p server --test docs -->

Prometheus text at `/metrics` on the admin address (`admin`, default 127.0.0.1:7881). Counters end in `_total` and
start at 0 with the process; units are seconds and bytes. Labels hold a shard's number or a reason from a fixed list:
never a room, a person or an address.
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_metric_is_named_by_the_convention_and_once() {
        let mut names = BTreeSet::new();
        for metric in all() {
            let known = [
                "bedside_sfu_",
                "bedside_turn_",
                "bedside_signaling_",
                "bedside_scheduling_",
                "bedside_server_",
            ];
            assert!(known.iter().any(|prefix| metric.name.starts_with(prefix)), "{}", metric.name);
            assert_eq!(
                metric.kind == Kind::Counter,
                metric.name.ends_with("_total"),
                "{}",
                metric.name
            );
            assert!(metric.help.ends_with('.'), "{}", metric.name);
            assert!(names.insert(metric.name), "{} twice", metric.name);
        }
    }

    #[test]
    fn every_metric_stands_in_the_documentation() {
        let text = markdown();
        for metric in all() {
            assert!(text.contains(&format!("| `{}` |", metric.name)), "{}", metric.name);
        }
    }

    /// What a scrape shows after `record`.
    pub(super) fn rendered(record: impl FnOnce()) -> String {
        let recorder = PrometheusBuilder::new().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            all().for_each(|metric| metric.describe());
            record();
        });
        handle.render()
    }
}
