use std::collections::BTreeSet;

use super::*;
use crate::{domain::id::UserId, random::Random};

fn clinic(seed: u64) -> ClinicId {
    ClinicId::mint(&Random::seeded(seed), Timestamp::UNIX_EPOCH)
}

fn actor(role: Role, clinic: &ClinicId) -> Actor {
    let user = UserId::mint(&Random::seeded(9), Timestamp::UNIX_EPOCH);
    Actor {
        user: Some(user),
        clinic: Some(clinic.clone()),
        roles: vec![role],
        second_factor: true,
        ..Actor::default()
    }
}

fn decided(actor: &Actor, act: Act, resource: &Resource) -> Result<Role, Refusal> {
    decide(actor, act, resource, Timestamp::UNIX_EPOCH).map(|permit| permit.role())
}

#[test]
fn a_role_reaches_into_its_own_clinic_only() {
    let (mine, other) = (clinic(1), clinic(2));
    let admin = actor(Role::ClinicAdmin, &mine);
    let update = |clinic| decided(&admin, Act::UpdateClinic, &Resource::of_clinic(clinic));
    assert_eq!(update(&mine), Ok(Role::ClinicAdmin));
    assert_eq!(update(&other), Err(Refusal::OtherClinic));
}

#[test]
fn nobody_is_asked_to_sign_in_and_a_known_person_is_forbidden() {
    let mine = clinic(1);
    let resource = Resource::of_clinic(&mine);
    let refused = |actor: &Actor| decided(actor, Act::UpdateClinic, &resource);
    assert_eq!(refused(&Actor::anyone()), Err(Refusal::NotSignedIn));
    assert_eq!(refused(&actor(Role::Patient, &mine)), Err(Refusal::Forbidden));
}

#[test]
fn a_role_of_staff_counts_only_with_a_second_factor() {
    let mine = clinic(1);
    let admin = Actor { second_factor: false, ..actor(Role::ClinicAdmin, &mine) };
    let resource = Resource::of_clinic(&mine);
    assert_eq!(decided(&admin, Act::UpdateClinic, &resource), Err(Refusal::SecondFactor));
    assert_eq!(decided(&admin, Act::ReadClinic, &resource), Ok(Role::Anyone));
}

#[test]
fn the_names_of_acts_are_distinct() {
    let names: BTreeSet<_> = Act::ALL.iter().map(|act| act.name()).collect();
    assert_eq!(names.len(), Act::ALL.len());
}

#[test]
fn an_act_without_a_clinic_is_not_reached_from_within_one() {
    let admin = actor(Role::ClinicAdmin, &clinic(1));
    assert_eq!(decided(&admin, Act::UpdateClinic, &Resource::platform()), Err(Refusal::Forbidden));
}
