//! Why a datagram was not used. Not an error: a count.

macro_rules! drop_reasons {
    ($($(#[$doc:meta])* $name:ident => $label:literal,)+) => {
        /// Why a datagram, or a packet in it, was dropped.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum DropReason {
            $($(#[$doc])* $name,)+
        }

        impl DropReason {
            /// All reasons, in order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The metric label.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$name => $label,)+
                }
            }
        }
    };
}

drop_reasons! {
    /// First byte belongs to no protocol we speak (RFC 7983).
    UnknownProtocol => "unknown_protocol",
    /// Longer than any datagram we accept.
    TooLong => "too_long",
    /// Not STUN, DTLS or RTP from a path that authenticated.
    UnknownPath => "unknown_path",
    /// STUN that does not parse.
    StunMalformed => "stun_malformed",
    /// STUN that is not a binding request.
    StunUnexpected => "stun_unexpected",
    /// STUN for a ufrag that nobody has.
    StunUnknownUfrag => "stun_unknown_ufrag",
    /// STUN whose integrity check failed.
    StunIntegrity => "stun_integrity",
    /// DTLS that came before a connection may handshake, or after it closed.
    DtlsUnexpected => "dtls_unexpected",
    /// DTLS that ended the connection.
    DtlsFailed => "dtls_failed",
    /// RTP or RTCP before keys are known.
    NoKeys => "no_keys",
    /// RTP that does not parse.
    RtpMalformed => "rtp_malformed",
    /// RTCP that does not parse.
    RtcpMalformed => "rtcp_malformed",
    /// More transport-wide feedback in one datagram than a receiver has use for.
    FeedbackExcess => "feedback_excess",
    /// SRTP or SRTCP whose authentication failed.
    SrtpAuthentication => "srtp_authentication",
    /// SRTP or SRTCP seen before, or too old.
    SrtpReplay => "srtp_replay",
    /// RTP of an SSRC that belongs to no negotiated section.
    UnknownSsrc => "unknown_ssrc",
    /// More SSRCs than a connection may send.
    SsrcLimit => "ssrc_limit",
    /// RTP with a payload type that was not negotiated.
    UnknownPayloadType => "unknown_payload_type",
    /// Feedback for a stream that its sender does not receive.
    ForeignFeedback => "foreign_feedback",
    /// Media from a participant that may not publish it, or that is muted.
    NotPublished => "not_published",
    /// RTP beyond the bitrate or packet rate that its track may have by what was announced.
    TrackCeiling => "track_ceiling",
    /// RTP beyond what one participant may send.
    ParticipantCeiling => "participant_ceiling",
    /// No free egress slot in this batch.
    EgressFull => "egress_full",
    /// A data message that is malformed, too large or not allowed.
    DataRefused => "data_refused",
    /// A lossy data message that made way for newer ones to a slow receiver.
    DataDisplaced => "data_displaced",
    /// A reliable data message that was held for someone whose channel did not open in time.
    DataExpired => "data_expired",
    /// A reliable data message for whose receiver too much waits: the last words of someone who left.
    DataOverflow => "data_overflow",
    /// A participant's handling panicked; its connection is closed.
    Panicked => "panicked",
}
