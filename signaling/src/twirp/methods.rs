//! Every method that is served, and the grant that it takes: one table, which documents and tests read.

use protocol::ids::RoomName;
use protocol::token::Claims;

use super::error::{Code, TwirpError};

/// Which method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    CreateRoom,
    ListRooms,
    DeleteRoom,
    ListParticipants,
    GetParticipant,
    RemoveParticipant,
    MutePublishedTrack,
    UpdateParticipant,
    UpdateSubscriptions,
    SendData,
    UpdateRoomMetadata,
    PerformRpc,
    Admit,
    Hold,
    Remove,
    Notify,
    StartParticipantEgress,
    StartTrackEgress,
    ListEgress,
    StopEgress,
    StartRecording,
    PauseRecording,
    ResumeRecording,
    StopRecording,
    AnswerRecording,
    DescribeRecording,
}

/// What a token must grant (`video` claims).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    /// `roomCreate`.
    Create,
    /// `roomList`.
    List,
    /// `roomAdmin` with the `room` that the call is about.
    Admin,
    /// `roomRecord`; if the token names a room, it must be the one that the call is about.
    Record,
}

/// A row of [`METHODS`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    pub(crate) service: &'static str,
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) grant: Grant,
}

const fn row(name: &'static str, method: Method, grant: Grant) -> Row {
    Row { service: "livekit.RoomService", name, method, grant }
}

/// Of the waiting area.
const fn door(name: &'static str, method: Method) -> Row {
    Row { service: "bedside.Admission", name, method, grant: Grant::Admin }
}

/// Of recordings, as LiveKit's SDKs ask for them.
const fn egress(name: &'static str, method: Method) -> Row {
    Row { service: "livekit.Egress", name, method, grant: Grant::Record }
}

/// Of recordings and the consent to them.
const fn recording(name: &'static str, method: Method) -> Row {
    Row { service: "bedside.Recording", name, method, grant: Grant::Record }
}

/// The methods of `livekit.RoomService` that are served, our own about who is let in, and what there is of
/// recordings.
pub(crate) const METHODS: [Row; 26] = [
    row("CreateRoom", Method::CreateRoom, Grant::Create),
    row("ListRooms", Method::ListRooms, Grant::List),
    row("DeleteRoom", Method::DeleteRoom, Grant::Create),
    row("ListParticipants", Method::ListParticipants, Grant::Admin),
    row("GetParticipant", Method::GetParticipant, Grant::Admin),
    row("RemoveParticipant", Method::RemoveParticipant, Grant::Admin),
    row("MutePublishedTrack", Method::MutePublishedTrack, Grant::Admin),
    row("UpdateParticipant", Method::UpdateParticipant, Grant::Admin),
    row("UpdateSubscriptions", Method::UpdateSubscriptions, Grant::Admin),
    row("SendData", Method::SendData, Grant::Admin),
    row("UpdateRoomMetadata", Method::UpdateRoomMetadata, Grant::Admin),
    row("PerformRpc", Method::PerformRpc, Grant::Admin),
    door("Admit", Method::Admit),
    door("Hold", Method::Hold),
    door("Remove", Method::Remove),
    door("Notify", Method::Notify),
    egress("StartParticipantEgress", Method::StartParticipantEgress),
    egress("StartTrackEgress", Method::StartTrackEgress),
    egress("ListEgress", Method::ListEgress),
    egress("StopEgress", Method::StopEgress),
    recording("StartRecording", Method::StartRecording),
    recording("PauseRecording", Method::PauseRecording),
    recording("ResumeRecording", Method::ResumeRecording),
    recording("StopRecording", Method::StopRecording),
    recording("AnswerRecording", Method::AnswerRecording),
    recording("DescribeRecording", Method::DescribeRecording),
];

/// The row of a path.
pub(crate) fn find(path: &str) -> Result<Row, TwirpError> {
    let named = path.trim_start_matches('/').strip_prefix("twirp/");
    let row = named.and_then(|named| named.split_once('/')).and_then(|(service, name)| {
        METHODS.iter().find(|row| row.service == service && row.name == name)
    });
    row.copied().ok_or_else(|| {
        TwirpError::new(Code::Unimplemented, "this server does not have this method")
    })
}

impl Grant {
    /// Whether a token grants this, for the room that the call is about.
    pub(crate) fn check(self, claims: &Claims, room: Option<&RoomName>) -> Result<(), TwirpError> {
        let grants = claims.grants;
        let (is_granted, name) = match self {
            Self::Create => (grants.room_create, "roomCreate"),
            Self::List => (grants.room_list, "roomList"),
            Self::Admin => {
                let is_same = room.is_some() && claims.room.as_ref() == room;
                (grants.room_admin && is_same, "roomAdmin for this room")
            }
            Self::Record => {
                let is_any = claims.room.is_none() || room.is_none();
                let is_same = is_any || claims.room.as_ref() == room;
                (grants.room_record && is_same, "roomRecord for this room")
            }
        };
        let refusal = || format!("the token does not grant {name}");
        is_granted.then_some(()).ok_or_else(|| TwirpError::new(Code::PermissionDenied, refusal()))
    }
}

#[cfg(test)]
mod tests {
    use protocol::token::Grants;

    use super::*;
    use crate::samples;

    #[test]
    fn each_grant_opens_its_methods_and_no_other() {
        let room = samples::room_name();
        let other = RoomName::try_from("other".to_owned()).unwrap();
        let all = [Grant::Create, Grant::List, Grant::Admin, Grant::Record];
        for given in all {
            let mut claims = samples::claims();
            claims.grants = Grants {
                room_create: given == Grant::Create,
                room_list: given == Grant::List,
                room_admin: given == Grant::Admin,
                room_record: given == Grant::Record,
                ..Grants::default()
            };
            for asked in all {
                assert_eq!(asked.check(&claims, Some(&room)).is_ok(), asked == given);
            }
            assert!(Grant::Admin.check(&claims, Some(&other)).is_err());
            assert!(Grant::Record.check(&claims, Some(&other)).is_err());
            assert!(Grant::Admin.check(&claims, None).is_err());
            claims.room = None;
            assert_eq!(Grant::Record.check(&claims, Some(&other)).is_ok(), given == Grant::Record);
            assert!(Grant::Admin.check(&claims, Some(&room)).is_err());
        }
    }

    #[test]
    fn the_table_has_each_method_once_and_finds_it_by_its_path() {
        for row in METHODS {
            let path = format!("/twirp/{}/{}", row.service, row.name);
            assert_eq!(find(&path).unwrap().method, row.method);
            assert_eq!(find(&format!("/{path}")).unwrap().method, row.method);
            assert_eq!(format!("{:?}", row.method), row.name);
        }
        for path in [
            "/twirp/livekit.RoomService/MoveParticipant",
            "/twirp/livekit.RoomService/",
            "/twirp/livekit.Egress/StartRoomCompositeEgress",
            "/twirp/x",
        ] {
            assert_eq!(find(path).unwrap_err().code, Code::Unimplemented, "{path}");
        }
    }
}
