//! An administrator of this world: asks a room's home, as signalling does for a server API.

use protocol::ids::RoomName;
use sfu::words::{
    administration::{Act, Administered, ParticipantAct, RoomAct},
    command::Command,
};

use super::{ClientId, World};

impl World {
    /// Asks something of the home of a room, or of the first shard; answers what it says.
    pub fn administer(&mut self, act: Act) -> Administered {
        let room = match &act {
            Act::OpenRoom(opening) => Some(&opening.room),
            Act::InRoom { room, .. } => Some(room),
            Act::ListRooms(_) => None,
        };
        let home = room.map_or(0, |room| {
            *self.homes.entry(room.as_str().to_owned()).or_insert(self.next_home)
        });
        let session = self.new_session();
        let act = Box::new(act);
        self.shards[home].handle_command(Command::Administer { session, act }, self.now);
        self.settle();
        self.administered.remove(&session).expect("every act is answered once, at once")
    }

    /// Asks something of the room `consultation`.
    pub fn administer_room(&mut self, act: RoomAct) -> Administered {
        let room = RoomName::try_from("consultation".to_owned()).expect("a name");
        self.administer(Act::InRoom { room, act })
    }

    /// Asks something of a client's participant.
    pub fn administer_client(&mut self, id: ClientId, act: ParticipantAct) -> Administered {
        let identity = self.identity(id).to_owned().try_into().expect("a name");
        self.administer_room(RoomAct::OfParticipant { identity, act })
    }

    /// From now on occurrences are noted.
    pub fn observe(&mut self) {
        for shard in &mut self.shards {
            shard.handle_command(Command::Observe, self.now);
        }
    }
}
