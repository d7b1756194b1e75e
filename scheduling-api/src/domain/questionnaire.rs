//! Questionnaires before a visit: a definition as data, with questions that depend on answers to others.
//!
//! ```text
//! draft ── publish ──► active ── retire ──► retired       each change is a revision; answers name the one they answer
//! ```
//!
//! Pure. The words are FHIR R4's (`Questionnaire.item`). Never: knows of a patient.

pub mod answers;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::domain::{
    id::{ClinicId, QuestionnaireId, ServiceId},
    profile::{ProfileError, filled, line, refuse},
    rev::Rev,
    words::words,
};
use answers::Answer;

/// Most questions of one questionnaire, groups included: nobody answers more before a visit.
pub const ITEMS_MAX: usize = 200;

/// Deepest group.
pub const DEPTH_MAX: usize = 4;

/// Most choices of a question.
pub const OPTIONS_MAX: usize = 100;

/// Most conditions of a question.
const CONDITIONS_MAX: usize = 10;

/// Most visit types that a questionnaire is asked for.
const SERVICES_MAX: usize = 50;

const TEXT_CHARS: usize = 1_000;
const LINK_CHARS: usize = 60;

words! {
    /// Where a questionnaire stands.
    QuestionnaireStatus { Draft "draft", Active "active", Retired "retired" }
    /// What a question is answered with.
    ItemType {
        Group "group", Display "display", Boolean "boolean", Decimal "decimal", Integer "integer", Date "date",
        String "string", Text "text", Choice "choice",
    }
    /// How an answer is compared.
    Operator {
        Exists "exists", Equal "=", NotEqual "!=", Greater ">", Less "<", GreaterOrEqual ">=", LessOrEqual "<=",
    }
    /// Whether all conditions must hold, or one.
    Behavior { All "all", Any "any" }
}

/// A question, a group of questions, or a text between them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// Its name, unique in the questionnaire.
    pub link_id: String,
    /// What is asked.
    pub text: String,
    /// What it is answered with.
    #[serde(rename = "type")]
    pub kind: ItemType,
    /// Whether it must be answered where it is asked.
    #[serde(default)]
    pub required: bool,
    /// Whether it takes several answers.
    #[serde(default)]
    pub repeats: bool,
    /// What may be chosen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<Choice>,
    /// When it is asked; always, when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enable_when: Vec<Condition>,
    /// Whether all conditions must hold, or one.
    #[serde(default = "all")]
    pub enable_behavior: Behavior,
    /// Longest text of an answer, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u32>,
    /// The questions of a group.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Self>,
}

fn all() -> Behavior {
    Behavior::All
}

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What an answer says.
    pub value: String,
    /// What people read; the value when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub label: String,
}

/// When a question is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// The question before it whose answer decides.
    pub question: String,
    /// How.
    pub operator: Operator,
    /// Compared with this; with `exists`, whether there shall be an answer.
    pub answer: Answer,
}

/// What a questionnaire asks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// Its title.
    pub title: String,
    /// Where it stands.
    pub status: QuestionnaireStatus,
    /// The visit types that it is asked for; all of the clinic's, when empty.
    #[serde(default)]
    pub services: Vec<ServiceId>,
    /// The questions.
    pub items: Vec<Item>,
}

/// A questionnaire, in one revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Questionnaire {
    /// Which one.
    pub id: QuestionnaireId,
    /// Whose.
    pub clinic: ClinicId,
    /// How often it was changed.
    pub rev: Rev,
    /// What it asks.
    pub definition: Definition,
}

impl Definition {
    /// The definition, if it can be asked.
    ///
    /// # Errors
    /// The first field that cannot be: a name twice, a condition on a question that does not come before, a choice
    /// without choices.
    pub fn checked(mut self) -> Result<Self, ProfileError> {
        self.title = filled("/title", &self.title, 200)?;
        if self.services.len() > SERVICES_MAX {
            return refuse("/services", "at most 50");
        }
        if self.items.is_empty() {
            return refuse("/items", "must not be empty");
        }
        let mut seen = BTreeMap::new();
        check(&mut self.items, 1, &mut seen)?;
        Ok(self)
    }
}

/// Checks questions in the order in which they are asked; `seen` are those before, with their type.
fn check(
    items: &mut [Item],
    depth: usize,
    seen: &mut BTreeMap<String, ItemType>,
) -> Result<(), ProfileError> {
    if depth > DEPTH_MAX && !items.is_empty() {
        return refuse("/items/items", "groups are at most 4 deep");
    }
    for item in items {
        item.link_id = filled("/items/link_id", &item.link_id, LINK_CHARS)?;
        item.text = filled("/items/text", &item.text, TEXT_CHARS)?;
        let is_choice = item.kind == ItemType::Choice;
        if is_choice == item.options.is_empty() || item.options.len() > OPTIONS_MAX {
            return refuse("/items/options", "a choice has 1 to 100 of them, nothing else has any");
        }
        for option in &mut item.options {
            option.value = filled("/items/options/value", &option.value, TEXT_CHARS)?;
            option.label = line("/items/options/label", &option.label, TEXT_CHARS)?;
        }
        if (item.kind == ItemType::Group) == item.items.is_empty() {
            return refuse("/items/items", "a group has questions, nothing else has any");
        }
        let is_asked = !matches!(item.kind, ItemType::Group | ItemType::Display);
        if !is_asked && (item.required || item.repeats) {
            return refuse("/items/required", "only a question is required or repeats");
        }
        if item.enable_when.len() > CONDITIONS_MAX {
            return refuse("/items/enable_when", "at most 10");
        }
        for condition in &item.enable_when {
            condition.check(seen)?;
        }
        if seen.insert(item.link_id.clone(), item.kind).is_some() {
            return refuse("/items/link_id", "a name stands for one question");
        }
        if seen.len() > ITEMS_MAX {
            return refuse("/items", "at most 200");
        }
        check(&mut item.items, depth + 1, seen)?;
    }
    Ok(())
}

impl Condition {
    fn check(&self, seen: &BTreeMap<String, ItemType>) -> Result<(), ProfileError> {
        let Some(kind) = seen.get(&self.question) else {
            return refuse("/items/enable_when/question", "must be a question that comes before");
        };
        let fits = match self.operator {
            Operator::Exists => matches!(self.answer, Answer::Boolean(_)),
            Operator::Equal | Operator::NotEqual => self.answer.is_of(*kind),
            _ => {
                let ordered =
                    matches!(kind, ItemType::Decimal | ItemType::Integer | ItemType::Date);
                ordered && self.answer.is_of(*kind)
            }
        };
        if fits && !matches!(kind, ItemType::Group | ItemType::Display) {
            Ok(())
        } else {
            refuse("/items/enable_when/answer", "cannot be compared with that question's answers")
        }
    }
}

#[cfg(test)]
mod tests;
