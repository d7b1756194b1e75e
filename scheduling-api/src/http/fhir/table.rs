//! What the face offers: one row a resource. Routing, the search parameters that are taken and the CapabilityStatement come from
//! here.

/// How a search parameter compares (FHIR R4 search).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compares {
    /// A word, or a code with its system.
    Token,
    /// A reference to a resource.
    Reference,
    /// A day or instant, with a prefix.
    Date,
    /// The beginning of a text.
    Text,
}

impl Compares {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Reference => "reference",
            Self::Date => "date",
            Self::Text => "string",
        }
    }
}

/// Which of our nouns stands behind a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noun {
    Patient,
    Practitioner,
    PractitionerRole,
    Organization,
    HealthcareService,
    Schedule,
    Slot,
    Appointment,
    Encounter,
    Record(crate::domain::record::EntryKind),
    MedicationRequest,
    Composition,
    DocumentReference,
    Binary,
    Questionnaire,
    Provenance,
    AuditEvent,
}

/// A resource of the face.
#[derive(Debug)]
pub(super) struct Row {
    /// FHIR's name.
    pub(super) name: &'static str,
    pub(super) noun: Noun,
    /// Whether one is read by its id.
    pub(super) reads: bool,
    /// Whether old versions are read.
    pub(super) versions: bool,
    pub(super) creates: bool,
    pub(super) updates: bool,
    pub(super) params: &'static [(&'static str, Compares)],
    /// What `_include` adds: the parameter's name and the kind of resource that it leads to.
    pub(super) includes: &'static [(&'static str, &'static str)],
    /// Whether it belongs to a patient, and so to `$everything`.
    pub(super) of_patient: bool,
}

use Compares::{Date, Reference, Text, Token};
use Noun::Record;

use crate::domain::record::EntryKind;

const READ: Row = Row {
    name: "",
    noun: Noun::Binary,
    reads: true,
    versions: false,
    creates: false,
    updates: false,
    params: &[],
    includes: &[],
    of_patient: false,
};

const RECORD: Row = Row { versions: true, creates: true, of_patient: true, ..READ };

/// The rows, by name.
pub(super) const ROWS: &[Row] = &[
    Row {
        name: "AllergyIntolerance",
        noun: Record(EntryKind::Allergy),
        updates: true,
        params: &[
            ("patient", Reference),
            ("clinical-status", Token),
            ("code", Token),
            ("category", Token),
        ],
        includes: &[("patient", "Patient")],
        ..RECORD
    },
    Row {
        name: "Appointment",
        noun: Noun::Appointment,
        params: &[
            ("date", Date),
            ("status", Token),
            ("patient", Reference),
            ("practitioner", Reference),
            ("actor", Reference),
        ],
        includes: &[
            ("patient", "Patient"),
            ("practitioner", "Practitioner"),
            ("actor", "Practitioner"),
        ],
        of_patient: true,
        ..READ
    },
    Row {
        name: "AuditEvent",
        noun: Noun::AuditEvent,
        reads: false,
        params: &[("patient", Reference), ("date", Date)],
        ..READ
    },
    Row { name: "Binary", noun: Noun::Binary, ..READ },
    Row {
        name: "Composition",
        noun: Noun::Composition,
        params: &[("patient", Reference)],
        includes: &[("patient", "Patient"), ("author", "Practitioner")],
        of_patient: true,
        ..READ
    },
    Row {
        name: "Condition",
        noun: Record(EntryKind::Condition),
        updates: true,
        params: &[
            ("patient", Reference),
            ("category", Token),
            ("clinical-status", Token),
            ("code", Token),
            ("encounter", Reference),
            ("onset-date", Date),
        ],
        includes: &[("patient", "Patient"), ("encounter", "Encounter")],
        ..RECORD
    },
    Row {
        name: "DocumentReference",
        noun: Noun::DocumentReference,
        params: &[("patient", Reference)],
        includes: &[("patient", "Patient"), ("author", "Practitioner")],
        of_patient: true,
        ..READ
    },
    Row {
        name: "Encounter",
        noun: Noun::Encounter,
        params: &[
            ("patient", Reference),
            ("date", Date),
            ("status", Token),
            ("practitioner", Reference),
            ("participant", Reference),
        ],
        includes: &[
            ("patient", "Patient"),
            ("practitioner", "Practitioner"),
            ("appointment", "Appointment"),
        ],
        of_patient: true,
        ..READ
    },
    Row {
        name: "HealthcareService",
        noun: Noun::HealthcareService,
        params: &[("name", Text), ("organization", Reference), ("active", Token)],
        ..READ
    },
    Row {
        name: "MedicationRequest",
        noun: Noun::MedicationRequest,
        params: &[("patient", Reference), ("status", Token), ("intent", Token)],
        includes: &[
            ("patient", "Patient"),
            ("requester", "Practitioner"),
            ("encounter", "Encounter"),
        ],
        of_patient: true,
        ..READ
    },
    Row {
        name: "MedicationStatement",
        noun: Record(EntryKind::Medication),
        updates: true,
        params: &[("patient", Reference), ("status", Token), ("code", Token), ("effective", Date)],
        includes: &[("patient", "Patient")],
        ..RECORD
    },
    Row {
        name: "Observation",
        noun: Record(EntryKind::Observation),
        params: &[
            ("patient", Reference),
            ("category", Token),
            ("code", Token),
            ("date", Date),
            ("encounter", Reference),
            ("status", Token),
        ],
        includes: &[("patient", "Patient"), ("encounter", "Encounter")],
        ..RECORD
    },
    Row { name: "Organization", noun: Noun::Organization, params: &[("name", Text)], ..READ },
    Row {
        name: "Patient",
        noun: Noun::Patient,
        params: &[
            ("name", Text),
            ("family", Text),
            ("given", Text),
            ("birthdate", Date),
            ("gender", Token),
            ("phone", Token),
            ("active", Token),
        ],
        ..READ
    },
    Row {
        name: "Practitioner",
        noun: Noun::Practitioner,
        params: &[("name", Text), ("active", Token), ("communication", Token)],
        ..READ
    },
    Row {
        name: "PractitionerRole",
        noun: Noun::PractitionerRole,
        params: &[
            ("practitioner", Reference),
            ("organization", Reference),
            ("specialty", Token),
            ("service", Reference),
            ("active", Token),
        ],
        includes: &[("practitioner", "Practitioner"), ("organization", "Organization")],
        ..READ
    },
    Row {
        name: "Provenance",
        noun: Noun::Provenance,
        params: &[("target", Reference)],
        reads: false,
        ..READ
    },
    Row {
        name: "Questionnaire",
        noun: Noun::Questionnaire,
        params: &[("status", Token), ("title", Text)],
        ..READ
    },
    Row {
        name: "QuestionnaireResponse",
        noun: Record(EntryKind::Answers),
        updates: true,
        params: &[
            ("patient", Reference),
            ("questionnaire", Reference),
            ("authored", Date),
            ("status", Token),
            ("encounter", Reference),
        ],
        includes: &[("patient", "Patient"), ("questionnaire", "Questionnaire")],
        ..RECORD
    },
    Row {
        name: "Schedule",
        noun: Noun::Schedule,
        params: &[("actor", Reference), ("active", Token)],
        ..READ
    },
    Row {
        name: "Slot",
        noun: Noun::Slot,
        reads: false,
        params: &[
            ("schedule", Reference),
            ("status", Token),
            ("start", Date),
            ("service-type", Token),
        ],
        ..READ
    },
];

/// The row of a resource.
pub(super) fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::oauth::clinical::RESOURCES;

    #[test]
    fn every_resource_has_a_scope_and_every_scope_a_resource() {
        let names: Vec<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names, RESOURCES);
        assert!(row("Slot").is_some() && row("slot").is_none());
    }
}
