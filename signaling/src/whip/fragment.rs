//! Fragments of SDP (RFC 8840) in the bodies of PATCH: what a client's say of its ICE credentials, and ours. Pure.

/// What a fragment says that concerns an ICE-lite server: candidates do not.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) ufrag: Option<String>,
    pub(super) pwd: Option<String>,
}

impl Fragment {
    /// The first credentials count: sections share one transport. `None` if it is no fragment.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut fragment = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            let (kind, value) = line.split_once('=')?;
            match (kind, value.split_once(':')) {
                ("a", Some(("ice-ufrag", ufrag))) => {
                    fragment.ufrag.get_or_insert(ufrag.to_owned());
                }
                ("a", Some(("ice-pwd", pwd))) => {
                    fragment.pwd.get_or_insert(pwd.to_owned());
                }
                ("a" | "m", _) => {}
                _ => return None,
            }
        }
        Some(fragment)
    }
}

/// The value of the first line that begins like this.
pub(super) fn value<'a>(sdp: &'a str, start: &str) -> Option<&'a str> {
    sdp.lines().find_map(|line| line.strip_prefix(start))
}

/// Our side of a restart, taken out of our answer.
pub(super) fn of_answer(answer: &str) -> Option<String> {
    let used = answer.lines().skip_while(|line| !is_used_section(line));
    let end = used.clone().skip(1).position(|line| line.starts_with("m="));
    let section: Vec<&str> = used.take(end.map_or(usize::MAX, |end| end + 1)).collect();
    let mut lines = vec!["a=ice-lite"];
    lines.extend(answer.lines().filter(|line| line.starts_with("a=group:")));
    let is_of_ice = |line: &&str| {
        ["m=", "a=mid:", "a=ice-ufrag:", "a=ice-pwd:", "a=candidate:", "a=end-of-candidates"]
            .iter()
            .any(|start| line.starts_with(start))
    };
    lines.extend(section.iter().copied().filter(is_of_ice));
    (!section.is_empty()).then(|| lines.join("\r\n") + "\r\n")
}

fn is_used_section(line: &str) -> bool {
    let port = line.strip_prefix("m=").and_then(|media| media.split(' ').nth(1));
    port.is_some_and(|port| port != "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_and_other_text_is_refused() {
        let text = "a=group:BUNDLE 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n\
                    a=ice-ufrag:one\r\na=ice-pwd:two\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n\
                    a=ice-ufrag:other\r\na=end-of-candidates\r\n";
        let read = Fragment::read(text).unwrap();
        assert_eq!((read.ufrag.as_deref(), read.pwd.as_deref()), (Some("one"), Some("two")));
        assert!(Fragment::read("").unwrap() == Fragment::default());
        assert!(Fragment::read("v=0\r\n").is_none() && Fragment::read("{}").is_none());
    }

    #[test]
    fn our_side_is_that_of_the_first_section_in_use() {
        let answer = "v=0\r\na=group:BUNDLE 1 2\r\nm=audio 0 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n\
                      m=video 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=ice-ufrag:u\r\n\
                      a=ice-pwd:p\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n\
                      a=recvonly\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:2\r\na=ice-ufrag:u\r\n";
        assert_eq!(
            of_answer(answer).unwrap(),
            "a=ice-lite\r\na=group:BUNDLE 1 2\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n\
             a=ice-ufrag:u\r\na=ice-pwd:p\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n\
             a=end-of-candidates\r\n"
        );
        assert_eq!(value(answer, "a=ice-ufrag:"), Some("u"));
        assert_eq!(of_answer("v=0\r\n"), None);
    }
}
