//! Reads a profile of callgrind, and tells apart whose instructions they were.
//!
//! The format is described in valgrind's manual, "Callgrind Format Specification". Of each function only its own cost
//! and its callers matter here.
//!
//! ```text
//!   ob=(1) /path/of/object         object and function hold until the next such line; "(1)" alone repeats a name
//!   fn=(7) name
//!   0 120                          own cost
//!   cob=(2) .. cfn=(9) callee      a call from it:
//!   calls=3 0
//!   0 4000                         what the call cost: is in the callee's own costs too
//! ```

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, ensure};

/// Instructions by whose they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Totals {
    /// Our crates, the Rust crates they call, and the standard library.
    pub(super) ours: u64,
    /// AWS-LC's C and assembly.
    pub(super) cryptography: u64,
    /// Other objects: the C library with its memcpy and malloc, the loader.
    pub(super) system: u64,
}

/// [`Totals`] per forwarded packet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shares {
    pub(super) ours: f64,
    pub(super) cryptography: f64,
    pub(super) system: f64,
}

impl Totals {
    pub(super) fn per_packet(self, packets: u64) -> Shares {
        let share = |instructions: u64| instructions as f64 / packets as f64;
        Shares {
            ours: share(self.ours),
            cryptography: share(self.cryptography),
            system: share(self.system),
        }
    }
}

/// A function's number, and its object's.
type Function = (u32, u32);

#[derive(Default)]
struct Profile {
    objects: HashMap<u32, String>,
    names: HashMap<u32, String>,
    own: HashMap<Function, u64>,
    callers: HashMap<Function, HashSet<Function>>,
}

/// Adds up a profile.
pub(super) fn read(text: &str) -> Result<Totals> {
    let profile = parse(text)?;
    let program = profile.program().context("no function of ours")?;
    let cryptography = profile.cryptography();
    let mut totals = Totals::default();
    for (function, cost) in &profile.own {
        let share = if cryptography.contains(function) {
            &mut totals.cryptography
        } else if function.1 == program {
            &mut totals.ours
        } else {
            &mut totals.system
        };
        *share += cost;
    }
    Ok(totals)
}

fn parse(text: &str) -> Result<Profile> {
    let mut profile = Profile::default();
    let (mut object, mut function) = (0, None);
    let (mut callee_object, mut callee) = (0, 0);
    let (mut is_call, mut sum, mut told) = (false, 0, None);
    for line in text.lines() {
        if let Some((key, value)) = line.split_once('=') {
            match key {
                "ob" => (object, callee_object) = twice(named(&mut profile.objects, value)?),
                "fn" => function = Some((named(&mut profile.names, value)?, object)),
                "cob" => callee_object = named(&mut profile.objects, value)?,
                "cfn" => callee = named(&mut profile.names, value)?,
                "calls" => {
                    let caller = function.context("a call from nowhere")?;
                    profile.callers.entry((callee, callee_object)).or_default().insert(caller);
                    is_call = true;
                    callee_object = object;
                }
                _ => {}
            }
        } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
            // The first number is a position; a missing cost is 0.
            let cost = line.split_ascii_whitespace().nth(1).map_or(Ok(0), str::parse)?;
            if !std::mem::take(&mut is_call) {
                *profile.own.entry(function.context("a cost of nothing")?).or_default() += cost;
                sum += cost;
            }
        } else if let Some(events) = line.strip_prefix("events: ") {
            ensure!(events.trim() == "Ir", "other events than instructions: {events}");
        } else if let Some(total) = line.strip_prefix("totals: ") {
            told = Some(total.trim().parse()?);
        }
    }
    ensure!(told == Some(sum), "callgrind counted {told:?} in all, its functions have {sum}");
    Ok(profile)
}

fn twice<T: Copy>(one: T) -> (T, T) {
    (one, one)
}

/// `(7) name` gives a number its name, `(7)` repeats it.
fn named(names: &mut HashMap<u32, String>, value: &str) -> Result<u32> {
    let (number, name) = value
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .with_context(|| format!("not a numbered name: {value}"))?;
    let number = number.parse()?;
    if !name.trim().is_empty() {
        names.insert(number, name.trim().to_owned());
    }
    Ok(number)
}

impl Profile {
    /// The object of the function that is watched.
    fn program(&self) -> Option<u32> {
        self.own
            .keys()
            .chain(self.callers.keys())
            .find(|(name, _)| self.name(*name).contains("watched_serve"))
            .map(|(_, object)| *object)
    }

    /// The functions of AWS-LC: those that carry its prefix, and those (local ones do not) that only such functions of
    /// the same object call.
    fn cryptography(&self) -> HashSet<Function> {
        let functions = self.own.keys().chain(self.callers.keys()).copied();
        let mut found: HashSet<Function> =
            functions.filter(|(name, _)| self.name(*name).starts_with("aws_lc_")).collect();
        loop {
            let more: Vec<Function> = self
                .callers
                .iter()
                .filter(|(function, _)| !found.contains(function))
                .filter(|((_, object), callers)| {
                    callers.iter().all(|caller| found.contains(caller) && caller.1 == *object)
                })
                .map(|(function, _)| *function)
                .collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }

    fn name(&self, number: u32) -> &str {
        self.names.get(&number).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILE: &str = "\
version: 1
events: Ir
summary: 516

ob=(1) /bin/bench
fl=(1) ???
fn=(1) bench::instructions::watched_serve
0 5
cfn=(2) sfu::forward
calls=2 0
0 1000

fn=(2)
0 70
cfn=(3) aws_lc_0_1_seal
calls=2 0
0 500
cob=(2) /lib/libc.so.6
cfn=(5) 0x0000000000001234
calls=1 0
0 40

fn=(3)
0 200
+3 100
cfn=(4) _local_block
calls=9 0
0 90
cob=(2)
cfn=(5)
calls=1 0
0 11

fn=(4)
0 90

ob=(2)
fn=(5)
0 51

totals: 516
";

    #[test]
    fn each_instruction_is_counted_once_and_for_whom_it_was() {
        let expected = Totals { ours: 75, cryptography: 390, system: 51 };
        assert_eq!(read(PROFILE).unwrap(), expected);
    }

    #[test]
    fn a_local_function_that_others_call_too_is_not_cryptography() {
        let more = "\nob=(1)\nfn=(2)\ncfn=(4)\ncalls=1 0\n0 7\n";
        let totals = read(&format!("{PROFILE}{more}")).unwrap();
        assert_eq!((totals.ours, totals.cryptography), (165, 300));
    }

    #[test]
    fn a_profile_that_was_not_read_whole_is_refused() {
        assert!(read(&PROFILE.replace("0 70", "0 71")).is_err());
        assert!(read(PROFILE.strip_suffix("totals: 516\n").unwrap()).is_err());
    }

    #[test]
    fn a_profile_without_the_watched_function_is_refused() {
        assert!(read(&PROFILE.replace("watched_serve", "other")).is_err());
        assert!(read("").is_err());
    }
}
