//! Log lines on standard error, and what a panic leaves behind. Standard output belongs to links, tokens and reports.
//!
//! ```text
//!   any thread ─► line ─► bounded queue ─► thread "log" ─► standard error
//!                           full: dropped, counted         fails or blocks: nobody else notices
//! ```

use std::{
    io::IsTerminal as _,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

mod writer;

pub(crate) use writer::Lost;
use writer::{LineWriter, PanicPlace};

/// Panics since start, of any thread.
static PANICS: AtomicU64 = AtomicU64::new(0);

static LOST: Lost = Lost::new();

/// How long the end of the process waits for the last lines.
const FLUSH_MAX: Duration = Duration::from_secs(1);

/// The log while it runs. Dropped at the end of the process: waits for the last lines, but not for ever.
pub(crate) struct Log(LineWriter);

/// Starts logging. A panic becomes a counted line that says where, but not what: its message may quote what a client
/// sent.
///
/// # Errors
/// When the filter is malformed, logging was started before, or there can be no thread.
pub(crate) fn start(format: LogFormat, filter: &str) -> anyhow::Result<Log> {
    let filter = filter.parse::<EnvFilter>().context("reading log_filter")?;
    let writer =
        LineWriter::start(std::io::stderr(), &LOST).context("starting the log's thread")?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer.clone())
        // These would go to standard error past the queue, and panic where it is closed.
        .log_internal_errors(false);
    let started = match format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
    started.map_err(|error| anyhow::anyhow!(error)).context("starting the log")?;
    report_panics(writer.clone());
    Ok(Log(writer))
}

impl Drop for Log {
    fn drop(&mut self) {
        self.0.flush(FLUSH_MAX);
    }
}

/// A panic in the hook would abort the process: it does nothing but count and queue, and the log's thread writes.
fn report_panics(writer: LineWriter) {
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        let (file, line) = info.location().map_or(("", 0), |at| (at.file(), at.line()));
        writer.report_panic(PanicPlace {
            file: file.to_owned(),
            line,
            // Not `thread::current`, which panics while a thread's storage is taken down.
            thread: std::fs::read_to_string("/proc/thread-self/comm").unwrap_or_default(),
        });
    }));
}

/// Lines that were lost since start.
pub(crate) fn lost() -> &'static Lost {
    &LOST
}

/// Panics since start.
pub(crate) fn panics() -> u64 {
    PANICS.load(Ordering::Relaxed)
}
