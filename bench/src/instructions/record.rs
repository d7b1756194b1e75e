//! The record of instruction counts, `bench/instructions.toml`: read, compared, written.

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::callgrind::Shares;

/// What the head of the file says.
const HEAD: &str = "\
# Instructions per forwarded packet that our own code takes, cryptography and C library apart: `make instructions`
# compares, `make instructions ARGS=--update` rewrites. Counted by `bench instructions`, which says how. A commit that
# changes a number says why.

";

/// Wider than what another set of keys and another build of the same code change, which is well below one percent.
const TOLERANCE_PERCENT: f64 = 3.0;

/// See the module.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// Another compiler may well count otherwise.
    compiler: String,
    tolerance_percent: f64,
    instructions_per_forwarded_packet: BTreeMap<String, u64>,
}

impl Record {
    pub(super) fn of(found: &[(&'static str, Shares)]) -> Self {
        Self {
            compiler: compiler(),
            tolerance_percent: TOLERANCE_PERCENT,
            instructions_per_forwarded_packet: found
                .iter()
                .map(|(name, shares)| ((*name).to_owned(), shares.ours.round() as u64))
                .collect(),
        }
    }

    pub(super) fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("understanding {}", path.display()))
    }

    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = format!("{HEAD}{}", toml::to_string(self).context("writing TOML")?);
        fs::write(path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// What differs from the record by more than the tolerance, in either direction.
    pub(super) fn compare(&self, found: &[(&'static str, Shares)]) -> Vec<String> {
        let mut faults: Vec<String> = found
            .iter()
            .filter_map(|(name, shares)| {
                let recorded = self.instructions_per_forwarded_packet.get(*name);
                let Some(recorded) = recorded.map(|count| *count as f64) else {
                    return Some(format!("{name} is not in the record"));
                };
                let change_percent = (shares.ours / recorded - 1.0) * 100.0;
                let is_within = change_percent.abs() <= self.tolerance_percent;
                (!is_within).then(|| {
                    format!(
                        "{name}: expected {recorded:.0} instructions per forwarded packet within \
                         {} %, found {:.0} ({change_percent:+.1} %)",
                        self.tolerance_percent, shares.ours,
                    )
                })
            })
            .collect();
        let known = |name: &String| found.iter().any(|(one, _)| one == name);
        let gone = self.instructions_per_forwarded_packet.keys().filter(|name| !known(name));
        faults.extend(gone.map(|name| format!("{name} is in the record, but is not measured")));
        if !faults.is_empty() {
            faults.push(
                "if that is meant, up or down: `make instructions ARGS=--update`, and the reason \
                 in the commit"
                    .to_owned(),
            );
            let compiler = compiler();
            if compiler != self.compiler {
                let before = &self.compiler;
                faults.push(format!("the record was made with {before}, this is {compiler}"));
            }
        }
        faults
    }
}

/// `rustc` and its version, without commit and date.
fn compiler() -> String {
    let output = Command::new("rustc").arg("--version").output().ok();
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(ours: f64) -> [(&'static str, Shares); 1] {
        [("two-party", Shares { ours, cryptography: 1.0, system: 1.0 })]
    }

    #[test]
    fn more_and_less_than_the_tolerance_are_faults() {
        let record = Record::of(&found(1000.0));
        for ours in [971.0, 1000.0, 1029.0] {
            assert_eq!(record.compare(&found(ours)), [""; 0], "{ours}");
        }
        for ours in [969.0, 1031.0, f64::NAN] {
            assert!(!record.compare(&found(ours)).is_empty(), "{ours}");
        }
    }

    #[test]
    fn a_workload_on_one_side_only_is_a_fault() {
        let record = Record::of(&found(1000.0));
        assert!(!record.compare(&[]).is_empty());
        let mut more = found(1000.0).to_vec();
        more.push(("three-party", more[0].1));
        assert!(!record.compare(&more).is_empty());
    }

    #[test]
    fn what_is_written_is_read_back() {
        let record = Record::of(&found(1000.4));
        let text = format!("{HEAD}{}", toml::to_string(&record).unwrap());
        assert_eq!(toml::from_str::<Record>(&text).unwrap(), record);
    }
}
