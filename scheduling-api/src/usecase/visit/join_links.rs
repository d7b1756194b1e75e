//! Links into a visit for one person: made, listed, ended. A new one ends the older ones of the same person.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use jiff::{Timestamp, ToSpan as _};

pub(crate) use crate::store::join_links::JoinLink;

use super::load::{self, Open};
use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::{Act, Permit},
        actor::{Caller, Role},
        consultation::{
            Consultation, OPEN_AFTER_END_MIN, VisitError,
            participant::{PartRole, PartState, Participant},
        },
        email_address::EmailAddress,
        id::{AppointmentId, JoinLinkId, ParticipantId},
        page::{Page, PageRequest},
        profile,
    },
    ports::mail::{Letter, Mail},
    store::{
        Scope, accounts,
        change::{Change, Transition},
        join_links,
        outbox::Event,
    },
    usecase::{
        Failure,
        account::{Sender, send},
        load as loading,
    },
};

/// When an address that has had its letters may have another (`gate`).
const MAIL_AGAIN: Duration = Duration::from_secs(600);

/// Whom a link is for.
pub(crate) struct Invitation {
    pub(crate) role: PartRole,
    pub(crate) name: Option<String>,
    /// An address to mail it to.
    pub(crate) contact: Option<String>,
    /// Somebody who was invited before and needs another link.
    pub(crate) participant: Option<ParticipantId>,
}

/// A new link, with what is told once.
pub(crate) struct NewLink {
    pub(crate) link: JoinLink,
    pub(crate) role: PartRole,
    pub(crate) secret: SecretToken,
    pub(crate) url: String,
}

/// Makes a link.
pub(crate) async fn create_join_link(
    api: &Api,
    caller: &Caller,
    appointment: &AppointmentId,
    invitation: Invitation,
) -> Result<NewLink, Failure> {
    let now = api.clock.now();
    let act = Act::CreateJoinLink;
    let scope = Scope::Clinic(loading::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let (appointment, permit) =
        loading::appointment(&mut change, caller, act, appointment, None, now).await?;
    refuse_role(&permit, invitation.role)?;
    let found = load::of_appointment(&mut change, api, &permit, &appointment, now).await?;
    load::refuse_called_off(change.tx(), &appointment.id).await?;
    let (contact, name) = (invitation.contact.clone(), invitation.name.clone());
    let (found, who) = invited(&mut change, api, &permit, (found, invitation), now).await?;
    join_links::revoke_all(change.tx(), &who, now).await?;
    let made = issue(&mut change, api, &permit, (&found, &who), now).await?;
    if let Some(contact) = contact {
        let to = EmailAddress::parse(&contact).map_err(|e| Failure::invalid("/contact", e))?;
        let index = BASE64_STANDARD.encode(accounts::email_index(&api.keys, &to));
        if !api.gate.may_mail(&index, now) {
            return Err(Failure::TooOften { retry_after: MAIL_AGAIN });
        }
        let mail = Mail {
            to: to.expose().to_owned(),
            name,
            language: "en".to_owned(),
            letter: Letter::JoinLink,
            link: Some(made.url.clone()),
        };
        send(&Sender { api, permit: &permit }, &mut change, &mail).await?;
    }
    change.commit(None, &()).await?;
    Ok(made)
}

/// Patients bring family and who translates; colleagues are the clinic's to invite, and the practitioner has an account.
fn refuse_role(permit: &Permit, role: PartRole) -> Result<(), Failure> {
    let refused = match role {
        PartRole::Practitioner => Some("the practitioner comes by signing in"),
        PartRole::Clinician if permit.role() == Role::Patient => {
            Some("a colleague is invited by the clinic")
        }
        _ => None,
    };
    refused.map_or(Ok(()), |why| Err(Failure::invalid("/role", why)))
}

/// The participant that a link is for: one who is invited already, or one more.
async fn invited(
    change: &mut Change<'_>,
    api: &Api,
    permit: &Permit,
    (mut found, invitation): (Consultation, Invitation),
    now: Timestamp,
) -> Result<(Consultation, ParticipantId), Failure> {
    let Invitation { role, name, participant, .. } = invitation;
    let name = name.map(|name| profile::line("/name", &name, 80)).transpose()?;
    let known = match participant {
        Some(id) => Some(found.participant(&id)?.clone()),
        None if role == PartRole::Patient => found.of_role(PartRole::Patient).cloned(),
        None => None,
    };
    if let Some(known) = known {
        if known.role != role {
            return Err(Failure::invalid("/role", "this participant has another role"));
        }
        if known.state.is_final() {
            return Err(VisitError::Participant(known.state.name()).into());
        }
        return Ok((found, known.id));
    }
    let name = name.filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Failure::invalid("/name", "who is invited has a name"))?;
    let id = ParticipantId::mint(&api.random, now);
    let guest = Participant {
        invited_by: permit.actor().user.clone(),
        name: Some(name.into()),
        ..Participant::new(id.clone(), role, PartState::Invited)
    };
    let seen = found.rev;
    found.invite(guest, now)?;
    load::save(change, api, permit, &found, (seen, "consultation.invited")).await?;
    Ok((found, id))
}

/// Makes a secret for a participant. What they had before ends when it is exchanged, if not sooner.
pub(super) async fn issue(
    change: &mut Change<'_>,
    api: &Api,
    permit: &Permit,
    (one, who): (&Consultation, &ParticipantId),
    now: Timestamp,
) -> Result<NewLink, Failure> {
    let expires = one.visit.end + OPEN_AFTER_END_MIN.minutes();
    if one.is_over(now) {
        return Err(VisitError::Ended.into());
    }
    if expires <= now {
        return Err(VisitError::TooLate.into());
    }
    let role = one.participant(who)?.role;
    let secret = SecretToken::mint("bl", &api.random);
    let link = JoinLink {
        id: JoinLinkId::mint(&api.random, now),
        clinic: one.clinic.clone(),
        consultation: one.id.clone(),
        participant: who.clone(),
        created: now,
        created_by: permit.actor().user.clone(),
        expires,
        used: None,
        revoked: None,
    };
    join_links::insert(change.tx(), &secret.hash(), &link).await?;
    record(change, permit, one, &link, "join_link.created").await?;
    let url = api.links.join(&secret);
    Ok(NewLink { link, role, secret, url })
}

async fn record(
    change: &mut Change<'_>,
    permit: &Permit,
    one: &Consultation,
    link: &JoinLink,
    topic: &'static str,
) -> Result<(), Failure> {
    let rev = if link.revoked.is_some() { 2 } else { 1 };
    let transition = Transition {
        kind: "join_link",
        id: link.id.as_str(),
        rev: crate::domain::rev::Rev(rev),
        patient: Some(&one.patient),
        body: serde_json::json!({ "consultation": one.id, "participant": link.participant }),
        events: vec![Event::now(topic)],
    };
    Ok(change.record(permit, transition).await?)
}

/// Lists a visit's links, with whom they are for.
pub(crate) async fn list_join_links(
    api: &Api,
    caller: &Caller,
    appointment: &AppointmentId,
    page: &PageRequest,
) -> Result<Page<(JoinLink, PartRole)>, Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(loading::clinic_of(&caller.actor)?);
    let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
    let act = Act::ListJoinLinks;
    let (appointment, permit) =
        loading::appointment(&mut change, caller, act, appointment, None, now).await?;
    let id = &appointment.id;
    let found = crate::store::consultations::of_appointment(change.tx(), &api.keys, id).await?;
    let Some(found) = found else { return Ok(Page { items: Vec::new(), next: None }) };
    let links = join_links::of_consultation(change.tx(), &found.id, page).await?;
    change.saw(&permit, "join_link", Some(found.id.as_str()), Some(&found.patient));
    change.commit(None, &()).await?;
    let Page { items, next } = links;
    let with_role = |link: JoinLink| {
        let role = found.participant(&link.participant).ok()?.role;
        Some((link, role))
    };
    Ok(Page { items: items.into_iter().filter_map(with_role).collect(), next })
}

/// Ends a link, and the session of whoever came by it.
pub(crate) async fn revoke_join_link(
    api: &Api,
    caller: &Caller,
    (appointment, id): (&AppointmentId, &JoinLinkId),
) -> Result<(), Failure> {
    let now = api.clock.now();
    let scope = Scope::Clinic(loading::clinic_of(&caller.actor)?);
    let mut tx = api.store.read(scope).await?;
    let found =
        crate::store::consultations::of_appointment(&mut tx, &api.keys, appointment).await?;
    let found = found.ok_or(Failure::NotFound)?;
    drop(tx);
    let mut open = Open::begin(api, caller, Act::RevokeJoinLink, &found.id, now).await?;
    let link = join_links::find(open.change.tx(), id).await?;
    let link = link.filter(|link| link.consultation == found.id);
    let mut link = link.ok_or(Failure::NotFound)?;
    if link.revoked.is_some() {
        return Ok(());
    }
    link.revoked = Some(now);
    join_links::revoke_all(open.change.tx(), &link.participant, now).await?;
    record(&mut open.change, &open.permit, &found, &link, "join_link.revoked").await?;
    Ok(open.change.commit(None, &()).await?)
}
