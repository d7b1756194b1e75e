//! What a media server has recorded, in memory.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use scheduling_api::ports::recordings::{
    Doing, Recorded, RecordedFile, Recordings, RecordingsError,
};

use crate::documents::sha256;

#[derive(Clone, Default)]
pub struct FakeRecordings(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    over: BTreeMap<String, Held>,
    /// Reads that go well before one fails.
    good_reads: Option<usize>,
}

struct Held {
    room: String,
    files: Vec<(RecordedFile, Vec<u8>)>,
}

impl FakeRecordings {
    /// A recording of a room is over: files with their names, and whom they show.
    pub fn hold(&self, id: &str, room: &str, files: &[(&str, Option<&str>, &[u8])]) {
        let files = files.iter().map(|(name, who, bytes)| {
            let file = RecordedFile {
                name: (*name).to_owned(),
                identity: who.map(ToOwned::to_owned),
                bytes: bytes.len() as u64,
                sha256: Some(sha256(bytes)),
            };
            (file, bytes.to_vec())
        });
        let held = Held { room: room.to_owned(), files: files.collect() };
        self.0.lock().unwrap().over.insert(id.to_owned(), held);
    }

    /// The first file of a recording is not what its hash says.
    pub fn spoil(&self, id: &str) {
        let mut state = self.0.lock().unwrap();
        state.over.get_mut(id).unwrap().files[0].0.sha256 = Some(sha256(b"something else"));
    }

    /// After so many reads one fails.
    pub fn fail_after(&self, reads: usize) {
        self.0.lock().unwrap().good_reads = Some(reads);
    }

    /// What is still there.
    pub fn ids(&self) -> Vec<String> {
        self.0.lock().unwrap().over.keys().cloned().collect()
    }
}

impl Recordings for FakeRecordings {
    fn over(&self) -> Doing<'_, Vec<Recorded>> {
        let state = self.0.lock().unwrap();
        let over = state.over.iter().map(|(id, held)| Recorded {
            id: id.clone(),
            room: held.room.clone(),
            files: held.files.iter().map(|(file, _)| file.clone()).collect(),
        });
        let over: Vec<_> = over.collect();
        Box::pin(std::future::ready(Ok(over)))
    }

    fn read<'a>(
        &'a self,
        recording: &'a str,
        file: &'a str,
        from: u64,
        bytes: usize,
    ) -> Doing<'a, Vec<u8>> {
        let mut state = self.0.lock().unwrap();
        let is_good = match &mut state.good_reads {
            None => true,
            Some(0) => {
                state.good_reads = None;
                false
            }
            Some(left) => {
                *left -= 1;
                true
            }
        };
        let held = &state.over[recording];
        let (_, all) = held.files.iter().find(|(held, _)| held.name == file).unwrap();
        let from = usize::try_from(from).unwrap();
        let read = all[from..].iter().take(bytes).copied().collect();
        let gone = || RecordingsError("away".to_owned());
        Box::pin(std::future::ready(if is_good { Ok(read) } else { Err(gone()) }))
    }

    fn remove<'a>(&'a self, recording: &'a str) -> Doing<'a, ()> {
        self.0.lock().unwrap().over.remove(recording);
        Box::pin(std::future::ready(Ok(())))
    }
}
