//! `docs/PROTOCOL-COMPATIBILITY.md` names every message of the LiveKit client protocol, each with a state.
//!
//! The names come from the generated protocol crate: its serde code tells a deserializer which fields a message has, so
//! that a new version with a new message fails here until the page says what we do about it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

use std::{collections::BTreeSet, fmt};

use livekit_protocol as proto;
use serde::{
    Deserialize,
    de::{Deserializer, Visitor},
    forward_to_deserialize_any,
};

const PAGE: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/PROTOCOL-COMPATIBILITY.md"));

/// The words a state may begin with; the page explains them.
const STATES: &[&str] = &["implemented", "partly", "ignored", "refused", "not yet"];

#[test]
fn every_message_from_the_client_has_a_state() {
    assert_eq!(rows("## Messages from the client"), fields::<proto::SignalRequest>());
}

#[test]
fn every_message_from_the_server_has_a_state() {
    assert_eq!(rows("## Messages from the server"), fields::<proto::SignalResponse>());
}

#[test]
fn every_kind_of_data_packet_has_a_state() {
    let routing =
        ["kind", "participant_identity", "destination_identities", "sequence", "participant_sid"];
    let kinds: BTreeSet<_> = fields::<proto::DataPacket>()
        .into_iter()
        .filter(|field| !routing.contains(&field.as_str()))
        .collect();
    assert_eq!(rows("## Data packets"), kinds);
}

#[test]
fn fields_are_those_of_the_message() {
    let expected = ["timestamp", "rtt"].map(String::from);
    assert_eq!(fields::<proto::Ping>(), BTreeSet::from(expected));
}

/// Names in the table of one section: `| 4 | name in backticks | state ... |`. Fails on a state that is none.
fn rows(heading: &str) -> BTreeSet<String> {
    let section = PAGE.split(heading).nth(1).expect("the page has this section");
    let section = section.split("\n## ").next().unwrap_or(section);
    let mut names = BTreeSet::new();
    for line in section.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, _number, name, state, ..] = cells.as_slice() else { panic!("odd row: {line}") };
        let Some(name) = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')) else {
            continue;
        };
        assert!(STATES.iter().any(|known| state.starts_with(known)), "no known state: {line}");
        assert!(names.insert(name.to_owned()), "twice: {name}");
    }
    names
}

/// The protobuf names of a message's fields.
fn fields<'de, T: Deserialize<'de> + fmt::Debug>() -> BTreeSet<String> {
    let names = T::deserialize(Asked).expect_err("the deserializer gives nothing but the names").0;
    // Each field is listed as in the .proto file and, if that differs, in camel case.
    let snake_case = |name: &&&str| !name.contains(|c: char| c.is_ascii_uppercase());
    names.iter().filter(snake_case).map(|name| (*name).to_owned()).collect()
}

/// Answers "which fields do you want?" with an error that holds them.
struct Asked;

#[derive(Debug)]
struct Names(&'static [&'static str]);

impl<'de> Deserializer<'de> for Asked {
    type Error = Names;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Names> {
        Err(Names(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Names> {
        Err(Names(fields))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

impl fmt::Display for Names {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.0)
    }
}

impl std::error::Error for Names {}

impl serde::de::Error for Names {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self(&[])
    }
}
