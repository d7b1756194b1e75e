use protocol::stun::{AttributeKind, Builder, TransactionId};
use rand::{SeedableRng, rngs::StdRng};

use super::*;

const REMOTE: &str = "rmte";

#[test]
fn the_first_authenticated_check_is_answered_and_selects_its_source() {
    let mut world = World::new();
    let checked = world.check(source(1), false).unwrap();
    assert_eq!(checked.path, PathChange::Selected);
    assert_eq!(world.ice.path(), Some(source(1)));
    let response = world.response(checked);
    assert_eq!(response.class(), Class::Success);
    assert_eq!(response.xor_mapped_address(), Some(source(1)));
    assert!(response.check_integrity(world.ice.local().pwd.as_bytes()));
    assert!(response.has_valid_fingerprint());
}

#[test]
fn a_mapped_ipv4_source_is_told_its_ipv4_address() {
    let mut world = World::new();
    let checked = world.check("[::ffff:192.0.2.7]:9".parse().unwrap(), false).unwrap();
    let mapped = world.response(checked).xor_mapped_address();
    assert_eq!(mapped, Some("192.0.2.7:9".parse().unwrap()));
}

#[test]
fn a_wrong_password_is_not_answered_and_opens_no_path() {
    let mut world = World::new();
    let username = world.username();
    let outcome = world.check_with(source(1), &username, "wrong", false);
    assert_eq!(outcome, Err(DropReason::StunIntegrity));
    assert!(!world.ice.is_authenticated(source(1)));
    assert_eq!(world.ice.path(), None);
    assert_eq!(world.ice.poll_timeout(), None);
}

#[test]
fn a_check_without_integrity_is_not_answered() {
    let mut world = World::new();
    let mut bytes = [0; 200];
    let len = Builder::new(&mut bytes, Class::Request, Method::BINDING, TransactionId([0; 12]))
        .username(&world.username())
        .finish()
        .unwrap();
    assert_eq!(world.handle(source(1), &bytes[..len]), Err(DropReason::StunIntegrity));
}

#[test]
fn a_wrong_local_ufrag_is_not_answered() {
    let mut world = World::new();
    let pwd = world.ice.local().pwd.clone();
    let outcome = world.check_with(source(1), "else:rmte", &pwd, false);
    assert_eq!(outcome, Err(DropReason::StunUnknownUfrag));
    let no_colon = world.ice.local().ufrag.clone();
    let outcome = world.check_with(source(1), &no_colon, &pwd, false);
    assert_eq!(outcome, Err(DropReason::StunUnknownUfrag));
}

#[test]
fn the_remote_ufrag_is_checked_once_the_description_is_known() {
    let mut world = World::new();
    let username = format!("{}:else", world.ice.local().ufrag);
    let pwd = world.ice.local().pwd.clone();
    assert!(world.check_with(source(1), &username, &pwd, false).is_ok());
    world.ice.set_remote(remote());
    let outcome = world.check_with(source(1), &username, &pwd, false);
    assert_eq!(outcome, Err(DropReason::StunUnknownUfrag));
    assert!(world.check(source(1), false).is_ok());
}

#[test]
fn a_controlled_client_is_told_of_the_role_conflict_and_gets_no_path() {
    let mut world = World::new();
    let checked = world.check_extra(source(1), |check| check.ice_controlled(7)).unwrap();
    assert_eq!(world.response(checked).error_code(), Some(487));
    assert_eq!(checked.path, PathChange::Same);
    assert!(!world.ice.is_authenticated(source(1)));
}

#[test]
fn unknown_attributes_that_must_be_understood_are_refused_by_name() {
    let mut world = World::new();
    let unknown = AttributeKind(0x7ABC);
    let checked = world.check_extra(source(1), |check| check.attribute(unknown, b"x")).unwrap();
    let response = world.response(checked);
    assert_eq!(response.error_code(), Some(420));
    assert_eq!(response.unknown_attributes().collect::<Vec<_>>(), [unknown]);
    assert!(!world.ice.is_authenticated(source(1)));
    let optional = world
        .check_extra(source(1), |check| check.attribute(AttributeKind(0xC057), b"abcd"))
        .unwrap();
    assert_eq!(world.response(optional).class(), Class::Success);
}

#[test]
fn responses_and_indications_are_not_answered() {
    let mut world = World::new();
    for class in [Class::Success, Class::Error, Class::Indication] {
        let mut bytes = [0; 200];
        let len = Builder::new(&mut bytes, class, Method::BINDING, TransactionId([0; 12]))
            .username(&world.username())
            .finish_with_integrity(world.ice.local().pwd.as_bytes())
            .unwrap();
        assert_eq!(world.handle(source(1), &bytes[..len]), Err(DropReason::StunUnexpected));
    }
}

#[test]
fn an_output_that_is_too_small_changes_nothing() {
    let mut world = World::new();
    let bytes = world.request(false);
    let request = Message::parse(&bytes).unwrap();
    let outcome = world.ice.handle_request(source(1), &request, &mut [0; 40], world.now);
    assert_eq!(outcome, Err(DropReason::EgressFull));
    assert_eq!(world.ice.path(), None);
}

#[test]
fn media_moves_only_when_the_new_path_is_nominated() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    assert_eq!(world.check(source(2), false).unwrap().path, PathChange::Authenticated);
    assert_eq!(world.ice.path(), Some(source(1)));
    assert!(world.ice.is_authenticated(source(2)));
    assert_eq!(world.check(source(2), true).unwrap().path, PathChange::Selected);
    assert_eq!(world.ice.path(), Some(source(2)));
    assert_eq!(world.check(source(2), true).unwrap().path, PathChange::Same);
    assert_eq!(world.check(source(1), false).unwrap().path, PathChange::Same);
    assert_eq!(world.ice.path(), Some(source(2)));
}

#[test]
fn a_forged_nomination_does_not_move_media() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    let username = world.username();
    let outcome = world.check_with(source(66), &username, "guess", true);
    assert_eq!(outcome, Err(DropReason::StunIntegrity));
    // The victim's own check, with the nomination appended behind its integrity.
    let mut bytes = world.request(false);
    bytes.truncate(bytes.len() - 8);
    bytes.extend([0x00, 0x25, 0, 0]);
    let length = (bytes.len() - 20) as u16;
    bytes[2..4].copy_from_slice(&length.to_be_bytes());
    let checked = world.handle(source(66), &bytes).unwrap();
    assert_ne!(checked.path, PathChange::Selected);
    assert_eq!(world.ice.path(), Some(source(1)));
}

#[test]
fn a_restart_keeps_media_flowing_until_the_new_credentials_authenticate() {
    let mut world = World::new();
    world.ice.set_remote(remote());
    world.check(source(1), true).unwrap();
    let old = (world.username(), world.ice.local().clone());
    world.restart();
    assert_ne!(world.ice.local().ufrag, old.1.ufrag);
    assert_ne!(world.ice.local().pwd, old.1.pwd);
    assert_eq!(world.ice.remote(), None);
    assert_eq!(world.ice.previous_ufrag(), Some(old.1.ufrag.as_str()));
    assert_eq!(world.ice.path(), Some(source(1)));
    assert!(world.check_with(source(1), &old.0, &old.1.pwd, false).is_ok());
    assert_eq!(world.check(source(2), false).unwrap().path, PathChange::Selected);
    assert_eq!(world.ice.path(), Some(source(2)));
    assert_eq!(world.ice.previous_ufrag(), None);
    let outcome = world.check_with(source(1), &old.0, &old.1.pwd, true);
    assert_eq!(outcome, Err(DropReason::StunUnknownUfrag));
}

#[test]
fn a_restart_over_the_same_path_changes_nothing_for_media() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.restart();
    assert_eq!(world.check(source(1), true).unwrap().path, PathChange::Same);
    assert_eq!(world.ice.path(), Some(source(1)));
}

#[test]
fn after_two_restarts_the_credentials_that_work_are_the_first_and_the_last() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    let first = (world.username(), world.ice.local().pwd.clone());
    world.restart();
    let second = (world.username(), world.ice.local().pwd.clone());
    world.restart();
    assert!(world.check_with(source(1), &first.0, &first.1, false).is_ok());
    assert!(world.check_with(source(1), &second.0, &second.1, false).is_err());
    assert!(world.check(source(1), false).is_ok());
}

#[test]
fn old_and_new_password_do_not_mix() {
    let mut world = World::new();
    let old_pwd = world.ice.local().pwd.clone();
    world.restart();
    let username = world.username();
    let outcome = world.check_with(source(1), &username, &old_pwd, false);
    assert_eq!(outcome, Err(DropReason::StunIntegrity));
}

#[test]
fn consent_expires_twenty_seconds_after_the_last_authenticated_check() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.wait(10);
    world.check(source(1), false).unwrap();
    assert_eq!(world.ice.poll_timeout(), Some(world.now + Duration::from_secs(20)));
    world.wait(19);
    assert_eq!(world.ice.handle_timeout(world.now), None);
    world.wait(1);
    assert_eq!(world.ice.handle_timeout(world.now), Some(IceEvent::Expired));
    assert_eq!(world.ice.path(), None);
    assert!(!world.ice.is_authenticated(source(1)));
    assert_eq!(world.ice.take_removed_paths(), [source(1)]);
    assert_eq!(world.ice.poll_timeout(), None);
    assert_eq!(world.ice.handle_timeout(world.now), None);
}

#[test]
fn checks_that_fail_do_not_extend_consent() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.wait(19);
    let username = world.username();
    assert!(world.check_with(source(1), &username, "guess", true).is_err());
    let conflict = world.check_extra(source(1), |check| check.ice_controlled(7)).unwrap();
    assert_eq!(world.response(conflict).error_code(), Some(487));
    world.wait(1);
    assert_eq!(world.ice.handle_timeout(world.now), Some(IceEvent::Expired));
}

#[test]
fn when_the_selected_path_lapses_another_one_with_consent_takes_over() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.wait(5);
    world.check(source(2), false).unwrap();
    world.wait(15);
    assert_eq!(world.ice.handle_timeout(world.now), None);
    assert_eq!(world.ice.path(), Some(source(2)));
    assert_eq!(world.ice.take_removed_paths(), [source(1)]);
    world.wait(5);
    assert_eq!(world.ice.handle_timeout(world.now), Some(IceEvent::Expired));
}

#[test]
fn a_spare_path_without_consent_does_not_inherit_media() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.check(source(2), false).unwrap();
    world.wait(25);
    assert_eq!(world.ice.handle_timeout(world.now), Some(IceEvent::Expired));
    assert_eq!(world.ice.take_removed_paths(), [source(1), source(2)]);
}

#[test]
fn a_spare_path_is_forgotten_after_thirty_seconds() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.check(source(2), false).unwrap();
    for _ in 0..3 {
        world.wait(10);
        world.check(source(1), false).unwrap();
        assert_eq!(world.ice.handle_timeout(world.now), None);
    }
    assert!(!world.ice.is_authenticated(source(2)));
    assert_eq!(world.ice.take_removed_paths(), [source(2)]);
    assert_eq!(world.ice.path(), Some(source(1)));
}

#[test]
fn a_connection_that_expired_comes_back_with_a_new_check() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.wait(20);
    assert_eq!(world.ice.handle_timeout(world.now), Some(IceEvent::Expired));
    assert_eq!(world.check(source(1), false).unwrap().path, PathChange::Selected);
}

#[test]
fn the_ninth_path_evicts_the_longest_silent_one_that_is_not_selected() {
    let mut world = World::new();
    for port in 1..=8 {
        world.check(source(port), port == 1).unwrap();
        world.now += Duration::from_millis(1);
    }
    world.check(source(2), false).unwrap();
    assert_eq!(world.ice.take_removed_paths(), []);
    assert_eq!(world.check(source(9), false).unwrap().path, PathChange::Authenticated);
    assert_eq!(world.ice.take_removed_paths(), [source(3)]);
    assert!(world.ice.is_authenticated(source(1)) && world.ice.is_authenticated(source(2)));
    for port in 10..1000 {
        world.check(source(port), false).unwrap();
    }
    assert_eq!(world.ice.paths.len(), 8);
    assert_eq!(world.ice.path(), Some(source(1)));
}

#[test]
fn credentials_are_long_and_their_password_is_not_printed() {
    let world = World::new();
    let local = world.ice.local();
    assert_eq!((local.ufrag.len(), local.pwd.len()), (9, 24));
    assert!(!format!("{:?}", world.ice).contains(&local.pwd));
}

#[test]
fn a_check_says_which_shard_it_is_for() {
    let mut world = World::new();
    assert_eq!(shard_of(&world.username()), Some(ShardId(3)));
    world.restart();
    assert_eq!(shard_of(&world.username()), Some(ShardId(3)));
    for username in
        ["", ":", "abc:far", "12345678:far", "12345678x:far", "1234567865536:far", "é2345678"]
    {
        assert_eq!(shard_of(username), None, "{username}");
    }
}

#[test]
fn media_leaves_a_stream_that_has_ended_for_a_path_that_stands() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.check(source(2), false).unwrap();
    world.ice.on_closed(source(1), world.now);
    assert_eq!(world.ice.path(), Some(source(2)));
}

#[test]
fn after_the_only_stream_has_ended_the_next_check_says_where_media_goes_until_consent_lapses() {
    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.ice.on_closed(source(1), world.now);
    let checked = world.check(source(2), false).unwrap();
    assert_eq!((checked.path, world.ice.path()), (PathChange::Selected, Some(source(2))));

    let mut world = World::new();
    world.check(source(1), true).unwrap();
    world.ice.on_closed(source(1), world.now);
    world.wait(20);
    assert_eq!(world.ice.handle_timeout(world.now), Some(IceEvent::Expired));
    assert_eq!(world.ice.path(), None);
}

struct World {
    ice: IceLite,
    rng: StdRng,
    now: Instant,
    out: Vec<u8>,
}

impl World {
    #[expect(clippy::disallowed_methods, reason = "an Instant has no other origin")]
    fn new() -> Self {
        let mut rng = StdRng::seed_from_u64(1);
        Self {
            ice: IceLite::new(ShardId(3), &mut rng),
            rng,
            now: Instant::now(),
            out: vec![0; 300],
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    fn restart(&mut self) {
        self.ice.restart(&mut self.rng);
    }

    fn username(&self) -> String {
        format!("{}:{REMOTE}", self.ice.local().ufrag)
    }

    fn request(&self, nominate: bool) -> Vec<u8> {
        request(&self.username(), &self.ice.local().pwd, nominate)
    }

    fn check(&mut self, from: SocketAddr, nominate: bool) -> Result<IceChecked, DropReason> {
        let bytes = self.request(nominate);
        self.handle(from, &bytes)
    }

    fn check_with(
        &mut self,
        from: SocketAddr,
        username: &str,
        pwd: &str,
        nominate: bool,
    ) -> Result<IceChecked, DropReason> {
        self.handle(from, &request(username, pwd, nominate))
    }

    fn check_extra(
        &mut self,
        from: SocketAddr,
        extra: impl Fn(Builder<'_>) -> Builder<'_>,
    ) -> Result<IceChecked, DropReason> {
        let mut bytes = [0; 300];
        let id = TransactionId([3; 12]);
        let builder = Builder::new(&mut bytes, Class::Request, Method::BINDING, id);
        let len = extra(builder.username(&self.username()))
            .finish_with_integrity(self.ice.local().pwd.as_bytes())
            .unwrap();
        self.handle(from, &bytes[..len])
    }

    fn handle(&mut self, from: SocketAddr, bytes: &[u8]) -> Result<IceChecked, DropReason> {
        let message = Message::parse(bytes).unwrap();
        self.ice.handle_request(from, &message, &mut self.out, self.now)
    }

    fn response(&self, checked: IceChecked) -> Message<'_> {
        Message::parse(&self.out[..checked.response_len]).unwrap()
    }
}

fn request(username: &str, pwd: &str, nominate: bool) -> Vec<u8> {
    let mut bytes = vec![0; 300];
    let id = TransactionId([5; 12]);
    let len = stun::binding_request(&mut bytes, id, username, nominate, pwd.as_bytes()).unwrap();
    bytes.truncate(len);
    bytes
}

fn remote() -> IceCredentials {
    IceCredentials { ufrag: REMOTE.to_owned(), pwd: "remote password, unused by lite".to_owned() }
}

fn source(port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], port))
}
