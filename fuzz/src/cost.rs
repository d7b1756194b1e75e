//! Steps instead of time: how many branches of instrumented code an input took, so that a quadratic parser is a crash.
//!
//! Under the fuzzer every basic block calls `__sanitizer_cov_trace_pc`, which is ours and counts (see
//! `scripts/fuzz.sh`). It must be assembly: a function in Rust would be instrumented itself. When the corpus is only
//! replayed nothing is instrumented, and no steps are counted.

/// Runs, and asserts that it took at most so many steps, and so many more for each byte.
pub fn within<T>(bytes: usize, fixed: u64, per_byte: u64, run: impl FnOnce() -> T) -> T {
    let before = steps();
    let out = run();
    let taken = steps().wrapping_sub(before);
    assert!(
        taken > 0 || !IS_COUNTING,
        "steps are not counted: the runtime's own counter was linked"
    );
    let bound = fixed + per_byte * bytes as u64;
    assert!(taken <= bound, "{taken} steps for {bytes} bytes; {bound} are the bound");
    out
}

#[cfg(all(fuzzing, target_arch = "x86_64"))]
mod counter {
    pub const IS_COUNTING: bool = true;

    static mut STEPS: u64 = 0;

    std::arch::global_asm!(
        ".globl __sanitizer_cov_trace_pc",
        "__sanitizer_cov_trace_pc:",
        "incq {steps}(%rip)",
        "ret",
        steps = sym STEPS,
        options(att_syntax)
    );

    pub fn steps() -> u64 {
        // SAFETY: an aligned static that lives for ever. Threads that count at once lose steps, which is no harm:
        // targets are run on one.
        unsafe { (&raw const STEPS).read_volatile() }
    }
}

#[cfg(not(all(fuzzing, target_arch = "x86_64")))]
mod counter {
    pub const IS_COUNTING: bool = false;

    pub fn steps() -> u64 {
        0
    }
}

use counter::{IS_COUNTING, steps};
