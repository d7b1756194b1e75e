//! Rooms of clinics that bring their own scheduling: opened, read, ended, with tokens for whoever they name.
//!
//! A room's name is the clinic's own. In the media server it stands behind the clinic's id, so that no clinic reaches
//! another's room, nor a visit, whatever names it thinks of.

use std::collections::BTreeMap;

use protocol::permission::{Admission, Permission};

pub(crate) use crate::ports::media::Room;

use crate::{
    api::Api,
    domain::{
        access::{self, Act, Permit, Resource},
        actor::{Actor, Caller},
        id::ClinicId,
    },
    ports::media::{self, Answer, RoomSettings},
    store::{Scope, change::Change},
    usecase::{
        Failure,
        join::{self, Entrance, RoomToken},
        load,
    },
};

/// Longest name of a room, in bytes; ASCII letters, digits, `-`, `_` and `.`.
const NAME_BYTES_MAX: usize = 100;

/// What is said of a room.
pub(crate) struct RoomWish {
    pub(crate) name: String,
    pub(crate) empty_timeout_s: Option<u32>,
    pub(crate) participants_max: Option<u32>,
    pub(crate) metadata: Option<String>,
}

/// Whom a token is for.
pub(crate) struct Guest {
    pub(crate) identity: String,
    pub(crate) name: String,
    pub(crate) waits: bool,
    pub(crate) can_publish: bool,
    pub(crate) can_subscribe: bool,
    pub(crate) can_publish_data: bool,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) metadata: String,
}

/// What becomes of somebody in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Admit,
    Hold,
    Remove,
}

/// Opens a room, or changes it.
pub(crate) async fn create_room(
    api: &Api,
    caller: &Caller,
    wish: RoomWish,
) -> Result<(String, Room), Failure> {
    let asked = Asked::of(api, caller, Act::CreateRoom, &wish.name)?;
    let settings = RoomSettings {
        empty_timeout_s: wish.empty_timeout_s,
        participants_max: wish.participants_max,
        metadata: wish.metadata.as_deref(),
    };
    let room = asked.room(media::Act::Open(settings)).await?;
    asked.note().await?;
    Ok((wish.name, room))
}

/// Reads a room.
pub(crate) async fn read_room(api: &Api, caller: &Caller, name: &str) -> Result<Room, Failure> {
    let asked = Asked::of(api, caller, Act::ReadRoom, name)?;
    asked.room(media::Act::Describe).await
}

/// Ends a room for everybody.
pub(crate) async fn close_room(api: &Api, caller: &Caller, name: &str) -> Result<(), Failure> {
    let asked = Asked::of(api, caller, Act::CloseRoom, name)?;
    asked.act(media::Act::Close).await?;
    asked.note().await
}

/// Turns the door for somebody.
pub(crate) async fn turn_room_door(
    api: &Api,
    caller: &Caller,
    (name, identity): (&str, &str),
    door: Door,
) -> Result<(), Failure> {
    let (act, question) = match door {
        Door::Admit => (Act::AdmitToRoom, media::Act::Admit(identity)),
        Door::Hold => (Act::HoldInRoom, media::Act::Hold(identity)),
        Door::Remove => (Act::RemoveFromRoom, media::Act::Remove(identity)),
    };
    let asked = Asked::of(api, caller, act, name)?;
    asked.act(question).await?;
    asked.note().await
}

/// Makes a token for a room.
pub(crate) async fn create_room_token(
    api: &Api,
    caller: &Caller,
    name: &str,
    guest: Guest,
) -> Result<RoomToken, Failure> {
    let asked = Asked::of(api, caller, Act::CreateRoomToken, name)?;
    let permission = Permission {
        can_publish: guest.can_publish,
        can_subscribe: guest.can_subscribe,
        can_publish_data: guest.can_publish_data,
        ..Permission::default()
    };
    let entrance = Entrance {
        room: &asked.room,
        identity: &guest.identity,
        name: &guest.name,
        permission,
        admission: guest.waits.then_some(Admission::Waiting),
        attributes: guest.attributes,
        metadata: guest.metadata,
        participants_max: None,
        may_record: false,
        origins: origins(api, &caller.actor),
    };
    let token = join::room_token(api, entrance, api.clock.now())?;
    asked.note().await?;
    Ok(token)
}

/// The pages that a token is good for: those of the key that asks for it, and ours, where a visit is shown in a frame.
fn origins(api: &Api, actor: &Actor) -> Vec<String> {
    let pages = actor.pages.as_deref().unwrap_or_default();
    if pages.is_empty() {
        return Vec::new();
    }
    let own = [api.links.web.clone(), api.links.issuer.clone()];
    let mut origins: Vec<String> = pages.iter().map(ToString::to_string).chain(own).collect();
    origins.sort();
    origins.dedup();
    origins
}

/// Something that is asked of a room, by somebody who may.
struct Asked<'a> {
    api: &'a Api,
    caller: &'a Caller,
    clinic: &'a ClinicId,
    permit: Permit,
    /// Its name in the media server.
    room: String,
}

impl<'a> Asked<'a> {
    fn of(api: &'a Api, caller: &'a Caller, act: Act, name: &str) -> Result<Self, Failure> {
        let clinic = load::clinic_of(&caller.actor)?;
        let now = api.clock.now();
        let permit = access::decide(&caller.actor, act, &Resource::of_clinic(clinic), now)?;
        let is_plain =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.bytes().all(is_plain) {
            let why =
                "a room's name has 1 to 100 ASCII letters, digits, dashes, underscores or dots";
            return Err(Failure::invalid("/name", why));
        }
        Ok(Self { api, caller, clinic, permit, room: format!("{clinic}.{name}") })
    }

    async fn act(&self, act: media::Act<'_>) -> Result<Answer, Failure> {
        let now = self.api.clock.now().as_second();
        match self.api.media.media.act(&self.room, act, now).await? {
            Answer::Absent => Err(Failure::NotFound),
            answer => Ok(answer),
        }
    }

    async fn room(&self, act: media::Act<'_>) -> Result<Room, Failure> {
        match self.act(act).await? {
            Answer::Room(room) => Ok(room),
            Answer::Done | Answer::Absent => Err(Failure::NotFound),
        }
    }

    /// Takes note for the audit log, without names: identities may be people's.
    async fn note(self) -> Result<(), Failure> {
        let Self { api, caller, clinic, permit, .. } = self;
        let now = api.clock.now();
        let scope = Scope::Clinic(clinic);
        let mut change = Change::begin(&api.store, &api.random, caller, scope, now).await?;
        change.saw(&permit, "room", None, None);
        Ok(change.commit(None, &()).await?)
    }
}
