//! Log lines on standard error, and what a panic leaves behind. Standard output belongs to links, tokens and reports.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Panics since start, of any thread.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Starts logging.
///
/// # Errors
/// When the filter is malformed, or logging was started before.
pub(crate) fn start(format: LogFormat, filter: &str) -> anyhow::Result<()> {
    let filter = filter.parse::<EnvFilter>().context("reading log_filter")?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => {
            use std::io::IsTerminal as _;
            lines.with_ansi(std::io::stderr().is_terminal()).try_init()
        }
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!(error)).context("starting the log")
}

/// Makes every panic a counted log line that says where, but not what: a panic's message may quote what a client sent.
pub(crate) fn report_panics_by_location() {
    std::panic::set_hook(Box::new(|info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
        let thread = std::thread::current();
        tracing::error!(file, line, thread = thread.name().unwrap_or_default(), "panic");
    }));
}

/// Panics since start.
pub(crate) fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}
