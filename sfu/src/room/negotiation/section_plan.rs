//! What becomes of each section that a client offers.

use slotmap::SlotMap;

use crate::{
    connection::sdp::AnswerSection,
    keys::PublicationKey,
    room::{participant::PendingTrack, publication::Publication},
};

/// What an offered section of the publisher connection is to us.
pub(super) struct SectionPlan {
    pub(super) subject: Subject,
    pub(super) answer: AnswerSection,
}

pub(super) enum Subject {
    Kept(PublicationKey),
    New(Box<PendingTrack>),
    Nothing,
}

impl SectionPlan {
    pub(super) fn data() -> Self {
        Self { subject: Subject::Nothing, answer: AnswerSection { accept: true, ..refused() } }
    }

    pub(super) fn ended() -> Self {
        Self { subject: Subject::Nothing, answer: AnswerSection { reject: true, ..refused() } }
    }

    pub(super) fn keep(
        key: PublicationKey,
        publications: &SlotMap<PublicationKey, Publication>,
    ) -> Self {
        let answer = publications.get(key).map_or_else(refused, |publication| AnswerSection {
            send: None,
            accept: true,
            reject: false,
            preferred: Some(publication.codec),
            red: publication.red,
            stereo: publication.stereo,
            dtx: !publication.info.audio_features.contains(&1),
        });
        Self { subject: Subject::Kept(key), answer }
    }

    pub(super) fn fresh(pending: Option<PendingTrack>) -> Self {
        match pending {
            Some(pending) => Self {
                answer: pending.add.answer_section(),
                subject: Subject::New(Box::new(pending)),
            },
            None => Self { subject: Subject::Nothing, answer: refused() },
        }
    }
}

/// Neither sends nor receives.
pub(super) fn refused() -> AnswerSection {
    AnswerSection::default()
}
