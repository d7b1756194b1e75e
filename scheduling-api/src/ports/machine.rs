//! The machine that the API runs on, and the media half beside it, as far as an administrator asks how they are.

/// How the machine is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MachineState {
    /// How many media shards run in this process; none where the media server is elsewhere.
    pub shards: u32,
    /// Which of them show no sign of life.
    pub silent_shards: Vec<u16>,
    /// The disk that the data are on; none where it is not known.
    pub disk: Option<Disk>,
}

/// A disk, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// What may still be written.
    pub free_bytes: u64,
    /// Its size.
    pub size_bytes: u64,
}

/// Looks at the machine.
pub trait Machine: Send + Sync {
    /// How it is now. Answers at once.
    fn state(&self) -> MachineState;
}

/// Nothing is known of it.
#[derive(Debug, Clone, Copy)]
pub struct UnknownMachine;

impl Machine for UnknownMachine {
    fn state(&self) -> MachineState {
        MachineState::default()
    }
}
