//! Recording a room: people are asked, and only while all who are present have said yes do packets go to files, or to a
//! participant that records.
//!
//! Whatever changes who is present or what they say is followed by [`Room::judge_recording`], before anything else
//! happens: when it does not run any more there are no taps, so that no later packet can be written. That everyone is
//! told comes after it ([`Room::tell_recording`]).

use std::{
    sync::{
        Arc,
        mpsc::{SyncSender, sync_channel},
    },
    time::Instant,
};

use protocol::{
    ids::{EgressSid, Identity},
    recording::{ANSWER_ATTRIBUTE, Answer, QUESTION_ATTRIBUTE, Question, STATE_ATTRIBUTE},
};

use super::{
    Role, Room,
    consent::Consent,
    participant::{Participant, Shown},
    publication::{Origin, Publication},
};
use crate::{
    context::Context,
    keys::{ParticipantKey, PublicationKey},
    recording::{
        depacketize,
        feed::{Feed, Moment, NOTES_WAITING_MAX, NotRecorded, Note, Standing},
        tap::{Taken, Tap},
    },
    words::{
        administration::{Administered, Refused, Report},
        event::Outcome,
        info::ParticipantKind,
        recording::{LayerPolicy, RecordAct, RecordingReport, Scope, Speaker, StartRecording},
    },
};

const NOBODY_ASKS: &str = "nobody asks this participant whether it may be recorded";
const NO_ANSWER: &str = "that is no answer to what is asked";

/// A recording that is asked for, runs or pauses.
pub(super) struct Recording {
    id: EgressSid,
    scope: Scope,
    policy: LayerPolicy,
    consent: Consent,
    /// One moment by both clocks.
    epoch: (Instant, i64),
    /// To the writer; none if nothing is written here.
    notes: Option<SyncSender<Note>>,
    standing: Arc<Standing>,
    /// Entries of the consent log that the writer has.
    told: usize,
}

impl Recording {
    fn ms(&self, now: Instant) -> i64 {
        let (epoch, unix_ms) = self.epoch;
        let since = now.saturating_duration_since(epoch).as_millis();
        unix_ms.saturating_add(i64::try_from(since).unwrap_or(i64::MAX))
    }

    /// A note that finds no place in the queue ends the recording: a timeline with holes is none.
    fn note(&self, note: Note) {
        if let Some(notes) = &self.notes
            && notes.try_send(note).is_err()
        {
            self.standing.fail();
        }
    }

    fn tell_consent(&mut self) {
        let new: Vec<_> = self.consent.log().iter().skip(self.told).cloned().collect();
        if !new.is_empty() {
            self.told = self.consent.log().len();
            self.note(Note::Consent(new));
        }
    }

    fn covers(&self, publication: &Publication, publisher: &Participant) -> bool {
        match &self.scope {
            Scope::Room => true,
            Scope::Participant(identity) => publisher.identity == *identity,
            Scope::Track(sid) => publication.sid() == sid,
            Scope::Elsewhere => false,
        }
    }

    fn shown_to(&self, participant: &Participant) -> Vec<(&'static str, String)> {
        let question = self.consent.question();
        let mut shown = vec![
            (STATE_ATTRIBUTE, self.consent.stage().as_str().to_owned()),
            (QUESTION_ATTRIBUTE, question.to_string()),
        ];
        if let Some(answer) = self.consent.answer_of(&participant.identity) {
            shown.push((ANSWER_ATTRIBUTE, answer.to(question)));
        }
        shown
    }
}

impl Participant {
    /// A machine that takes what others say elsewhere.
    pub(super) fn records(&self) -> bool {
        self.permission.recorder || self.kind == ParticipantKind::Egress
    }

    /// Whether it is somebody who is asked. Machines are not, and are never recorded.
    fn is_asked(&self) -> bool {
        !self.is_waiting() && !self.records() && self.kind != ParticipantKind::Agent
    }
}

impl Room {
    /// Whether everyone present has said yes to a recording that runs.
    pub(super) fn is_recording(&self) -> bool {
        self.recording.as_ref().is_some_and(|recording| recording.consent.is_running())
    }

    /// Whether people are asked, or there is a recording that runs or pauses.
    pub(super) fn has_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// What an administrator asks of the recording.
    pub(super) fn record(
        &mut self,
        context: &mut Context,
        act: RecordAct,
        now: Instant,
    ) -> Administered {
        match act {
            RecordAct::Start(start) => self.start_recording(context, start, now)?,
            RecordAct::Stop { id } => {
                let report = self.report_recording()?;
                if id.is_some_and(|id| id != report.id) {
                    return Err(Refused::NoRecording);
                }
                self.end_recording(context, now);
                return Ok(Report::Recording(Box::new(RecordingReport { stage: None, ..report })));
            }
            RecordAct::Pause | RecordAct::Resume => {
                let recording = self.recording.as_mut().ok_or(Refused::NoRecording)?;
                recording.consent.hold(act == RecordAct::Pause);
                self.judge_recording(context, now);
                self.tell_recording(context);
            }
            RecordAct::Answer { who, answer, question } => {
                let recording = self.recording.as_ref().ok_or(Refused::NoRecording)?;
                let is_this = recording.consent.question().to_string() == question;
                if answer == Answer::Yes && !is_this {
                    return Err(Refused::BadAnswer);
                }
                self.take_answer(context, &who, answer, Speaker::Clinic, now);
            }
            RecordAct::Describe => {}
        }
        Ok(Report::Recording(Box::new(self.report_recording()?)))
    }

    fn start_recording(
        &mut self,
        context: &mut Context,
        start: StartRecording,
        now: Instant,
    ) -> Result<(), Refused> {
        let StartRecording { scope, version, layer, unix_ms } = start;
        if self.recording.is_some() {
            return Err(Refused::Recording);
        }
        if !matches!(&self.role, Role::Home(edges) if edges.is_empty()) {
            return Err(Refused::TooLarge);
        }
        if let Scope::Track(sid) = &scope
            && self.publication_by_sid(sid).is_none()
        {
            return Err(Refused::NoTrack);
        }
        let is_written = scope != Scope::Elsewhere;
        if is_written && context.recordings.is_none() {
            return Err(Refused::RecordingOff);
        }
        self.askings = self.askings.saturating_add(1);
        let question = Question { number: self.askings, version };
        let (sender, notes) = sync_channel(if is_written { NOTES_WAITING_MAX } else { 0 });
        let recording = Recording {
            id: EgressSid::random(&mut context.rng),
            scope,
            policy: layer,
            consent: Consent::ask(question, unix_ms),
            epoch: (now, unix_ms),
            notes: is_written.then_some(sender),
            standing: Arc::default(),
            told: 0,
        };
        if let Some(recordings) = context.recordings.as_mut().filter(|_| is_written) {
            recordings.push_back(Feed {
                id: recording.id.clone(),
                room: self.sid.clone(),
                room_name: self.name.clone(),
                scope: recording.scope.clone(),
                epoch: recording.epoch,
                room_info: self.info(),
                notes,
                standing: Arc::clone(&recording.standing),
            });
        }
        tracing::info!(room = %self.sid, recording = %recording.id, "recording asked for");
        self.recording = Some(Box::new(recording));
        for participant in self.participants.values().filter(|one| !one.is_waiting()) {
            self.note_presence(participant, true, now);
        }
        self.judge_recording(context, now);
        self.tell_recording(context);
        Ok(())
    }

    /// Ends the recording, if there is one.
    pub(super) fn end_recording(&mut self, context: &mut Context, now: Instant) {
        self.close_taps();
        let Some(recording) = self.recording.take() else { return };
        recording.note(Note::Happened { at: now, what: Moment::Stopped });
        tracing::info!(room = %self.sid, recording = %recording.id, "recording ended");
        self.renew_recorders(context);
        self.show_recording();
        self.tell_recording(context);
    }

    /// The participant answers, by its attribute.
    pub(super) fn answer_recording(
        &mut self,
        context: &mut Context,
        key: ParticipantKey,
        value: &str,
        now: Instant,
    ) -> Result<(), (Outcome, &'static str)> {
        let Some(participant) = self.participants.get(key) else {
            return Err((Outcome::NotAllowed, NOBODY_ASKS));
        };
        let (who, is_asked) = (participant.identity.clone(), participant.is_asked());
        let question = self.recording.as_ref().map(|recording| recording.consent.question());
        let answer = question.and_then(|question| Answer::read(value, question));
        if !is_asked {
            // A no counts whoever says it, but to somebody who waits nothing is told of the room.
            if answer == Some(Answer::No) {
                self.take_answer(context, &who, Answer::No, Speaker::Itself, now);
            }
            return Err((Outcome::NotAllowed, NOBODY_ASKS));
        }
        let Some(answer) = answer else {
            let is_asked = self.recording.is_some();
            let outcome = if is_asked { Outcome::NotAllowed } else { Outcome::NotFound };
            return Err((outcome, if is_asked { NO_ANSWER } else { NOBODY_ASKS }));
        };
        self.take_answer(context, &who, answer, Speaker::Itself, now);
        Ok(())
    }

    fn take_answer(
        &mut self,
        context: &mut Context,
        who: &Identity,
        answer: Answer,
        speaker: Speaker,
        now: Instant,
    ) {
        let Some(recording) = &mut self.recording else { return };
        let at_ms = recording.ms(now);
        if recording.consent.answer(who, answer, speaker, at_ms).is_err() {
            // What cannot be written down does not count as consent.
            return self.end_recording(context, now);
        }
        self.judge_recording(context, now);
        self.tell_recording(context);
    }

    /// Somebody is present, or is not any more, or has answered: whether it may run is judged anew, and nothing is written
    /// from here on if it may not. Says nothing to anybody yet.
    pub(super) fn judge_recording(&mut self, context: &mut Context, now: Instant) {
        let Some(recording) = &mut self.recording else { return };
        let at_ms = recording.ms(now);
        let asked = self.participants.values().filter(|one| one.is_asked());
        let judged = recording.consent.judge(asked.map(|one| &one.identity), at_ms);
        let is_running = recording.consent.is_running();
        recording.tell_consent();
        if !is_running {
            self.close_taps();
        }
        match judged {
            Err(_) => return self.end_recording(context, now),
            Ok(false) => {}
            Ok(true) => {
                let what = if is_running { Moment::Running } else { Moment::Paused };
                self.note(what, now);
                self.renew_recorders(context);
                if is_running {
                    for publication in self.publications.keys().collect::<Vec<_>>() {
                        self.record_publication(context, publication, now);
                    }
                }
            }
        }
        self.show_recording();
    }

    fn close_taps(&mut self) {
        for publication in self.publications.values_mut() {
            publication.tap = None;
        }
    }

    /// Participants that record receive only while it runs.
    fn renew_recorders(&mut self, context: &mut Context) {
        let recorders = self.participants.iter().filter(|(_, one)| one.records());
        for key in recorders.map(|(key, _)| key).collect::<Vec<_>>() {
            self.subscribe_to_all(context, key);
        }
    }

    fn show_recording(&mut self) {
        let recording = self.recording.as_deref();
        for participant in self.participants.values_mut() {
            let attributes = recording
                .filter(|_| !participant.is_waiting())
                .map(|recording| recording.shown_to(participant))
                .unwrap_or_default();
            if participant.recording.attributes != attributes {
                participant.recording = Shown { attributes, is_untold: true };
            }
        }
    }

    /// Tells everyone what has changed of the recording.
    pub(super) fn tell_recording(&mut self, context: &mut Context) {
        for key in self.participants.keys().collect::<Vec<_>>() {
            let Some(participant) = self.participants.get_mut(key) else { continue };
            if std::mem::take(&mut participant.recording.is_untold) {
                self.announce(context, key);
            }
        }
        let is_recording = self.is_recording();
        if std::mem::replace(&mut self.told_recording, is_recording) != is_recording {
            self.announce_room(context);
            // Those who record have, or have not, something to receive.
            self.offer_all_stale(context);
        }
    }

    /// What a newcomer is told with its join needs not be told again.
    pub(super) fn has_told_recording(&mut self, key: ParticipantKey) {
        if let Some(participant) = self.participants.get_mut(key) {
            participant.recording.is_untold = false;
        }
    }

    /// Records a publication from now on, if it is to be and its publisher has said yes.
    pub(super) fn record_publication(
        &mut self,
        context: &mut Context,
        key: PublicationKey,
        now: Instant,
    ) {
        let Some(recording) = self.recording.as_deref().filter(|one| one.consent.is_running())
        else {
            return;
        };
        let Some(publication) = self.publications.get_mut(key) else { return };
        let Some(publisher) = self.participants.get(publication.publisher) else { return };
        let has_agreed = recording.consent.answer_of(&publisher.identity) == Some(Answer::Yes);
        if publication.tap.is_some()
            || recording.notes.is_none()
            || !matches!(publication.origin, Origin::Here(_))
            || !recording.covers(publication, publisher)
            || !publisher.is_asked()
            || !has_agreed
        {
            return;
        }
        let why = if publication.info.encryption != 0 {
            Some(NotRecorded::Encrypted)
        } else {
            (!depacketize::is_known(publication.codec)).then_some(NotRecorded::Codec)
        };
        if let Some(why) = why {
            let track = publication.sid().clone();
            return self.note(Moment::NotRecorded { track, why }, now);
        }
        let whose = (publisher.sid.clone(), publisher.identity.clone());
        let (tap, feed) = Tap::open(&publication.info, publication.codec, whose, recording.policy);
        recording.note(Note::Track(Box::new(feed)));
        for layer in &publication.layers {
            if let Some(report) = layer.sender_report {
                tap.report(layer.index, report.ntp, report.rtp_timestamp, report.received);
            }
        }
        publication.tap = Some(Box::new(tap));
        self.tell_demand(context, key, now);
        self.request_key_frame(context, key, None, now);
    }

    /// A few times a second: which layers are recorded, and whether the writer still writes.
    pub(super) fn look_after_recording(&mut self, context: &mut Context, now: Instant) {
        let Some(recording) = &self.recording else { return };
        if recording.standing.has_failed() {
            tracing::warn!(room = %self.sid, recording = %recording.id, "recording failed");
            return self.end_recording(context, now);
        }
        let mut wished = Vec::new();
        for (key, publication) in &mut self.publications {
            let Some(tap) = &mut publication.tap else { continue };
            let flowing = publication.layers.iter().filter(|layer| layer.is_active(now));
            wished.extend(
                tap.choose(flowing.map(|layer| layer.index), now).map(|layer| (key, layer)),
            );
        }
        for (key, layer) in wished {
            self.request_key_frame(context, key, Some(layer), now);
        }
    }

    /// Somebody comes, or goes.
    pub(super) fn note_presence(&self, who: &Participant, is_there: bool, now: Instant) {
        let (identity, participant) = (who.identity.clone(), who.sid.clone());
        let what = if is_there {
            Moment::Present { identity, participant }
        } else {
            Moment::Gone { identity, participant }
        };
        self.note(what, now);
    }

    /// Somebody who does not wait has come.
    pub(super) fn note_arrival(&self, key: ParticipantKey, now: Instant) {
        if let Some(participant) = self.participants.get(key).filter(|one| !one.is_waiting()) {
            self.note_presence(participant, true, now);
        }
    }

    /// Notes something for the timeline.
    pub(super) fn note(&self, what: Moment, now: Instant) {
        if let Some(recording) = &self.recording {
            recording.note(Note::Happened { at: now, what });
        }
    }

    fn report_recording(&self) -> Result<RecordingReport, Refused> {
        let recording = self.recording.as_deref().ok_or(Refused::NoRecording)?;
        let consent = &recording.consent;
        let asked = self.participants.values().filter(|one| one.is_asked());
        let people = asked.map(|one| (one.identity.clone(), consent.answer_of(&one.identity)));
        Ok(RecordingReport {
            id: recording.id.clone(),
            room: self.sid.clone(),
            scope: recording.scope.clone(),
            stage: Some(consent.stage()),
            question: consent.question().to_string(),
            asked_unix_ms: recording.epoch.1,
            people: people.collect(),
            log: consent.log().to_vec(),
        })
    }
}

impl Publication {
    /// Hands a packet to the recording. Hot, but only where it is recorded.
    #[cold]
    pub(super) fn record(
        &mut self,
        context: &mut Context,
        layer: crate::keys::LayerIndex,
        packet: &crate::rtp::packet::Arrived<'_>,
        is_key: bool,
        now: Instant,
    ) {
        let Some(tap) = &mut self.tap else { return };
        match tap.take(layer, packet, is_key, now) {
            Taken::No => {}
            Taken::Yes => context.counters.recorded_packets += 1,
            Taken::Missed => context.counters.recording_missed_packets += 1,
        }
    }
}
