//! One metric: its name and meaning, and how a value gets into the recorder.

/// One metric's name and meaning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Metric {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) labels: &'static [&'static str],
    pub(super) help: &'static str,
}

/// How a metric moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Only up.
    Counter,
    /// Up and down.
    Gauge,
}

impl Metric {
    pub(super) const fn counter(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind: Kind::Counter, labels, help }
    }

    pub(super) const fn gauge(
        name: &'static str,
        labels: &'static [&'static str],
        help: &'static str,
    ) -> Self {
        Self { name, kind: Kind::Gauge, labels, help }
    }

    pub(super) fn describe(&self) {
        match self.kind {
            Kind::Counter => metrics::describe_counter!(self.name, self.help),
            Kind::Gauge => metrics::describe_gauge!(self.name, self.help),
        }
    }

    /// Puts an absolute value into the recorder.
    pub(super) fn set(&self, value: u64, labels: Vec<metrics::Label>) {
        match self.kind {
            Kind::Counter => metrics::counter!(self.name, labels).absolute(value),
            #[expect(clippy::cast_precision_loss, reason = "gauges are far below 2^53")]
            Kind::Gauge => metrics::gauge!(self.name, labels).set(value as f64),
        }
    }

    /// As [`set`](Self::set), of a gauge that is no whole number.
    pub(super) fn set_measure(&self, value: f64, labels: Vec<metrics::Label>) {
        metrics::gauge!(self.name, labels).set(value);
    }
}
