//! What a client says: Phoenix Channels, version 2, as JSON.
//!
//! Messages and pings carry a stamp, which is the moment when they were meant to be sent.

use std::io::Write;

/// The reference of all heartbeats.
pub(crate) const HEARTBEAT: &str = "heartbeat";
/// The reference with which a room is joined.
pub(crate) const JOIN: u64 = 1;
/// A message's payload in bytes, with its quotes.
const PAYLOAD: usize = 100;
const STAMP_DIGITS: usize = 20;

/// Something to which the room answers.
#[derive(Clone, Copy)]
pub(crate) enum Event {
    Message,
    Ping,
}

pub(crate) fn topic(room: usize) -> String {
    format!("room:r{room}")
}

pub(crate) fn join(topic: &str) -> String {
    format!(r#"["{JOIN}","{JOIN}","{topic}","phx_join",{{}}]"#)
}

pub(crate) fn heartbeat() -> String {
    format!(r#"[null,"{HEARTBEAT}","phoenix","heartbeat",{{}}]"#)
}

/// Writes a push over what is in `out`.
pub(crate) fn push(event: Event, reference: u64, topic: &str, stamp: u64, out: &mut Vec<u8>) {
    out.clear();
    // Writing to memory does not fail.
    let _always_ok = match event {
        Event::Message => write!(
            out,
            r#"["{JOIN}","{reference}","{topic}","message",{{"payload":"{stamp:020}{:x<78}"}}]"#,
            ""
        ),
        Event::Ping => write!(
            out,
            r#"["{JOIN}","{reference}","{topic}","ping",{{"at":{stamp}}}]"#
        ),
    };
}

/// The stamp of a message's payload, if it is such a one.
pub(crate) fn stamp(payload: &[u8]) -> Option<u64> {
    if payload.len() != PAYLOAD {
        return None;
    }
    let (digits, rest) = crate::json::string(payload)?.split_at_checked(STAMP_DIGITS)?;
    rest.iter().all(|byte| *byte == b'x').then_some(())?;
    crate::json::integer(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{array, field};

    #[test]
    fn a_message_has_a_payload_of_100_bytes_that_begins_with_its_stamp() {
        let mut out = Vec::new();
        push(Event::Message, 7, "room:r3", 123_456, &mut out);
        let [join, reference, topic, event, payload] = array::<5>(&out).expect("an array");
        assert_eq!((join, reference), (&br#""1""#[..], &br#""7""#[..]));
        assert_eq!((topic, event), (&br#""room:r3""#[..], &br#""message""#[..]));
        let payload = field(payload, "payload").expect("a payload");
        assert_eq!(payload.len(), PAYLOAD);
        assert_eq!(stamp(payload), Some(123_456));
        assert_eq!(stamp(&payload[..99]), None);
    }

    #[test]
    fn a_ping_has_its_stamp_as_a_number() {
        let mut out = b"old".to_vec();
        push(Event::Ping, 8, "room:r3", 123_456, &mut out);
        let [.., payload] = array::<5>(&out).expect("an array");
        assert_eq!(field(payload, "at"), Some(&b"123456"[..]));
    }
}
