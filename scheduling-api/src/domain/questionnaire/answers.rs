//! Answers to a questionnaire, and whether they answer it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{
    note::paragraphs,
    profile::{ProfileError, refuse},
    questionnaire::{Behavior, Condition, Item, ItemType, Operator},
};

/// Most answers to one question.
const ANSWERS_MAX: usize = 50;

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes or no.
    Boolean(bool),
    /// A number.
    Decimal(f64),
    /// A whole number.
    Integer(i32),
    /// A day.
    Date(Date),
    /// Words.
    Text(String),
    /// The value of a choice.
    Choice(String),
}

impl Answer {
    /// Whether a question of this type is answered so.
    #[must_use]
    pub const fn is_of(&self, kind: ItemType) -> bool {
        matches!(
            (self, kind),
            (Self::Boolean(_), ItemType::Boolean)
                | (Self::Decimal(_), ItemType::Decimal)
                | (Self::Integer(_), ItemType::Integer)
                | (Self::Date(_), ItemType::Date)
                | (Self::Text(_), ItemType::String | ItemType::Text)
                | (Self::Choice(_), ItemType::Choice)
        )
    }

    fn order(&self, other: &Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Decimal(one), Self::Decimal(two)) => one.partial_cmp(two),
            (Self::Integer(one), Self::Integer(two)) => Some(one.cmp(two)),
            (Self::Date(one), Self::Date(two)) => Some(one.cmp(two)),
            _ => None,
        }
    }
}

/// A question's answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    /// The question.
    pub link_id: String,
    /// Its answers.
    pub answers: Vec<Answer>,
}

/// Checks answers against the questions. A text that is not asked is not taken: what nobody asked for was never consented
/// to. Only what is `complete` must answer every required question.
///
/// # Errors
/// The first answer that answers nothing.
pub fn check(items: &[Item], given: &[Answered], complete: bool) -> Result<(), ProfileError> {
    let mut answers = BTreeMap::new();
    for one in given {
        if answers.insert(one.link_id.as_str(), one.answers.as_slice()).is_some() {
            return refuse("/items/link_id", "a question is answered in one place");
        }
    }
    let mut asked = BTreeMap::new();
    ask(items, &answers, complete, &mut asked)?;
    match answers.keys().find(|link| !asked.contains_key(*link)) {
        Some(_) => refuse(
            "/items/link_id",
            "is not asked by this questionnaire, or not with these answers",
        ),
        None => Ok(()),
    }
}

type Given<'a> = BTreeMap<&'a str, &'a [Answer]>;

/// Walks the questions that are asked with these answers. A condition looks only at questions that were asked themselves.
fn ask<'a>(
    items: &'a [Item],
    given: &Given<'a>,
    complete: bool,
    asked: &mut Given<'a>,
) -> Result<(), ProfileError> {
    for item in items {
        if !is_enabled(item, asked) {
            continue;
        }
        match item.kind {
            ItemType::Group => ask(&item.items, given, complete, asked)?,
            ItemType::Display => {}
            _ => {
                let answers = given.get(item.link_id.as_str()).copied().unwrap_or_default();
                if answers.is_empty() && item.required && complete {
                    return refuse("/items", "a required question is not answered");
                }
                check_answers(item, answers)?;
                asked.insert(&item.link_id, answers);
            }
        }
    }
    Ok(())
}

fn check_answers(item: &Item, answers: &[Answer]) -> Result<(), ProfileError> {
    let most = if item.repeats { ANSWERS_MAX } else { 1 };
    if answers.len() > most {
        return refuse("/items/answers", "more answers than the question takes");
    }
    for answer in answers {
        if !answer.is_of(item.kind) {
            return refuse("/items/answers", "not the type that the question asks for");
        }
        match answer {
            Answer::Text(text) => {
                paragraphs("/items/answers/text", text)?;
                let most = item.max_length.map_or(usize::MAX, |most| most as usize);
                if text.chars().count() > most {
                    return refuse("/items/answers/text", "longer than the question takes");
                }
            }
            Answer::Choice(value) if !item.options.iter().any(|one| one.value == *value) => {
                return refuse("/items/answers/choice", "is none of the choices");
            }
            Answer::Decimal(number) if !number.is_finite() => {
                return refuse("/items/answers/decimal", "is no number");
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_enabled(item: &Item, asked: &Given<'_>) -> bool {
    let holds = |condition: &Condition| {
        let answers = asked.get(condition.question.as_str()).copied().unwrap_or_default();
        condition.holds(answers)
    };
    match item.enable_behavior {
        _ if item.enable_when.is_empty() => true,
        Behavior::All => item.enable_when.iter().all(holds),
        Behavior::Any => item.enable_when.iter().any(holds),
    }
}

impl Condition {
    fn holds(&self, answers: &[Answer]) -> bool {
        use std::cmp::Ordering::{Equal, Greater, Less};
        let any = |wanted: &[std::cmp::Ordering]| {
            let mut orders = answers.iter().filter_map(|answer| answer.order(&self.answer));
            orders.any(|order| wanted.contains(&order))
        };
        match self.operator {
            Operator::Exists => self.answer == Answer::Boolean(!answers.is_empty()),
            Operator::Equal => answers.contains(&self.answer),
            // FHIR R4: at least one answer differs; a question without answers differs from none.
            Operator::NotEqual => answers.iter().any(|answer| *answer != self.answer),
            Operator::Greater => any(&[Greater]),
            Operator::Less => any(&[Less]),
            Operator::GreaterOrEqual => any(&[Greater, Equal]),
            Operator::LessOrEqual => any(&[Less, Equal]),
        }
    }
}
