//! Bodies of Twirp calls: protobuf, or protobuf's JSON mapping with names in either case. The answer is written as the
//! request was.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::{Code, TwirpError};

/// A message with both forms.
pub(crate) trait Message: prost::Message + Default + Serialize + DeserializeOwned {}

impl<T: prost::Message + Default + Serialize + DeserializeOwned> Message for T {}

/// How a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Protobuf,
    Json,
}

impl Encoding {
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, TwirpError> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/protobuf") {
            Ok(Self::Protobuf)
        } else if kind.eq_ignore_ascii_case("application/json") {
            Ok(Self::Json)
        } else {
            let text = "the content type is neither application/json nor application/protobuf";
            Err(TwirpError::new(Code::BadRoute, text))
        }
    }

    pub(crate) fn decode<M: Message>(self, body: &[u8]) -> Result<M, TwirpError> {
        let decoded = match self {
            Self::Protobuf => M::decode(body).ok(),
            Self::Json => serde_json::from_slice(body).ok(),
        };
        decoded.ok_or_else(|| TwirpError::new(Code::Malformed, "the body is not such a request"))
    }

    pub(crate) fn encode<M: Message>(self, message: &M) -> Response {
        let (kind, body) = match self {
            Self::Protobuf => ("application/protobuf", message.encode_to_vec()),
            Self::Json => match serde_json::to_vec(message) {
                Ok(json) => ("application/json", json),
                // Only an enum number without a name cannot be written; none of ours is.
                Err(_) => return TwirpError::new(Code::Internal, "no JSON form").into_response(),
            },
        };
        ([(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
    }
}

#[cfg(test)]
mod tests {
    use livekit_protocol::MuteRoomTrackRequest;

    use super::*;

    #[test]
    fn json_names_are_read_in_either_case_and_unknown_ones_skipped() {
        for name in ["track_sid", "trackSid"] {
            let json = format!(r#"{{"room":"r","{name}":"TR_1","future":{{"a":[1]}}}}"#);
            let read: MuteRoomTrackRequest = Encoding::Json.decode(json.as_bytes()).unwrap();
            assert_eq!((read.room.as_str(), read.track_sid.as_str()), ("r", "TR_1"));
        }
    }

    #[test]
    fn what_is_not_a_request_is_malformed_in_both_forms() {
        for encoding in [Encoding::Json, Encoding::Protobuf] {
            let read = encoding.decode::<MuteRoomTrackRequest>(b"\xff{");
            assert_eq!(read.unwrap_err().code, Code::Malformed);
        }
    }

    #[test]
    fn only_the_two_content_types_are_taken() {
        let of = |kind: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
            Encoding::of(&headers).map_err(|error| error.code)
        };
        assert_eq!(of("application/json; charset=utf-8"), Ok(Encoding::Json));
        assert_eq!(of("Application/Protobuf"), Ok(Encoding::Protobuf));
        assert_eq!(of("text/plain"), Err(Code::BadRoute));
        assert_eq!(Encoding::of(&HeaderMap::new()).unwrap_err().code, Code::BadRoute);
    }
}
