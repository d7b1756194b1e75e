//! Mails a link that signs in, or one that lets a forgotten password be replaced.
//!
//! Always answered alike, after the same work: whether the address has an account is told in the mailbox only.

use base64::{Engine as _, prelude::BASE64_STANDARD};

use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{self, Act, Resource},
        account::AccountState,
        actor::Caller,
        email_address::EmailAddress,
        one_time::Purpose,
    },
    gate::Origin,
    ports::mail::{Letter, Mail},
    store::{Scope, accounts, change::Change, one_times::Whom},
    usecase::{
        Failure,
        account::{Sender, one_time, send},
    },
};

/// What the link is for.
#[derive(Clone, Copy)]
pub(crate) enum Link {
    SignIn,
    NewPassword,
}

impl Link {
    fn parts(self) -> (Act, Purpose, Letter) {
        match self {
            Self::SignIn => (Act::RequestMagicLink, Purpose::MagicLink, Letter::MagicLink),
            Self::NewPassword => {
                (Act::RequestPasswordReset, Purpose::PasswordReset, Letter::PasswordReset)
            }
        }
    }
}

/// Mails a link.
pub(crate) async fn request_link(
    api: &Api,
    caller: &Caller,
    origin: &Origin,
    email: &str,
    link: Link,
) -> Result<(), Failure> {
    let now = api.clock.now();
    let (act, purpose, letter) = link.parts();
    let permit = access::decide(&caller.actor, act, &Resource::platform(), now)?;
    api.gate.charge_network(&origin.network, now)?;
    let email = EmailAddress::parse(email).map_err(|error| Failure::invalid("/email", error))?;
    let index = accounts::email_index(&api.keys, &email);

    let mut change = Change::begin(&api.store, &api.random, caller, Scope::Platform, now).await?;
    let account = accounts::find_by_email(change.tx(), &api.keys, &email).await?;
    let account = account.filter(|account| account.state == AccountState::Active);
    let whom = match &account {
        Some(account) => Whom { user: Some(&account.id), subject: None },
        // A row that nobody can redeem, so that both ways take as long.
        None => Whom { user: None, subject: Some(&index) },
    };
    if !api.gate.may_mail(&BASE64_STANDARD.encode(index), now) {
        return Ok(());
    }
    let secret = one_time::issue(api, change.tx(), purpose, whom, &()).await?;
    if let Some(account) = account {
        let address = address(api, link, &secret);
        let mail = Mail::to(&account, letter, Some(address));
        send(&Sender { api, permit: &permit }, &mut change, &mail).await?;
    } else {
        change.saw(&permit, "account", None, None);
    }
    Ok(change.commit(None, &()).await?)
}

fn address(api: &Api, link: Link, secret: &SecretToken) -> String {
    match link {
        Link::SignIn => api.links.magic_link(secret),
        Link::NewPassword => api.links.password_reset(secret),
    }
}
