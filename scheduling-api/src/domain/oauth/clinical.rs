//! Clinical scopes: which FHIR resources a program may read and write, and as far as whom (SMART App Launch 2.2, §scopes).
//!
//! `patient/Observation.rs`: level, resource, and of `c`reate, `r`ead, `u`pdate, `d`elete, `s`earch some, in that order.
//! Version 1's `.read`, `.write` and `.*` are understood, and written as version 2's. A scope with a query is none of ours:
//! what could not be kept must not be promised.

use std::fmt;

/// The resources of the FHIR face that a scope may name.
pub const RESOURCES: &[&str] = &[
    "AllergyIntolerance",
    "Appointment",
    "AuditEvent",
    "Binary",
    "Composition",
    "Condition",
    "DocumentReference",
    "Encounter",
    "HealthcareService",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
    "Provenance",
    "Questionnaire",
    "QuestionnaireResponse",
    "Schedule",
    "Slot",
];

/// As far as whom a scope reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// The one patient that the program was launched for.
    Patient,
    /// Whatever the person who agreed may.
    User,
    /// Whatever the program itself may.
    System,
}

/// What is done with a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the words are SMART's")]
pub enum Interaction {
    Create,
    Read,
    Update,
    Delete,
    Search,
}

/// One clinical scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClinicalScope {
    level: Level,
    /// A resource of [`RESOURCES`], or `*`.
    resource: &'static str,
    /// One bit an interaction, in the order of `cruds`.
    may: u8,
}

const LETTERS: [char; 5] = ['c', 'r', 'u', 'd', 's'];

impl Level {
    /// The word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::User => "user",
            Self::System => "system",
        }
    }
}

impl ClinicalScope {
    /// Reads one.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let (level, rest) = word.split_once('/')?;
        let mut levels = [Level::Patient, Level::User, Level::System].into_iter();
        let level = levels.find(|one| one.word() == level)?;
        let (resource, may) = rest.split_once('.')?;
        let mut known = RESOURCES.iter().copied().chain(["*"]);
        let resource = known.find(|one| *one == resource)?;
        let letters = match may {
            "read" => "rs",
            "write" => "cud",
            "*" => "cruds",
            letters => letters,
        };
        let (mut may, mut from) = (0, 0);
        for letter in letters.chars() {
            // In the order of `cruds`, each once.
            let at = LETTERS.iter().skip(from).position(|one| *one == letter)? + from;
            may |= 1 << at;
            from = at + 1;
        }
        (may != 0).then_some(Self { level, resource, may })
    }

    /// As far as whom it reaches.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.level
    }

    /// Whether it is about a resource.
    #[must_use]
    pub fn names(&self, resource: &str) -> bool {
        self.resource == "*" || self.resource == resource
    }

    /// Whether it lets something be done with a resource.
    #[must_use]
    pub fn allows(&self, resource: &str, interaction: Interaction) -> bool {
        self.names(resource) && self.may & (1 << interaction as u8) != 0
    }

    /// Whether all that it lets be done others let be done too.
    #[must_use]
    pub fn is_within<'a>(&self, others: impl Iterator<Item = &'a Self>) -> bool {
        let covers = |other: &&Self| {
            other.level == self.level && (other.resource == "*" || other.resource == self.resource)
        };
        self.may & !others.filter(covers).fold(0, |may, other| may | other.may) == 0
    }

    /// What a person is asked to agree to.
    #[must_use]
    pub fn sentence(&self) -> String {
        let what = if self.resource == "*" { "the whole record" } else { self.resource };
        let reads = self.may & 0b1_0010 != 0;
        let does = match (reads, self.may & 0b0_1101 != 0) {
            (true, true) => "see and change",
            (false, true) => "change",
            _ => "see",
        };
        match self.level {
            Level::Patient => format!("{does} {what} of the chosen patient"),
            Level::User => format!("{does} {what} as far as you may"),
            Level::System => format!("{does} {what} of the clinic"),
        }
    }
}

impl fmt::Display for ClinicalScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.", self.level.word(), self.resource)?;
        let mut letters = LETTERS.iter().enumerate().filter(|(at, _)| self.may & (1 << at) != 0);
        letters.try_for_each(|(_, letter)| write!(f, "{letter}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_read_and_written_as_version_2_has_it() {
        for (word, written) in [
            ("patient/Observation.rs", "patient/Observation.rs"),
            ("user/*.cruds", "user/*.cruds"),
            ("system/Patient.read", "system/Patient.rs"),
            ("user/Condition.write", "user/Condition.cud"),
            ("patient/*.*", "patient/*.cruds"),
        ] {
            assert_eq!(ClinicalScope::parse(word).unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_is_no_scope_of_ours_is_none() {
        for word in [
            "",
            "patient",
            "patient/Observation",
            "patient/Observation.",
            "patient/Observation.sr",
            "patient/Observation.rr",
            "patient/Observation.x",
            "patient/Nothing.rs",
            "others/Observation.rs",
            "patient/Observation.rs?code=1",
            "patient/observation.rs",
            "patientx/Observation.rs",
        ] {
            assert_eq!(ClinicalScope::parse(word), None, "{word}");
        }
    }

    #[test]
    fn several_scopes_together_cover_one() {
        let scope = |word| ClinicalScope::parse(word).unwrap();
        let others = [scope("user/*.r"), scope("user/Observation.cs"), scope("system/*.cruds")];
        assert!(scope("user/Observation.crs").is_within(others.iter()));
        assert!(!scope("user/Observation.cruds").is_within(others.iter()));
        assert!(!scope("patient/Observation.r").is_within(others.iter()));
        assert!(scope("user/Observation.rs").allows("Observation", Interaction::Search));
        assert!(!scope("user/Observation.rs").allows("Observation", Interaction::Create));
        assert!(!scope("user/Observation.rs").allows("Condition", Interaction::Read));
    }
}
