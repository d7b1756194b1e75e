//! Begins a session, or asks for the second factor first: where every way of signing in ends.

use crate::{
    api::Api,
    crypto::secret_token::SecretToken,
    domain::{
        access::Permit,
        account::{only_clinic, session_limits},
        id::{SessionId, UserId},
        one_time::Purpose,
        session::{Assurance, Factor, Factors, Lifetime},
    },
    gate::Origin,
    store::{
        change::Change,
        memberships,
        one_times::Whom,
        second_factors,
        sessions::{self, Session},
    },
    usecase::{Failure, account::one_time},
};

/// Somebody who is signed in now.
#[derive(Debug)]
pub(crate) struct SignedIn {
    /// What each request carries from now on.
    pub(crate) token: SecretToken,
    /// What the browser keeps for the next time.
    pub(crate) device: SecretToken,
    /// What began.
    pub(crate) session: Session,
}

/// How a first factor ended.
#[derive(Debug)]
pub(crate) enum SignIn {
    /// Signed in.
    In(Box<SignedIn>),
    /// One more proof is needed.
    SecondFactor {
        /// What the second step carries.
        challenge: SecretToken,
        /// How it may be proved: `totp`, `recovery_code`, `passkey`.
        methods: Vec<&'static str>,
    },
}

/// After a first factor that was right: signs in, or asks for the second if the account has one (ASVS 6.3.4: no way in
/// is weaker than another).
pub(crate) async fn after_first_factor(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    user: &UserId,
    factor: Factor,
    origin: &Origin,
) -> Result<SignIn, Failure> {
    let factors = Factors::of(factor);
    let tx = change.tx();
    let has_totp = second_factors::has_totp(tx, user).await?;
    let has_passkey = !second_factors::passkeys(tx, user).await?.is_empty();
    if factors.assurance() == Assurance::Multi || !(has_totp || has_passkey) {
        return Ok(SignIn::In(Box::new(begin(api, change, permit, user, factors, origin).await?)));
    }
    let mut methods = Vec::new();
    if has_totp {
        methods.extend(["totp", "recovery_code"]);
    }
    if has_passkey {
        methods.push("passkey");
    }
    let whom = Whom { user: Some(user), subject: None };
    let challenge =
        one_time::issue(api, tx, Purpose::SecondFactor, whom, &factors.to_words()).await?;
    change.saw(permit, "account", Some(user.as_str()), None);
    Ok(SignIn::SecondFactor { challenge, methods })
}

/// Begins a session of somebody who proved enough.
pub(crate) async fn begin(
    api: &Api,
    change: &mut Change<'_>,
    permit: &Permit,
    user: &UserId,
    factors: Factors,
    origin: &Origin,
) -> Result<SignedIn, Failure> {
    let now = api.clock.now();
    let all = memberships::of_user(change.tx(), user).await?;
    let proxies = memberships::proxies_of_user(change.tx(), user).await?;
    let session = Session {
        id: SessionId::mint(&api.random, now),
        user: user.clone(),
        clinic: only_clinic(&all, &proxies),
        factors,
        user_agent: origin.user_agent.clone(),
        life: Lifetime::begin(session_limits(&all), now),
    };
    let token = SecretToken::mint("bs", &api.random);
    // A new secret each time: one that leaked is worth nothing after the next signing in.
    let device = SecretToken::mint("bd", &api.random);
    let sealer = (api.keys.as_ref(), api.random.as_ref());
    sessions::insert(change.tx(), sealer, &token.hash(), &session).await?;
    sessions::remember_device(change.tx(), user, &device.hash(), now).await?;
    change.saw(permit, "session", Some(session.id.as_str()), None);
    Ok(SignedIn { token, device, session })
}
