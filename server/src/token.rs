//! `bedside token mint`, and the two links that `--dev` prints.

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context as _;
use protocol::{
    ids::{Identity, RoomName},
    permission::Permission,
    token::{ApiKeys, Claims, mint},
};

use crate::{
    cli::{Grants, KeyArguments, Mint},
    clock,
    config::{self, Mode, RawConfig},
};

/// The room of the development links.
const DEMO_ROOM: &str = "demo";

/// Who the development links are for: label, identity (also the role), display name. Invented people.
const DEMO_PEOPLE: [(&str, &str); 2] = [("doctor", "Dr. Amara Osei"), ("patient", "Sam Rivera")];

/// Makes the token, or the link, that the arguments ask for.
///
/// # Errors
/// When there is no key, or the token would not be accepted.
pub(crate) fn from_arguments(arguments: &Mint) -> anyhow::Result<String> {
    let keys = api_keys(&arguments.keys)?;
    let claims = claims(arguments, clock::since_unix_epoch())?;
    let token = mint(&claims, &keys).context("signing the token")?;
    Ok(match &arguments.url {
        Some(url) => link(url, &token),
        None => token,
    })
}

/// The development links into the demo room: what it is for, and the link.
///
/// # Errors
/// When signing fails.
pub(crate) fn demo_links(
    base_url: &str,
    keys: &ApiKeys,
    ttl: Duration,
) -> anyhow::Result<Vec<(&'static str, String)>> {
    let now = clock::since_unix_epoch();
    let links = DEMO_PEOPLE.into_iter().map(|(role, name)| {
        let room = RoomName::try_from(DEMO_ROOM.to_owned())?;
        let identity = Identity::try_from(role.to_owned())?;
        let claims = Claims {
            name: name.to_owned(),
            attributes: BTreeMap::from([("role".to_owned(), role.to_owned())]),
            permission: Permission { can_update_metadata: true, ..Permission::default() },
            ..Claims::for_join(room, identity, unix_s(now + ttl))
        };
        Ok((role, link(base_url, &mint(&claims, keys)?)))
    });
    links.collect()
}

/// The token goes into the fragment: browsers send it to no server, proxies log it nowhere.
fn link(base_url: &str, token: &str) -> String {
    format!("{}/#token={token}", base_url.trim_end_matches('/'))
}

fn api_keys(arguments: &KeyArguments) -> anyhow::Result<ApiKeys> {
    let given = RawConfig {
        dev: arguments.dev,
        api_keys: arguments.api_keys.clone(),
        api_keys_file: arguments.api_keys_file.clone(),
        ..RawConfig::default()
    };
    let raw = config::merge(given, arguments.file.config.as_deref())?;
    let mode = if raw.dev == Some(true) { Mode::Dev } else { Mode::Production };
    Ok(config::parse::api_keys(&raw, mode)?)
}

fn claims(arguments: &Mint, now: Duration) -> anyhow::Result<Claims> {
    let room = RoomName::try_from(arguments.room.clone()).context("--room")?;
    let identity = Identity::try_from(arguments.identity.clone()).context("--identity")?;
    let mut claims = Claims {
        name: arguments.name.clone().unwrap_or_default(),
        metadata: arguments.metadata.clone().unwrap_or_default(),
        attributes: arguments.attributes.iter().cloned().collect(),
        permission: permission(&arguments.grants),
        not_before_unix_s: Some(unix_s(now)),
        ..Claims::for_join(room, identity, unix_s(now + arguments.ttl))
    };
    claims.grants.room_admin = arguments.grants.room_admin;
    claims.grants.room_create = arguments.grants.room_create;
    claims.grants.room_list = arguments.grants.room_list;
    Ok(claims)
}

fn permission(grants: &Grants) -> Permission {
    let can_publish = grants.can_publish.unwrap_or(true);
    Permission {
        can_subscribe: grants.can_subscribe.unwrap_or(true),
        can_publish,
        can_publish_data: grants.can_publish_data.unwrap_or(can_publish),
        can_publish_sources: grants.can_publish_sources.clone(),
        hidden: grants.hidden,
        recorder: grants.recorder,
        can_update_metadata: grants.can_update_own_metadata,
    }
}

fn unix_s(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use protocol::{
        permission::TrackSource,
        token::{SecretPolicy, verify},
    };

    use super::*;
    use crate::cli::{Cli, Command, TokenCommand};

    #[test]
    fn a_minted_token_says_what_was_asked() {
        let claims = minted(&[
            "--name=Dr. Amara Osei",
            "--ttl=30m",
            "--metadata=m",
            "--attribute=role=doctor",
            "--can-publish-sources=microphone,camera",
            "--can-subscribe=false",
            "--can-update-own-metadata",
            "--hidden",
            "--recorder",
            "--room-admin",
        ]);
        let (room, identity) = claims.join_subject().unwrap();
        assert_eq!((room.as_str(), identity.as_str()), ("visit", "doctor"));
        assert_eq!((claims.name.as_str(), claims.metadata.as_str()), ("Dr. Amara Osei", "m"));
        assert_eq!(claims.attributes["role"], "doctor");
        assert_eq!(
            claims.permission,
            Permission {
                can_subscribe: false,
                can_publish_sources: vec![TrackSource::Microphone, TrackSource::Camera],
                can_update_metadata: true,
                hidden: true,
                recorder: true,
                ..Permission::default()
            }
        );
        assert!(claims.grants.room_admin);
        let lifetime_s = claims.expires_unix_s - claims.not_before_unix_s.unwrap();
        assert_eq!(lifetime_s, 30 * 60);
    }

    #[test]
    fn absent_grants_have_the_defaults_of_the_protocol() {
        assert_eq!(minted(&[]).permission, Permission::default());
        let silent = minted(&["--can-publish=false"]).permission;
        assert!(!silent.can_publish && !silent.can_publish_data && silent.can_subscribe);
    }

    #[test]
    fn a_link_carries_the_token_in_its_fragment() {
        let link = from_arguments(&arguments(&["--url=https://clinic.example/"])).unwrap();
        let token = link.strip_prefix("https://clinic.example/#token=").unwrap();
        assert!(verify(token, &dev_keys(), now_s()).is_ok());
    }

    #[test]
    fn the_demo_links_admit_a_doctor_and_a_patient_for_a_day() {
        let day = Duration::from_secs(24 * 60 * 60);
        let links = demo_links("http://localhost:7880", &dev_keys(), day).unwrap();
        let people = links.iter().map(|(role, link)| {
            let token = link.strip_prefix("http://localhost:7880/#token=").unwrap();
            let claims = verify(token, &dev_keys(), now_s()).unwrap();
            assert_eq!(claims.attributes["role"], *role);
            assert!(verify(token, &dev_keys(), now_s() + 86_000).is_ok());
            assert!(verify(token, &dev_keys(), now_s() + 87_000).is_err());
            let (room, identity) = claims.join_subject().unwrap();
            assert_eq!(room.as_str(), "demo");
            identity.as_str().to_owned()
        });
        assert_eq!(people.collect::<Vec<_>>(), ["doctor", "patient"]);
    }

    fn minted(flags: &[&str]) -> Claims {
        let token = from_arguments(&arguments(flags)).unwrap();
        verify(&token, &dev_keys(), now_s()).unwrap()
    }

    fn arguments(flags: &[&str]) -> Mint {
        let base =
            ["bedside", "token", "mint", "--dev", "--room=visit", "--identity=doctor"].into_iter();
        match Cli::try_parse_from(base.chain(flags.iter().copied())).unwrap().command {
            Command::Token(TokenCommand::Mint(arguments)) => *arguments,
            other => panic!("{other:?}"),
        }
    }

    fn dev_keys() -> ApiKeys {
        ApiKeys::parse(config::parse::DEV_API_KEYS, SecretPolicy::Dev).unwrap()
    }

    fn now_s() -> i64 {
        unix_s(clock::since_unix_epoch())
    }
}
