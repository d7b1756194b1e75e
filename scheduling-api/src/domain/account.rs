//! An account: somebody who can sign in; and what they are where.

use std::str::FromStr;

use jiff::Timestamp;
use protocol::redact::Redacted;
use thiserror::Error;

use crate::domain::{
    actor::{Actor, Role},
    email_address::EmailAddress,
    id::{ClinicId, MembershipId, PatientId, PractitionerId, ProxyId, UserId},
    profile::{self, ProfileError},
    rev::Rev,
    session::{Assurance, SessionLimits},
};

/// Somebody who can sign in.
#[derive(Clone, Debug)]
pub struct Account {
    /// Which one.
    pub id: UserId,
    /// How often it was changed.
    pub rev: Rev,
    /// Whether it may be used.
    pub state: AccountState,
    /// Where mail goes; proved to be theirs.
    pub email: EmailAddress,
    /// What they are called.
    pub name: Redacted<String>,
    /// The language of mail to them.
    pub language: String,
    /// The zone of times in it.
    pub time_zone: String,
}

/// Whether an account may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountState {
    /// It may.
    Active,
    /// Somebody who may do so switched it off.
    Disabled,
    /// The person asked to be forgotten; nothing of them is left.
    Erased,
}

impl AccountState {
    /// As stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Erased => "erased",
        }
    }
}

/// A stored word that is no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no such word")]
pub struct UnknownWord;

impl FromStr for AccountState {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let all = [Self::Active, Self::Disabled, Self::Erased];
        all.into_iter().find(|state| state.as_str() == word).ok_or(UnknownWord)
    }
}

/// What somebody says about themselves when an account is made.
#[derive(Clone, Debug)]
pub struct AccountCard {
    /// What they are called.
    pub name: Redacted<String>,
    /// The language of mail to them.
    pub language: String,
    /// The zone of times in it.
    pub time_zone: String,
}

impl AccountCard {
    /// Checks and tidies the fields.
    ///
    /// # Errors
    /// The first that cannot be.
    pub fn checked(self) -> Result<Self, ProfileError> {
        Ok(Self {
            name: profile::filled("name", self.name.expose(), 200)?.into(),
            language: profile::language("language", &self.language)?,
            time_zone: profile::time_zone("time_zone", &self.time_zone)?,
        })
    }
}

/// What somebody is in a clinic, or above all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which one.
    pub id: MembershipId,
    /// Where; none for who runs the installation.
    pub clinic: Option<ClinicId>,
    /// Who.
    pub user: UserId,
    /// What.
    pub role: Role,
    /// The patient that they are.
    pub patient: Option<PatientId>,
    /// The practitioner that they are.
    pub practitioner: Option<PractitionerId>,
    /// Since when.
    pub created: Timestamp,
}

/// Somebody's right to act for a patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// Which one.
    pub id: ProxyId,
    /// Where.
    pub clinic: ClinicId,
    /// For whom.
    pub patient: PatientId,
    /// Who.
    pub user: UserId,
    /// Until when; a child's parents are proxies until it is of age.
    pub valid_until: Option<Timestamp>,
}

/// Whether a role is one of the clinic's or the installation's own people.
#[must_use]
pub const fn is_staff(role: Role) -> bool {
    matches!(
        role,
        Role::Practitioner | Role::Receptionist | Role::ClinicAdmin | Role::PlatformAdmin
    )
}

/// How long sessions of somebody with these memberships last: the strictest applies.
#[must_use]
pub fn session_limits(memberships: &[Membership]) -> SessionLimits {
    if memberships.iter().any(|membership| is_staff(membership.role)) {
        SessionLimits::STAFF
    } else {
        SessionLimits::PATIENT
    }
}

/// The clinic that a new session acts in when nobody chose: the only one, if there is only one.
#[must_use]
pub fn only_clinic(memberships: &[Membership], proxies: &[Proxy]) -> Option<ClinicId> {
    let mut clinics: Vec<&ClinicId> =
        memberships.iter().filter_map(|membership| membership.clinic.as_ref()).collect();
    clinics.extend(proxies.iter().map(|proxy| &proxy.clinic));
    clinics.sort_unstable();
    clinics.dedup();
    match clinics.as_slice() {
        [only] => Some((*only).clone()),
        _ => None,
    }
}

/// Who somebody is in a clinic, for the access decision.
#[must_use]
pub fn actor_in(
    user: &UserId,
    clinic: Option<&ClinicId>,
    memberships: &[Membership],
    proxies: &[Proxy],
    assurance: Assurance,
    now: Timestamp,
) -> Actor {
    let here = memberships
        .iter()
        .filter(|membership| membership.clinic.is_none() || membership.clinic.as_ref() == clinic);
    let mut actor = Actor {
        user: Some(user.clone()),
        clinic: clinic.cloned(),
        roles: vec![Role::User],
        second_factor: assurance == Assurance::Multi,
        ..Actor::default()
    };
    for membership in here {
        actor.roles.push(membership.role);
        actor.patients.extend(membership.patient.clone());
        actor.practitioner = actor.practitioner.or_else(|| membership.practitioner.clone());
    }
    let valid = |proxy: &&Proxy| {
        Some(&proxy.clinic) == clinic && proxy.valid_until.is_none_or(|until| now < until)
    };
    for proxy in proxies.iter().filter(valid) {
        actor.patients.push(proxy.patient.clone());
        if !actor.roles.contains(&Role::Patient) {
            actor.roles.push(Role::Patient);
        }
    }
    actor
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    struct World {
        user: UserId,
        a: ClinicId,
        b: ClinicId,
        patient: PatientId,
    }

    fn world() -> World {
        let random = Random::seeded(1);
        World {
            user: UserId::mint(&random, at(0)),
            a: ClinicId::mint(&random, at(0)),
            b: ClinicId::mint(&random, at(0)),
            patient: PatientId::mint(&random, at(0)),
        }
    }

    fn member(world: &World, clinic: Option<&ClinicId>, role: Role) -> Membership {
        Membership {
            id: MembershipId::mint(&Random::seeded(2), at(0)),
            clinic: clinic.cloned(),
            user: world.user.clone(),
            role,
            patient: (role == Role::Patient).then(|| world.patient.clone()),
            practitioner: None,
            created: at(0),
        }
    }

    #[test]
    fn somebody_is_in_a_clinic_what_they_are_there_and_nothing_else() {
        let world = world();
        let all = [
            member(&world, Some(&world.a), Role::Receptionist),
            member(&world, Some(&world.b), Role::Patient),
        ];
        let in_a = actor_in(&world.user, Some(&world.a), &all, &[], Assurance::Multi, at(0));
        assert_eq!(in_a.roles, [Role::User, Role::Receptionist]);
        assert!(in_a.patients.is_empty());
        let in_b = actor_in(&world.user, Some(&world.b), &all, &[], Assurance::Multi, at(0));
        assert_eq!(
            (in_b.roles, in_b.patients),
            (vec![Role::User, Role::Patient], vec![world.patient])
        );
    }

    #[test]
    fn a_proxy_acts_for_the_patient_until_it_ends() {
        let world = world();
        let proxy = Proxy {
            id: ProxyId::mint(&Random::seeded(3), at(0)),
            clinic: world.a.clone(),
            patient: world.patient.clone(),
            user: world.user.clone(),
            valid_until: Some(at(100)),
        };
        let actor = |second| {
            actor_in(
                &world.user,
                Some(&world.a),
                &[],
                std::slice::from_ref(&proxy),
                Assurance::Single,
                at(second),
            )
        };
        assert_eq!(actor(99).patients, std::slice::from_ref(&world.patient));
        assert!(actor(99).has(Role::Patient));
        assert!(actor(100).patients.is_empty() && !actor(100).has(Role::Patient));
    }

    #[test]
    fn who_is_staff_anywhere_has_the_short_session() {
        let world = world();
        let patient = member(&world, Some(&world.a), Role::Patient);
        assert_eq!(session_limits(std::slice::from_ref(&patient)), SessionLimits::PATIENT);
        let both = [patient, member(&world, Some(&world.b), Role::Practitioner)];
        assert_eq!(session_limits(&both), SessionLimits::STAFF);
        assert_eq!(only_clinic(&both, &[]), None);
        assert_eq!(only_clinic(&both[..1], &[]), Some(world.a));
    }
}
