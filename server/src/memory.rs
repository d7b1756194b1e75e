//! How much memory this process may use, and whether it is so near to it that new calls are refused: a failed
//! allocation would end every call, a refused join ends none.

use std::fs;

/// From this share of the budget on, joins are refused; below [`AGAIN_PERCENT`] they are taken again. Between, nothing
/// changes, so that one call more or less does not switch it.
const FULL_PERCENT: u64 = 90;
const AGAIN_PERCENT: u64 = 85;

/// Share of the machine's or the container's memory that is the budget by default. The rest is for the kernel's socket
/// buffers, which are not ours but are counted against the same limit.
const DEFAULT_PERCENT: u64 = 80;

/// Watches the memory in use.
#[derive(Debug)]
pub(crate) struct Watch {
    budget_bytes: u64,
    is_full: bool,
}

impl Watch {
    pub(crate) fn new(budget_bytes: u64) -> Self {
        Self { budget_bytes, is_full: false }
    }

    /// Takes the memory in use; whether new calls are to be refused.
    pub(crate) fn is_full(&mut self, resident_bytes: u64) -> bool {
        let percent = if self.is_full { AGAIN_PERCENT } else { FULL_PERCENT };
        let bound = u128::from(self.budget_bytes) * u128::from(percent) / 100;
        self.is_full = u128::from(resident_bytes) >= bound;
        self.is_full
    }
}

/// The budget where none is set.
pub(crate) fn default_budget_bytes(available_bytes: u64) -> u64 {
    available_bytes / 100 * DEFAULT_PERCENT
}

/// Memory that this process may use: the least of the control group's limits and the machine's memory.
pub(crate) fn available_bytes() -> u64 {
    let read = |path: &str| fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").as_deref().and_then(total_of_meminfo);
    let limits = [
        // Control groups version 2 and 1, as a container sees its own.
        read("/sys/fs/cgroup/memory.max"),
        read("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    ];
    let limits = limits.into_iter().flatten().filter_map(|text| text.trim().parse().ok());
    limits.chain(machine).min().unwrap_or(u64::MAX)
}

/// Memory of this process that is in RAM; `None` where the system does not say.
pub(crate) fn resident_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    kibibytes_after(&status, "VmRSS:")
}

fn total_of_meminfo(text: &str) -> Option<u64> {
    kibibytes_after(text, "MemTotal:")
}

fn kibibytes_after(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_are_refused_near_the_budget_and_taken_again_well_below() {
        let mut watch = Watch::new(1000);
        let seen = [899, 900, 870, 850, 849, 899].map(|bytes| watch.is_full(bytes));
        assert_eq!(seen, [false, true, true, true, false, false]);
    }

    #[test]
    fn this_process_is_within_this_machine() {
        let resident = resident_bytes().unwrap();
        assert!(resident > 0 && resident < available_bytes());
        assert!(default_budget_bytes(available_bytes()) < available_bytes());
    }

    #[test]
    fn what_is_not_a_number_is_nothing() {
        assert_eq!(total_of_meminfo("MemTotal:       100 kB\n"), Some(102_400));
        assert_eq!(total_of_meminfo("MemTotal:\n"), None);
    }
}
