//! What comes in for the record: FHIR R4's JSON as content of ours. An element that is not kept is refused by name, so that
//! nothing is lost in silence.

use jiff::Timestamp;
use serde::Deserialize;

use super::concept::{ConceptIn, NoteIn, ReferenceIn, notes};
use crate::{
    domain::{
        id::{AppointmentId, PatientId, QuestionnaireId},
        questionnaire::answers::{Answer, Answered},
        record::{
            EntryKind,
            concept::Concept,
            content::{
                Allergy, AllergyCategory, AllergyClinical, AllergyType, AllergyVerification,
                Answers, AnswersStatus, Component, Condition, ConditionCategory, ConditionClinical,
                ConditionVerification, Content, Criticality, Measured, Medication,
                MedicationStatus, Observation, ObservationCategory, ObservationStatus, Quantity,
                Reaction, Severity,
            },
            moment::Moment,
        },
        rev::Rev,
    },
    http::{
        error::Problem,
        fhir::{asked::Asked, id},
    },
};

/// Deepest group of answers.
const DEPTH_MAX: usize = 6;

/// Whom a resource is about, and in which visit it was said.
type About = (PatientId, Option<AppointmentId>);

/// What a body says, and about whom.
pub(super) fn read(
    kind: EntryKind,
    asked: &Asked,
) -> Result<(PatientId, Option<AppointmentId>, Content), Problem> {
    let ((patient, visit), content) = match kind {
        EntryKind::Condition => asked.resource::<ConditionIn>()?.parse(asked)?,
        EntryKind::Allergy => asked.resource::<AllergyIn>()?.parse(asked)?,
        EntryKind::Medication => asked.resource::<MedicationIn>()?.parse(asked)?,
        EntryKind::Observation => asked.resource::<ObservationIn>()?.parse(asked)?,
        EntryKind::Answers => asked.resource::<AnswersIn>()?.parse(asked)?,
        EntryKind::History => return Err(Problem::not_supported("history is not on this face")),
    };
    Ok((patient, visit, content))
}

/// Declares a resource as it comes in, with what all of them have and nobody keeps: narrative and metadata are made anew.
macro_rules! resource_in {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty,)+ }) => {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        struct $name {
            resource_type: String,
            #[serde(default)]
            id: Option<String>,
            #[serde(default, rename = "meta")]
            _meta: Option<serde_json::Value>,
            #[serde(default, rename = "text")]
            _text: Option<serde_json::Value>,
            $($(#[$meta])* $field: $type,)+
        }

        impl $name {
            /// Whether it is the kind of resource that it is sent as, with the id that it is sent to.
            fn check(&self, kind: &str, asked: &Asked) -> Result<(), Problem> {
                if self.resource_type != kind {
                    return Err(Problem::bad_request(format!("resourceType is not {kind}")));
                }
                let is_update = asked.path.contains_key("id");
                if is_update && self.id.as_deref() != Some(asked.id()) {
                    return Err(Problem::bad_request("id is not the one of the address"));
                }
                Ok(())
            }
        }
    };
}

resource_in!(ConditionIn {
    #[serde(default)]
    clinical_status: Option<ConceptIn>,
    #[serde(default)]
    verification_status: Option<ConceptIn>,
    #[serde(default)]
    category: Vec<ConceptIn>,
    #[serde(default)]
    severity: Option<ConceptIn>,
    code: ConceptIn,
    subject: ReferenceIn,
    #[serde(default)]
    encounter: Option<ReferenceIn>,
    #[serde(default, rename = "onsetDateTime")]
    onset: Option<Moment>,
    #[serde(default, rename = "abatementDateTime")]
    abatement: Option<Moment>,
    #[serde(default, rename = "recordedDate")]
    _recorded: Option<Moment>,
    #[serde(default)]
    note: Vec<NoteIn>,
});

resource_in!(AllergyIn {
    #[serde(default)]
    clinical_status: Option<ConceptIn>,
    #[serde(default)]
    verification_status: Option<ConceptIn>,
    #[serde(default, rename = "type")]
    kind: Option<AllergyType>,
    #[serde(default)]
    category: Vec<AllergyCategory>,
    #[serde(default)]
    criticality: Option<Criticality>,
    code: ConceptIn,
    patient: ReferenceIn,
    #[serde(default)]
    encounter: Option<ReferenceIn>,
    #[serde(default, rename = "onsetDateTime")]
    onset: Option<Moment>,
    #[serde(default, rename = "recordedDate")]
    _recorded: Option<Moment>,
    #[serde(default)]
    note: Vec<NoteIn>,
    #[serde(default)]
    reaction: Vec<ReactionIn>,
});

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ReactionIn {
    manifestation: Vec<ConceptIn>,
    #[serde(default)]
    severity: Option<Severity>,
}

resource_in!(MedicationIn {
    status: MedicationStatus,
    medication_codeable_concept: ConceptIn,
    subject: ReferenceIn,
    #[serde(default)]
    context: Option<ReferenceIn>,
    #[serde(default, rename = "effectiveDateTime")]
    effective: Option<Moment>,
    #[serde(default)]
    effective_period: Option<PeriodIn>,
    #[serde(default, rename = "dateAsserted")]
    _asserted: Option<Moment>,
    #[serde(default)]
    dosage: Vec<NoteIn>,
    #[serde(default)]
    note: Vec<NoteIn>,
});

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PeriodIn {
    #[serde(default)]
    start: Option<Moment>,
    #[serde(default)]
    end: Option<Moment>,
}

resource_in!(ObservationIn {
    status: ObservationStatus,
    #[serde(default)]
    category: Vec<ConceptIn>,
    code: ConceptIn,
    subject: ReferenceIn,
    #[serde(default)]
    encounter: Option<ReferenceIn>,
    #[serde(rename = "effectiveDateTime")]
    effective: Moment,
    #[serde(default, rename = "issued")]
    _issued: Option<Moment>,
    #[serde(default)]
    value_quantity: Option<QuantityIn>,
    #[serde(default)]
    value_string: Option<String>,
    #[serde(default)]
    value_codeable_concept: Option<ConceptIn>,
    #[serde(default)]
    value_boolean: Option<bool>,
    #[serde(default)]
    value_integer: Option<i32>,
    #[serde(default)]
    component: Vec<ComponentIn>,
    #[serde(default)]
    note: Vec<NoteIn>,
});

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ComponentIn {
    code: ConceptIn,
    #[serde(default)]
    value_quantity: Option<QuantityIn>,
    #[serde(default)]
    value_string: Option<String>,
    #[serde(default)]
    value_codeable_concept: Option<ConceptIn>,
    #[serde(default)]
    value_boolean: Option<bool>,
    #[serde(default)]
    value_integer: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct QuantityIn {
    value: f64,
    #[serde(default)]
    unit: String,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    code: String,
}

resource_in!(AnswersIn {
    questionnaire: String,
    status: AnswersStatus,
    subject: ReferenceIn,
    #[serde(default)]
    encounter: Option<ReferenceIn>,
    #[serde(default)]
    authored: Option<Timestamp>,
    #[serde(default)]
    item: Vec<AnsweredIn>,
});

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AnsweredIn {
    link_id: String,
    #[serde(default, rename = "text")]
    _text: Option<String>,
    #[serde(default)]
    answer: Vec<AnswerIn>,
    #[serde(default)]
    item: Vec<Self>,
}

/// FHIR R4 `QuestionnaireResponse.item.answer`: one of these.
#[derive(Deserialize)]
enum AnswerIn {
    #[serde(rename = "valueBoolean")]
    Boolean(bool),
    #[serde(rename = "valueDecimal")]
    Decimal(f64),
    #[serde(rename = "valueInteger")]
    Integer(i32),
    #[serde(rename = "valueDate")]
    Date(jiff::civil::Date),
    #[serde(rename = "valueString")]
    Text(String),
    #[serde(rename = "valueCoding")]
    Choice(super::concept::CodingIn),
}

fn about(subject: &ReferenceIn, encounter: Option<&ReferenceIn>) -> Result<About, Problem> {
    let patient = id::parse(id::referred("Patient", &subject.reference)?)?;
    let visit = encounter.map(|encounter| {
        let id = id::referred("Encounter", &encounter.reference)?;
        id::as_other("enc", id)
    });
    Ok((patient, visit.transpose()?))
}

/// The questionnaire that a canonical names, and its revision.
fn canonical(text: &str) -> Result<(QuestionnaireId, Rev), Problem> {
    let (address, version) = text.split_once('|').unwrap_or((text, "0"));
    let rev = version
        .parse()
        .map_err(|_| Problem::bad_request("questionnaire has a version that is none"))?;
    Ok((id::parse(id::referred("Questionnaire", address)?)?, Rev(rev)))
}

fn only<T>(field: &str, mut list: Vec<T>) -> Result<Option<T>, Problem> {
    let last = list.pop();
    if list.is_empty() {
        Ok(last)
    } else {
        Err(Problem::not_supported(format!("{field} is kept once")))
    }
}

impl ConditionIn {
    fn parse(self, asked: &Asked) -> Result<(About, Content), Problem> {
        self.check("Condition", asked)?;
        let about = about(&self.subject, self.encounter.as_ref())?;
        let verification = match &self.verification_status {
            None => ConditionVerification::Unconfirmed,
            Some(one) => one.word("verificationStatus", ConditionVerification::parse)?,
        };
        let clinical = match (&self.clinical_status, verification) {
            (Some(one), _) => one.word("clinicalStatus", ConditionClinical::parse)?,
            (None, ConditionVerification::EnteredInError) => ConditionClinical::Inactive,
            (None, _) => return Err(Problem::bad_request("clinicalStatus is needed (con-3)")),
        };
        let category = match only("category", self.category)? {
            None => ConditionCategory::ProblemListItem,
            Some(one) => one.word("category", ConditionCategory::parse)?,
        };
        let severity = self.severity.map(|one| one.word("severity", severity)).transpose()?;
        let content = Condition {
            code: self.code.into(),
            clinical,
            verification,
            category,
            severity,
            onset: self.onset,
            abatement: self.abatement,
            note: notes(self.note),
        };
        Ok((about, Content::Condition(content)))
    }
}

fn severity(code: &str) -> Option<Severity> {
    match code {
        "255604002" => Some(Severity::Mild),
        "6736007" => Some(Severity::Moderate),
        "24484000" => Some(Severity::Severe),
        _ => None,
    }
}

impl AllergyIn {
    fn parse(self, asked: &Asked) -> Result<(About, Content), Problem> {
        self.check("AllergyIntolerance", asked)?;
        let about = about(&self.patient, self.encounter.as_ref())?;
        let verification = match &self.verification_status {
            None => AllergyVerification::Unconfirmed,
            Some(one) => one.word("verificationStatus", AllergyVerification::parse)?,
        };
        let clinical = match (&self.clinical_status, verification) {
            (Some(one), _) => one.word("clinicalStatus", AllergyClinical::parse)?,
            (None, AllergyVerification::EnteredInError) => AllergyClinical::Inactive,
            (None, _) => return Err(Problem::bad_request("clinicalStatus is needed (ait-1)")),
        };
        let reactions = self.reaction.into_iter().map(|one| {
            let manifestation = only("reaction.manifestation", one.manifestation)?;
            let manifestation = manifestation
                .ok_or_else(|| Problem::bad_request("a reaction has a manifestation"))?;
            Ok(Reaction { manifestation: manifestation.into(), severity: one.severity })
        });
        let content = Allergy {
            code: self.code.into(),
            clinical,
            verification,
            kind: self.kind,
            category: only("category", self.category)?,
            criticality: self.criticality,
            reactions: reactions.collect::<Result<_, Problem>>()?,
            onset: self.onset,
            note: notes(self.note),
        };
        Ok((about, Content::Allergy(content)))
    }
}

impl MedicationIn {
    fn parse(self, asked: &Asked) -> Result<(About, Content), Problem> {
        self.check("MedicationStatement", asked)?;
        let about = about(&self.subject, self.context.as_ref())?;
        let (from, to) = match (self.effective, self.effective_period) {
            (Some(at), None) => (Some(at.clone()), Some(at)),
            (None, Some(period)) => (period.start, period.end),
            (None, None) => (None, None),
            (Some(_), Some(_)) => return Err(Problem::bad_request("effective is given twice")),
        };
        let content = Medication {
            code: self.medication_codeable_concept.into(),
            status: self.status,
            dosage: only("dosage", self.dosage)?.map_or(String::new(), |dosage| dosage.text),
            from,
            to,
            note: notes(self.note),
        };
        Ok((about, Content::Medication(content)))
    }
}

/// The one value that is given, if any.
fn value(
    quantity: Option<QuantityIn>,
    text: Option<String>,
    concept: Option<ConceptIn>,
    (boolean, integer): (Option<bool>, Option<i32>),
) -> Result<Option<Measured>, Problem> {
    let ucum = |one: &QuantityIn| {
        one.system.as_deref().is_none_or(|system| system == "http://unitsofmeasure.org")
    };
    if quantity.as_ref().is_some_and(|one| !ucum(one)) {
        return Err(Problem::not_supported("units of another system than UCUM"));
    }
    let quantity = quantity.map(|one| {
        Measured::Quantity(Quantity { value: one.value, unit: one.unit, code: one.code })
    });
    let given = [
        quantity,
        text.map(Measured::Text),
        concept.map(|one| Measured::Concept(Concept::from(one))),
        boolean.map(Measured::Boolean),
        integer.map(Measured::Integer),
    ];
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (value, None) => Ok(value),
        _ => Err(Problem::bad_request("a value is given twice")),
    }
}

impl ObservationIn {
    fn parse(self, asked: &Asked) -> Result<(About, Content), Problem> {
        self.check("Observation", asked)?;
        let about = about(&self.subject, self.encounter.as_ref())?;
        let category = only("category", self.category)?;
        let components = self.component.into_iter().map(|one| {
            let rest = (one.value_boolean, one.value_integer);
            let value =
                value(one.value_quantity, one.value_string, one.value_codeable_concept, rest)?;
            Ok(Component { code: one.code.into(), value })
        });
        let rest = (self.value_boolean, self.value_integer);
        let content = Observation {
            code: self.code.into(),
            status: self.status,
            category: category
                .map(|one| one.word("category", ObservationCategory::parse))
                .transpose()?,
            effective: self.effective,
            value: value(
                self.value_quantity,
                self.value_string,
                self.value_codeable_concept,
                rest,
            )?,
            components: components.collect::<Result<_, Problem>>()?,
            note: notes(self.note),
        };
        Ok((about, Content::Observation(content)))
    }
}

impl AnswersIn {
    fn parse(self, asked: &Asked) -> Result<(About, Content), Problem> {
        self.check("QuestionnaireResponse", asked)?;
        let about = about(&self.subject, self.encounter.as_ref())?;
        let (questionnaire, questionnaire_rev) = canonical(&self.questionnaire)?;
        let mut items = Vec::new();
        flatten(self.item, 1, &mut items)?;
        let content = Answers {
            questionnaire,
            questionnaire_rev,
            status: self.status,
            authored: self.authored.unwrap_or_default(),
            items,
        };
        Ok((about, Content::Answers(content)))
    }
}

/// Answers out of their groups: a question's name is unique in its questionnaire.
fn flatten(items: Vec<AnsweredIn>, depth: usize, out: &mut Vec<Answered>) -> Result<(), Problem> {
    if depth > DEPTH_MAX {
        return Err(Problem::bad_request("groups are too deep"));
    }
    for item in items {
        if !item.answer.is_empty() {
            let answers = item.answer.into_iter().map(|answer| match answer {
                AnswerIn::Boolean(yes) => Answer::Boolean(yes),
                AnswerIn::Decimal(number) => Answer::Decimal(number),
                AnswerIn::Integer(number) => Answer::Integer(number),
                AnswerIn::Date(date) => Answer::Date(date),
                AnswerIn::Text(text) => Answer::Text(text),
                AnswerIn::Choice(coding) => Answer::Choice(coding.code),
            });
            out.push(Answered { link_id: item.link_id, answers: answers.collect() });
        }
        flatten(item.item, depth + 1, out)?;
    }
    Ok(())
}
