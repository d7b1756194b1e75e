//! Where another thread of this process is: for a shard that shows no sign of life.
//!
//! ```text
//!   watch ── signal to the thread ──► handler, on that thread: return addresses into a fixed list
//!     └──── waits, then finds the names (off the thread: that allocates and reads files)
//! ```
//!
//! A thread that the kernel holds (a call that does not return, a debugger) runs no handler; then only what `/proc` says of
//! it is known. Linux only.
#![expect(unsafe_code, reason = "signals and unwinding have no safe interface")]

use std::{
    fmt::Write as _,
    fs, mem, ptr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// Its default is to be ignored, so that a thread that has just ended harms nobody; no out-of-band data is ever asked for.
const SIGNAL: libc::c_int = libc::SIGURG;

/// Return addresses kept: deeper is only the runtime's beginning.
const FRAMES_MAX: usize = 64;

/// How long to wait for a thread to answer, in looks of ten milliseconds.
const LOOKS: u32 = 50;
const LOOK_INTERVAL: Duration = Duration::from_millis(10);

static FRAMES: [AtomicUsize; FRAMES_MAX] = [const { AtomicUsize::new(0) }; FRAMES_MAX];
/// How many there are; [`UNANSWERED`] until the handler has run.
static COUNT: AtomicUsize = AtomicUsize::new(UNANSWERED);
const UNANSWERED: usize = usize::MAX;
/// One thread is asked at a time.
static ASKING: Mutex<()> = Mutex::new(());

/// What is known of where a thread is, in one line: its state and the functions that it is in, innermost first.
#[must_use]
pub fn of_thread(thread: i32) -> String {
    let _asking = ASKING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = kernel_view(thread);
    match interrupt(thread) {
        Some(frames) => text += &names(&frames),
        None => text += "; it did not answer a signal, so its stack is unknown",
    }
    text
}

/// State (`R` runs, `S` and `D` wait, `t` is held by a debugger) and system call, as the kernel tells.
fn kernel_view(thread: i32) -> String {
    let read = |what| fs::read_to_string(format!("/proc/self/task/{thread}/{what}"));
    let stat = read("stat").unwrap_or_default();
    // The name before it may hold spaces.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap_or('?');
    let call = read("syscall").unwrap_or_default();
    let call = call.split(' ').next().unwrap_or_default().trim();
    let waits_in = read("wchan").unwrap_or_default();
    format!("thread {thread}, state {state}, system call {call}, waits in {waits_in}")
}

/// The return addresses of a thread, if it answers.
fn interrupt(thread: i32) -> Option<Vec<usize>> {
    COUNT.store(UNANSWERED, Ordering::Release);
    let handler: extern "C" fn(libc::c_int) = record;
    // SAFETY: an all-zero sigaction is valid (no flags, an empty mask); the handler is a function of the signature that
    // sigaction wants without SA_SIGINFO, and does only what its own comment argues for. The calls take plain numbers.
    let is_sent = unsafe {
        let mut action: libc::sigaction = mem::zeroed();
        action.sa_sigaction = handler as usize;
        action.sa_flags = libc::SA_RESTART;
        libc::sigaction(SIGNAL, &raw const action, ptr::null_mut()) == 0
            && libc::syscall(libc::SYS_tgkill, libc::getpid(), thread, SIGNAL) == 0
    };
    let looks = if is_sent { LOOKS } else { 0 };
    for _ in 0..looks {
        let count = COUNT.load(Ordering::Acquire);
        if count != UNANSWERED {
            let frames = FRAMES.iter().take(count);
            return Some(frames.map(|frame| frame.load(Ordering::Relaxed)).collect());
        }
        pause();
    }
    None
}

/// Runs on the thread that is asked, wherever that stands.
extern "C" fn record(_: libc::c_int) {
    let mut count = 0;
    // SAFETY: `trace_unsynchronized` wants to be the only one that unwinds through it: `ASKING` sees to that. In a handler it
    // must not allocate or wait: unwinding reads tables that are mapped, which glibc 2.35 and later find without a lock. The
    // closure stores into statics. `errno` is the interrupted code's and is put back.
    unsafe {
        let errno = *libc::__errno_location();
        backtrace::trace_unsynchronized(|frame| {
            if let Some(slot) = FRAMES.get(count) {
                slot.store(frame.ip() as usize, Ordering::Relaxed);
                count += 1;
            }
            count < FRAMES_MAX
        });
        *libc::__errno_location() = errno;
    }
    COUNT.store(count, Ordering::Release);
}

fn names(frames: &[usize]) -> String {
    let mut text = String::from("; in");
    for frame in frames {
        backtrace::resolve(ptr::without_provenance_mut(*frame), |symbol| {
            let name = symbol.name().map_or_else(|| "?".to_owned(), |name| format!("{name:#}"));
            let _ = write!(text, " < {name}");
            if let Some(line) = symbol.lineno() {
                let _ = write!(text, ":{line}");
            }
        });
    }
    text
}

#[expect(clippy::disallowed_methods, reason = "waits for a signal handler, off the media path")]
fn pause() {
    std::thread::sleep(LOOK_INTERVAL);
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicBool, AtomicI32},
    };

    use super::*;
    use crate::thread;

    #[inline(never)]
    fn goes_round_in_circles(thread: &AtomicI32, ends: &AtomicBool) -> u64 {
        thread.store(thread::number(), Ordering::Release);
        let mut rounds = 0_u64;
        while !ends.load(Ordering::Relaxed) {
            rounds = std::hint::black_box(rounds + 1);
        }
        rounds
    }

    #[test]
    fn a_thread_that_goes_round_in_circles_is_found_there() {
        let (thread, ends) = (Arc::new(AtomicI32::new(0)), Arc::new(AtomicBool::new(false)));
        let busy = std::thread::spawn({
            let (thread, ends) = (Arc::clone(&thread), Arc::clone(&ends));
            move || goes_round_in_circles(&thread, &ends)
        });
        while thread.load(Ordering::Acquire) == 0 {
            std::thread::yield_now();
        }
        let text = of_thread(thread.load(Ordering::Acquire));
        ends.store(true, Ordering::Relaxed);
        assert!(busy.join().unwrap() > 0);
        assert!(text.contains("goes_round_in_circles"), "{text}");
    }

    #[test]
    fn a_thread_that_is_gone_is_said_to_be_unknown() {
        let text = of_thread(i32::MAX);
        assert!(text.contains("state ?") && text.contains("did not answer"), "{text}");
    }
}
