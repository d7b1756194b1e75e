//! Leaves a letter in the outbox, in the transaction that it tells of.

use crate::{
    api::Api,
    domain::{
        access::Permit, account::Account, email_address::EmailAddress, id::LetterId, rev::Rev,
    },
    ports::mail::{Letter, Mail, TEXT_TOPIC, TOPIC},
    store::{
        StoreError, accounts,
        change::{Change, Transition},
        outbox::{self, Event},
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
    let address = EmailAddress::parse(&mail.to).ok();
    let address = address.map(|address| accounts::email_index(&sender.api.keys, &address));
    let whose = address.as_ref().map(|digest| &digest[..]);
    leave(sender, change, mail, TOPIC, whose).await
}

/// Leaves a text message, which carries a telephone and a code: as sealed as a letter. `whose` is the digest of the
/// account's address.
pub(crate) async fn send_text(
    sender: &Sender<'_>,
    change: &mut Change<'_>,
    mail: &Mail,
    whose: &[u8],
) -> Result<(), StoreError> {
    leave(sender, change, mail, TEXT_TOPIC, Some(whose)).await
}

async fn leave(
    sender: &Sender<'_>,
    change: &mut Change<'_>,
    mail: &Mail,
    topic: &'static str,
    whose: Option<&[u8]>,
) -> Result<(), StoreError> {
    let Sender { api, permit } = sender;
    let id = LetterId::mint(&api.random, api.clock.now());
    let payload = mail.seal(&api.keys, &api.random, id.as_str())?;
    let transition = Transition {
        kind: "letter",
        id: id.as_str(),
        rev: Rev::FIRST,
        patient: None,
        body: serde_json::json!({ "letter": mail.letter }),
        events: vec![Event { topic, payload, not_before: None }],
    };
    change.record(permit, transition).await?;
    let patient = permit.resource().patient.as_ref();
    outbox::set_whose(change.tx(), (id.as_str(), topic), whose, patient).await
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
