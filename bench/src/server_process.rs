//! What a server costs, seen from outside: `/proc/PID`.

use std::{fs, time::Duration};

use anyhow::{Context, Result};

use crate::kernel;

/// A process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ServerProcess {
    pid: u32,
}

/// What it has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    /// CPU time of all threads, in the scheduler's nanoseconds.
    pub(crate) cpu: Duration,
    /// User part, in ticks of usually 10 ms.
    pub(crate) user: Duration,
    /// System part.
    pub(crate) system: Duration,
    /// Resident memory now.
    pub(crate) rss_kib: u64,
}

impl ServerProcess {
    /// The process of this id.
    pub(crate) fn of(pid: u32) -> Result<Self> {
        let process = Self { pid };
        process.usage().with_context(|| format!("looking at process {pid}"))?;
        Ok(process)
    }

    /// Reads what it has used.
    pub(crate) fn usage(self) -> Result<Usage> {
        let read = |file: &str| {
            let path = format!("/proc/{}/{file}", self.pid);
            fs::read_to_string(&path).with_context(|| format!("reading {path}"))
        };
        let (user, system) = user_and_system(&read("stat")?).context("reading its times")?;
        let mut cpu = Duration::ZERO;
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid)).context("its threads")?;
        for thread in threads.flatten() {
            // A thread may end while we look.
            let text = fs::read_to_string(thread.path().join("schedstat")).unwrap_or_default();
            let spent = text.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0);
            cpu += Duration::from_nanos(spent);
        }
        if cpu.is_zero() {
            // A kernel without schedstat.
            cpu = user + system;
        }
        let rss_kib = rss_kib(&read("status")?).context("reading its memory")?;
        Ok(Usage { cpu, user, system, rss_kib })
    }
}

/// Fields 14 and 15; the name in field 2 may hold anything, even `)`.
fn user_and_system(stat: &str) -> Option<(Duration, Duration)> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    let time = |ticks: u64| Duration::from_millis(ticks * 1000 / kernel::ticks_per_second());
    Some((time(next()?), time(next()?)))
}

fn rss_kib(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_are_found_behind_a_name_with_spaces_and_brackets() {
        let stat = "42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 250 130 0 0 20";
        let tick = Duration::from_millis(1000 / kernel::ticks_per_second());
        assert_eq!(user_and_system(stat), Some((tick * 250, tick * 130)));
    }

    #[test]
    fn this_process_has_memory_and_has_used_time() {
        let usage = ServerProcess::of(std::process::id()).unwrap().usage().unwrap();
        assert!(usage.rss_kib > 100);
        assert!(ServerProcess::of(u32::MAX).is_err());
    }
}
