//! Who of two full ICE agents nominates (RFC 8445 §6.1.1), and what happens when both think that they do, or neither
//! (§7.3.1.1). Pure: told what a check or an error claims, it answers what follows.

/// What an agent does with pairs that work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceRole {
    /// It nominates one.
    Controlling,
    /// It waits until one is nominated.
    Controlled,
}

impl IceRole {
    /// The role before anybody objects: whoever offers nominates, and a lite agent never does.
    #[must_use]
    pub fn first(we_offer: bool, peer_is_lite: bool) -> Self {
        if we_offer || peer_is_lite { Self::Controlling } else { Self::Controlled }
    }

    fn other(self) -> Self {
        match self {
            Self::Controlling => Self::Controlled,
            Self::Controlled => Self::Controlling,
        }
    }
}

/// A role, and the number that decides whose stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// Which.
    pub role: IceRole,
    /// Random, for a whole session.
    pub tie_breaker: u64,
}

/// What follows from a claim of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The roles differ, by now at least: the check is answered.
    Agreed,
    /// The other side has to change its role: 487.
    Conflict,
}

impl Claim {
    /// Takes the claim of a check that came in.
    pub fn on_check(&mut self, theirs: Claim) -> Verdict {
        if self.role != theirs.role {
            return Verdict::Agreed;
        }
        let is_ours_larger = self.tie_breaker >= theirs.tie_breaker;
        // The larger number nominates.
        let ours_stands = is_ours_larger == (self.role == IceRole::Controlling);
        if ours_stands {
            return Verdict::Conflict;
        }
        self.role = self.role.other();
        Verdict::Agreed
    }

    /// Our check was answered with 487: we change, unless we have since.
    pub fn on_conflict(&mut self, sent_as: IceRole) {
        if self.role == sent_as {
            self.role = self.role.other();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn claim(role: IceRole, tie_breaker: u64) -> Claim {
        Claim { role, tie_breaker }
    }

    #[test]
    fn whoever_offers_nominates_and_a_lite_agent_never_does() {
        let cases = [(true, false), (true, true), (false, false), (false, true)];
        let roles = cases.map(|(we_offer, lite)| IceRole::first(we_offer, lite));
        let [one, two, three, four] = roles;
        assert_eq!([one, two, four], [IceRole::Controlling; 3]);
        assert_eq!(three, IceRole::Controlled);
    }

    #[test]
    fn of_two_with_one_role_exactly_one_changes_and_the_larger_number_nominates() {
        use IceRole::{Controlled, Controlling};
        let cases = [
            (Controlling, 2, 1, Verdict::Conflict, Controlling),
            (Controlling, 1, 2, Verdict::Agreed, Controlled),
            (Controlled, 2, 1, Verdict::Agreed, Controlling),
            (Controlled, 1, 2, Verdict::Conflict, Controlled),
        ];
        for (role, ours, theirs, verdict, then) in cases {
            let mut our_claim = claim(role, ours);
            assert_eq!(our_claim.on_check(claim(role, theirs)), verdict);
            assert_eq!(our_claim.role, then);
        }
    }

    #[test]
    fn different_roles_are_left_as_they_are() {
        let mut ours = claim(IceRole::Controlling, 1);
        assert_eq!(ours.on_check(claim(IceRole::Controlled, 2)), Verdict::Agreed);
        assert_eq!(ours.role, IceRole::Controlling);
    }

    #[test]
    fn a_conflict_changes_the_role_once_however_many_checks_it_answers() {
        let mut ours = claim(IceRole::Controlling, 1);
        ours.on_conflict(IceRole::Controlling);
        ours.on_conflict(IceRole::Controlling);
        assert_eq!(ours.role, IceRole::Controlled);
    }
}
