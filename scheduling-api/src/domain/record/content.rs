//! What an entry says, by its kind.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::{
    id::QuestionnaireId,
    note::paragraphs,
    profile::{ProfileError, line, refuse},
    questionnaire::answers::Answered,
    record::{EnteredAs, EntryKind, LIST_MAX, concept::Concept, moment::Moment},
    rev::Rev,
    words::words,
};

const LINE_CHARS: usize = 500;

/// Largest number: no quantity in medicine is near it, and JSON's numbers are exact below it.
const NUMBER_MAX: f64 = 1e15;

words! {
    /// Where a condition stands.
    ConditionClinical {
        Active "active", Recurrence "recurrence", Relapse "relapse", Inactive "inactive", Remission "remission",
        Resolved "resolved",
    }
    /// How sure one is of a condition.
    ConditionVerification {
        Unconfirmed "unconfirmed", Provisional "provisional", Differential "differential", Confirmed "confirmed",
        Refuted "refuted", EnteredInError "entered-in-error",
    }
    /// What a condition was written down as.
    ConditionCategory {
        ProblemListItem "problem-list-item", EncounterDiagnosis "encounter-diagnosis",
    }
    /// How bad something is.
    Severity { Mild "mild", Moderate "moderate", Severe "severe" }
    /// Where an allergy stands.
    AllergyClinical { Active "active", Inactive "inactive", Resolved "resolved" }
    /// How sure one is of an allergy.
    AllergyVerification {
        Unconfirmed "unconfirmed", Confirmed "confirmed", Refuted "refuted", EnteredInError "entered-in-error",
    }
    /// How the body reacts.
    AllergyType { Allergy "allergy", Intolerance "intolerance" }
    /// To what kind of thing.
    AllergyCategory {
        Food "food", Medication "medication", Environment "environment", Biologic "biologic",
    }
    /// What the next time may do.
    Criticality { Low "low", High "high", UnableToAssess "unable-to-assess" }
    /// Whether a medicine is taken.
    MedicationStatus {
        Active "active", Completed "completed", EnteredInError "entered-in-error", Intended "intended",
        Stopped "stopped", OnHold "on-hold", Unknown "unknown", NotTaken "not-taken",
    }
    /// How final an observation is.
    ObservationStatus {
        Registered "registered", Preliminary "preliminary", Final "final", Amended "amended", Corrected "corrected",
        Cancelled "cancelled", EnteredInError "entered-in-error", Unknown "unknown",
    }
    /// What kind of observation.
    ObservationCategory {
        SocialHistory "social-history", VitalSigns "vital-signs", Imaging "imaging", Laboratory "laboratory",
        Procedure "procedure", Survey "survey", Exam "exam", Therapy "therapy", Activity "activity",
    }
    /// What a piece of history tells of.
    HistoryTopic { Family "family", Social "social", Procedure "procedure", Immunization "immunization", Other "other" }
    /// Whether a piece of history holds.
    HistoryStatus { Active "active", EnteredInError "entered-in-error" }
    /// Where the answers to a questionnaire stand.
    AnswersStatus {
        InProgress "in-progress", Completed "completed", Amended "amended", EnteredInError "entered-in-error",
        Stopped "stopped",
    }
}

/// A problem or diagnosis.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What it is.
    pub code: Concept,
    /// Where it stands.
    pub clinical: ConditionClinical,
    /// How sure one is.
    pub verification: ConditionVerification,
    /// As what it was written down.
    #[serde(default = "problem")]
    pub category: ConditionCategory,
    /// How bad it is.
    #[serde(default)]
    pub severity: Option<Severity>,
    /// Since when.
    #[serde(default)]
    pub onset: Option<Moment>,
    /// Until when.
    #[serde(default)]
    pub abatement: Option<Moment>,
    /// More in words.
    #[serde(default)]
    pub note: String,
}

fn problem() -> ConditionCategory {
    ConditionCategory::ProblemListItem
}

/// An allergy or intolerance.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Allergy {
    /// To what.
    pub code: Concept,
    /// Where it stands.
    pub clinical: AllergyClinical,
    /// How sure one is.
    pub verification: AllergyVerification,
    /// How the body reacts.
    #[serde(default, rename = "type")]
    pub kind: Option<AllergyType>,
    /// To what kind of thing.
    #[serde(default)]
    pub category: Option<AllergyCategory>,
    /// What the next time may do.
    #[serde(default)]
    pub criticality: Option<Criticality>,
    /// What happened.
    #[serde(default)]
    pub reactions: Vec<Reaction>,
    /// Since when.
    #[serde(default)]
    pub onset: Option<Moment>,
    /// More in words.
    #[serde(default)]
    pub note: String,
}

/// What an allergy did.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reaction {
    /// What was seen or felt.
    pub manifestation: Concept,
    /// How bad it was.
    #[serde(default)]
    pub severity: Option<Severity>,
}

/// A medicine that is or was taken, whoever prescribed it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Medication {
    /// Which one.
    pub code: Concept,
    /// Whether it is taken.
    pub status: MedicationStatus,
    /// How much and how often, in words.
    #[serde(default)]
    pub dosage: String,
    /// Since when.
    #[serde(default)]
    pub from: Option<Moment>,
    /// Until when.
    #[serde(default)]
    pub to: Option<Moment>,
    /// More in words.
    #[serde(default)]
    pub note: String,
}

/// Something measured or observed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observation {
    /// What was looked at.
    pub code: Concept,
    /// How final it is.
    pub status: ObservationStatus,
    /// What kind it is.
    #[serde(default)]
    pub category: Option<ObservationCategory>,
    /// When it was so.
    pub effective: Moment,
    /// What was found.
    #[serde(default)]
    pub value: Option<Measured>,
    /// What was found in parts, such as the two numbers of a blood pressure.
    #[serde(default)]
    pub components: Vec<Component>,
    /// More in words.
    #[serde(default)]
    pub note: String,
}

/// A part of an observation.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// What was looked at.
    pub code: Concept,
    /// What was found.
    #[serde(default)]
    pub value: Option<Measured>,
}

/// What was found.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// A number with its unit.
    Quantity(Quantity),
    /// Words.
    Text(String),
    /// A concept.
    Concept(Concept),
    /// Yes or no.
    Boolean(bool),
    /// A count.
    Integer(i32),
}

/// A number with its unit.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantity {
    /// The number.
    pub value: f64,
    /// The unit, for people.
    #[serde(default)]
    pub unit: String,
    /// The unit's code in UCUM; empty when there is none.
    #[serde(default)]
    pub code: String,
}

/// Something of the past, or of the family.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// Of what it tells.
    pub topic: HistoryTopic,
    /// What it was.
    pub code: Concept,
    /// Whether it holds.
    #[serde(default = "holds")]
    pub status: HistoryStatus,
    /// Whose, in the family: `mother`.
    #[serde(default)]
    pub relation: String,
    /// When.
    #[serde(default)]
    pub date: Option<Moment>,
    /// More in words.
    #[serde(default)]
    pub note: String,
}

fn holds() -> HistoryStatus {
    HistoryStatus::Active
}

/// Answers to a questionnaire, in the revision that was asked.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// To which.
    pub questionnaire: QuestionnaireId,
    /// Its revision; the present one, when nobody said.
    #[serde(default = "present")]
    pub questionnaire_rev: Rev,
    /// Where they stand.
    pub status: AnswersStatus,
    /// When they were given; now, when nobody said.
    #[serde(default)]
    pub authored: Timestamp,
    /// The answers.
    pub items: Vec<Answered>,
}

fn present() -> Rev {
    Rev(0)
}

/// What an entry says.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Content {
    /// A problem or diagnosis.
    Condition(Condition),
    /// An allergy or intolerance.
    Allergy(Allergy),
    /// A medicine that is or was taken.
    Medication(Medication),
    /// Something measured or observed.
    Observation(Observation),
    /// Something of the past, or of the family.
    History(History),
    /// Answers to a questionnaire.
    Answers(Answers),
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Content({}, hidden)", self.kind().word())
    }
}

impl Content {
    /// What it is about.
    #[must_use]
    pub const fn kind(&self) -> EntryKind {
        match self {
            Self::Condition(_) => EntryKind::Condition,
            Self::Allergy(_) => EntryKind::Allergy,
            Self::Medication(_) => EntryKind::Medication,
            Self::Observation(_) => EntryKind::Observation,
            Self::History(_) => EntryKind::History,
            Self::Answers(_) => EntryKind::Answers,
        }
    }

    /// The one word that says where it stands: `entered-in-error` before all others.
    #[must_use]
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Condition(one) => match one.verification {
                ConditionVerification::EnteredInError => "entered-in-error",
                _ => one.clinical.word(),
            },
            Self::Allergy(one) => match one.verification {
                AllergyVerification::EnteredInError => "entered-in-error",
                _ => one.clinical.word(),
            },
            Self::Medication(one) => one.status.word(),
            Self::Observation(one) => one.status.word(),
            Self::History(one) => one.status.word(),
            Self::Answers(one) => one.status.word(),
        }
    }

    /// Whether it should never have been.
    #[must_use]
    pub fn is_in_error(&self) -> bool {
        self.status() == "entered-in-error"
    }

    /// The word of the closed list that it is sorted by, if it has one.
    #[must_use]
    pub fn category(&self) -> Option<&'static str> {
        match self {
            Self::Condition(one) => Some(one.category.word()),
            Self::Allergy(one) => one.category.map(AllergyCategory::word),
            Self::Observation(one) => one.category.map(ObservationCategory::word),
            Self::History(one) => Some(one.topic.word()),
            Self::Medication(_) | Self::Answers(_) => None,
        }
    }

    /// What it is called; answers are not.
    #[must_use]
    pub const fn code(&self) -> Option<&Concept> {
        match self {
            Self::Condition(one) => Some(&one.code),
            Self::Allergy(one) => Some(&one.code),
            Self::Medication(one) => Some(&one.code),
            Self::Observation(one) => Some(&one.code),
            Self::History(one) => Some(&one.code),
            Self::Answers(_) => None,
        }
    }

    /// From when to when it was so, as far as it says; what began and has no end lasts.
    #[must_use]
    pub fn lasts(&self) -> Option<(Timestamp, Timestamp)> {
        let whole = |moment: &Moment| (moment.from(), moment.to());
        match self {
            Self::Condition(one) => one.onset.as_ref().map(whole),
            Self::Allergy(one) => one.onset.as_ref().map(whole),
            Self::Observation(one) => Some(whole(&one.effective)),
            Self::History(one) => one.date.as_ref().map(whole),
            Self::Answers(one) => Some((one.authored, one.authored)),
            Self::Medication(one) => one
                .from
                .as_ref()
                .map(|from| (from.from(), one.to.as_ref().map_or(Timestamp::MAX, Moment::to))),
        }
    }

    /// Whether it may follow another in the same entry: answers stay with their questionnaire.
    #[must_use]
    pub fn continues(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::Answers(now), Self::Answers(then)) => {
                now.questionnaire == then.questionnaire
                    && (now.status != AnswersStatus::InProgress
                        || then.status == AnswersStatus::InProgress)
            }
            _ => true,
        }
    }

    /// The content, tidied, if somebody of this kind may say it. Answers are checked by their questionnaire.
    ///
    /// # Errors
    /// The first field that cannot be.
    pub fn checked(self, by: EnteredAs) -> Result<Self, ProfileError> {
        Ok(match self {
            Self::Condition(one) => Self::Condition(one.checked(by)?),
            Self::Allergy(one) => Self::Allergy(one.checked(by)?),
            Self::Medication(one) => Self::Medication(one.checked()?),
            Self::Observation(one) => Self::Observation(one.checked()?),
            Self::History(one) => Self::History(one.checked()?),
            Self::Answers(one) => Self::Answers(one),
        })
    }
}

impl Condition {
    fn checked(self, by: EnteredAs) -> Result<Self, ProfileError> {
        paragraphs("/note", &self.note)?;
        use ConditionVerification as Sure;
        let own = matches!(self.verification, Sure::Unconfirmed | Sure::EnteredInError);
        if by == EnteredAs::Patient && !own {
            return refuse("/verification", "what a patient tells is unconfirmed");
        }
        use ConditionClinical as Stands;
        let over = matches!(self.clinical, Stands::Inactive | Stands::Remission | Stands::Resolved);
        // FHIR R4 con-4.
        if self.abatement.is_some() && !over {
            return refuse("/abatement", "what has ended is inactive, in remission or resolved");
        }
        in_order("/abatement", self.onset.as_ref(), self.abatement.as_ref())?;
        Ok(Self { code: self.code.checked("/code")?, ..self })
    }
}

impl Allergy {
    fn checked(self, by: EnteredAs) -> Result<Self, ProfileError> {
        paragraphs("/note", &self.note)?;
        use AllergyVerification as Sure;
        let own = matches!(self.verification, Sure::Unconfirmed | Sure::EnteredInError);
        if by == EnteredAs::Patient && !own {
            return refuse("/verification", "what a patient tells is unconfirmed");
        }
        few("/reactions", &self.reactions)?;
        let reactions = self.reactions.into_iter().map(|one| {
            let manifestation = one.manifestation.checked("/reactions/manifestation")?;
            Ok(Reaction { manifestation, ..one })
        });
        let reactions = reactions.collect::<Result<_, ProfileError>>()?;
        Ok(Self { code: self.code.checked("/code")?, reactions, ..self })
    }
}

impl Medication {
    fn checked(self) -> Result<Self, ProfileError> {
        paragraphs("/note", &self.note)?;
        in_order("/to", self.from.as_ref(), self.to.as_ref())?;
        let dosage = line("/dosage", &self.dosage, LINE_CHARS)?;
        Ok(Self { code: self.code.checked("/code")?, dosage, ..self })
    }
}

impl Observation {
    fn checked(self) -> Result<Self, ProfileError> {
        paragraphs("/note", &self.note)?;
        few("/components", &self.components)?;
        let value = self.value.map(|value| value.checked("/value")).transpose()?;
        let components = self.components.into_iter().map(|one| {
            let value = one.value.map(|value| value.checked("/components/value")).transpose()?;
            Ok(Component { code: one.code.checked("/components/code")?, value })
        });
        let components = components.collect::<Result<_, ProfileError>>()?;
        Ok(Self { code: self.code.checked("/code")?, value, components, ..self })
    }
}

impl Measured {
    /// The value, tidied.
    ///
    /// # Errors
    /// When a number is none, or words are too long.
    pub fn checked(self, field: &'static str) -> Result<Self, ProfileError> {
        Ok(match self {
            Self::Quantity(one) => Self::Quantity(one.checked(field)?),
            Self::Text(text) => {
                paragraphs(field, &text)?;
                Self::Text(text)
            }
            Self::Concept(one) => Self::Concept(one.checked(field)?),
            Self::Boolean(_) | Self::Integer(_) => self,
        })
    }
}

impl Quantity {
    fn checked(self, field: &'static str) -> Result<Self, ProfileError> {
        if !self.value.is_finite() || self.value.abs() > NUMBER_MAX {
            return refuse(field, "the number is too large");
        }
        let (unit, code) = (line(field, &self.unit, LINE_CHARS)?, line(field, &self.code, 64)?);
        Ok(Self { unit, code, ..self })
    }
}

impl History {
    fn checked(self) -> Result<Self, ProfileError> {
        paragraphs("/note", &self.note)?;
        if !self.relation.is_empty() && self.topic != HistoryTopic::Family {
            return refuse("/relation", "only in the history of the family");
        }
        let relation = line("/relation", &self.relation, LINE_CHARS)?;
        Ok(Self { code: self.code.checked("/code")?, relation, ..self })
    }
}

fn few<T>(field: &'static str, list: &[T]) -> Result<(), ProfileError> {
    if list.len() > LIST_MAX { refuse(field, "at most 20") } else { Ok(()) }
}

fn in_order(
    field: &'static str,
    from: Option<&Moment>,
    to: Option<&Moment>,
) -> Result<(), ProfileError> {
    match (from, to) {
        (Some(from), Some(to)) if to.to() <= from.from() => refuse(field, "ends before it begins"),
        _ => Ok(()),
    }
}
