//! What the operating system says of this process, read from `/proc` (proc(5)); elsewhere the values stay absent.

use std::time::Duration;

use metrics::Label;

use super::metric::Metric;
use crate::logging;

const START_TIME: Metric = Metric::gauge(
    "bedside_server_start_time_seconds",
    &[],
    "When the process started, seconds since the Unix epoch.",
);
const CPU_TIME: Metric =
    Metric::counter("bedside_server_cpu_seconds_total", &[], "Processor time used, whole seconds.");
const RESIDENT_MEMORY: Metric = Metric::gauge(
    "bedside_server_resident_memory_bytes",
    &[],
    "Memory of the process that is in RAM.",
);
const THREADS: Metric = Metric::gauge("bedside_server_threads", &[], "Threads.");
const OPEN_FILES: Metric = Metric::gauge(
    "bedside_server_open_file_descriptors",
    &[],
    "Open file descriptors: sockets, files, timers.",
);
const PANICS: Metric = Metric::counter(
    "bedside_server_panics_total",
    &[],
    "Panics of any thread or task. Each is a defect: the log says where.",
);

const LOG_LINES_LOST: Metric = Metric::counter(
    "bedside_server_lost_log_lines_total",
    &["reason"],
    "Log lines that were not written. `queue_full`: whoever reads the log is too slow; `write_failed`: a full disk or a \
     closed pipe.",
);

/// `USER_HZ`: Linux counts processor time for user space in hundredths of a second on every machine we build for.
const TICKS_PER_SECOND: u64 = 100;

pub(super) fn all() -> impl Iterator<Item = Metric> {
    [START_TIME, CPU_TIME, RESIDENT_MEMORY, THREADS, OPEN_FILES, PANICS, LOG_LINES_LOST].into_iter()
}

/// Copies the present values; `started` is the wall clock at the start.
pub(super) fn record(started: Duration) {
    START_TIME.set(started.as_secs(), Vec::new());
    PANICS.set(logging::panics(), Vec::new());
    for (reason, lines) in [
        ("queue_full", logging::lost().queue_full()),
        ("write_failed", logging::lost().write_failed()),
    ] {
        LOG_LINES_LOST.set(lines, vec![Label::new("reason", reason)]);
    }
    if let Some(ticks) = read("stat").as_deref().and_then(cpu_ticks) {
        CPU_TIME.set(ticks / TICKS_PER_SECOND, Vec::new());
    }
    if let Some(status) = read("status") {
        if let Some(kibibytes) = status_field(&status, "VmRSS:") {
            RESIDENT_MEMORY.set(kibibytes * 1024, Vec::new());
        }
        if let Some(threads) = status_field(&status, "Threads:") {
            THREADS.set(threads, Vec::new());
        }
    }
    if let Ok(entries) = std::fs::read_dir("/proc/self/fd") {
        OPEN_FILES.set(entries.count() as u64, Vec::new());
    }
}

fn read(file: &str) -> Option<String> {
    std::fs::read_to_string(format!("/proc/self/{file}")).ok()
}

/// utime + stime: fields 14 and 15 of `stat`. The second field is the command in brackets and may hold spaces.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, after_command) = stat.rsplit_once(')')?;
    let mut fields = after_command.split_whitespace().skip(11);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn status_field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::tests::rendered;

    #[test]
    fn processor_time_is_read_even_if_the_command_holds_spaces_and_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 4 0 100 1000 10";
        assert_eq!(cpu_ticks(stat), Some(300));
        assert_eq!(cpu_ticks("7 (a) S 1"), None);
    }

    #[test]
    fn a_status_field_is_found_by_its_name() {
        assert_eq!(status_field("VmHWM:\t 9 kB\nVmRSS:\t 12 kB\n", "VmRSS:"), Some(12));
        assert_eq!(status_field("VmRSS:\n", "VmRSS:"), None);
    }

    #[test]
    fn this_process_has_memory_and_threads() {
        let text = rendered(|| record(Duration::from_secs(17)));
        assert!(text.contains("bedside_server_start_time_seconds 17\n"), "{text}");
        for name in ["bedside_server_resident_memory_bytes", "bedside_server_threads"] {
            let value =
                text.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<f64>().ok());
            assert!(value.is_some_and(|value| value > 0.0), "{name} in\n{text}");
        }
    }
}
