//! Leaves a letter in the outbox, in the transaction that it tells of.

use crate::{
    api::Api,
    domain::{access::Permit, account::Account, id::LetterId, rev::Rev},
    ports::mail::{Letter, Mail, TOPIC},
    store::{
        StoreError,
        change::{Change, Transition},
        outbox::Event,
    },
};

/// What a letter is written with.
pub(crate) struct Sender<'a> {
    pub(crate) api: &'a Api,
    pub(crate) permit: &'a Permit,
}

/// Leaves a letter.
pub(crate) async fn send(
    sender: &Sender<'_>,
    change: &mut Change<'_>,
    mail: &Mail,
) -> Result<(), StoreError> {
    let Sender { api, permit } = sender;
    let id = LetterId::mint(&api.random, api.clock.now());
    let payload = mail.seal(&api.keys, &api.random, id.as_str());
    let transition = Transition {
        kind: "letter",
        id: id.as_str(),
        rev: Rev::FIRST,
        patient: None,
        body: serde_json::json!({ "letter": mail.letter }),
        events: vec![Event { topic: TOPIC, payload, not_before: None }],
    };
    change.record(permit, transition).await
}

impl Mail {
    /// A letter to an account.
    pub(crate) fn to(account: &Account, letter: Letter, link: Option<String>) -> Self {
        Self {
            to: account.email.expose().to_owned(),
            name: Some(account.name.expose().clone()),
            language: account.language.clone(),
            letter,
            link,
        }
    }
}
