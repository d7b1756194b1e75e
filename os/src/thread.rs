//! The calling thread, as the system sees it.
#![expect(unsafe_code, reason = "std has none of a thread's clock, its number, its timer slack")]

use std::time::Duration;

/// The system's number of the calling thread.
#[must_use]
pub fn number() -> i32 {
    // SAFETY: the call takes nothing and cannot fail.
    unsafe { libc::gettid() }
}

/// Processor time of the calling thread, the kernel's part included; zero where the system does not tell.
#[must_use]
pub fn time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid timespec that the call may write.
    let done = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    match (done, u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec)) {
        (0, Ok(seconds), Ok(nanos)) => Duration::new(seconds, nanos),
        _ => Duration::ZERO,
    }
}

/// Lets the calling thread's sleeps end when they should: by default the kernel adds up to 50 µs.
pub fn sleep_precisely() {
    // SAFETY: a plain option of the calling thread; 1 ns is the least that is not "the default".
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, 1 as libc::c_ulong);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_that_works_uses_processor_time() {
        let before = time();
        let mut sum = 0_u64;
        while time() - before < Duration::from_millis(5) {
            sum = std::hint::black_box(sum + 1);
        }
        assert!(sum > 0);
    }
}
