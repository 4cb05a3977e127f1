//! What one client knows of its room, and whether what the server says fits to that.

use crate::json;
use crate::wire;

/// What the server has said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Incoming<'a> {
    Joined,
    Alive,
    /// The answer to a push.
    Reply(&'a [u8]),
    /// The next message of the room.
    Delivery(Delivery),
    /// Who is there, which nobody has asked for.
    Presence,
}

/// A message as it came to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) seq: u64,
    pub(crate) stamp: u64,
}

/// A client that is in one room, or about to join it.
pub(crate) struct Member {
    topic: String,
    /// The number of the room's last message, when it has joined.
    last_seq: Option<u64>,
    /// The references of the next push and of the next reply.
    next_push: u64,
    next_reply: u64,
}

impl Member {
    pub(crate) fn new(room: usize) -> Self {
        Self {
            topic: wire::topic(room),
            last_seq: None,
            next_push: wire::JOIN + 1,
            next_reply: wire::JOIN,
        }
    }

    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// The reference for what it is about to push.
    pub(crate) fn reference(&mut self) -> u64 {
        self.next_push += 1;
        self.next_push - 1
    }

    /// Takes what the server has said. All that is lost, doubled, out of order or refused is an error.
    pub(crate) fn take<'a>(&mut self, text: &'a [u8]) -> Result<Incoming<'a>, String> {
        self.understand(text)
            .ok_or_else(|| "no message of the protocol's".to_owned())
            .flatten()
            .map_err(|problem| format!("{problem}: {}", String::from_utf8_lossy(text)))
    }

    fn understand<'a>(&mut self, text: &'a [u8]) -> Option<Result<Incoming<'a>, String>> {
        let [_join_ref, reference, topic, event, payload] = json::array(text)?;
        let topic = json::string(topic)?;
        if topic == b"phoenix" {
            let alive = json::string(reference)? == wire::HEARTBEAT.as_bytes();
            return Some(
                alive
                    .then_some(Incoming::Alive)
                    .ok_or("no heartbeat's".into()),
            );
        }
        if topic != self.topic.as_bytes() {
            return Some(Err("another room's".into()));
        }
        match json::string(event)? {
            b"message" => self.deliver(payload),
            b"phx_reply" => self.reply(json::integer(json::string(reference)?)?, payload),
            b"presence_state" | b"presence_diff" => Some(Ok(Incoming::Presence)),
            _ => Some(Err("unexpected".into())),
        }
    }

    fn deliver(&mut self, payload: &[u8]) -> Option<Result<Incoming<'static>, String>> {
        let seq = json::integer(json::field(payload, "seq")?)?;
        let stamp = wire::stamp(json::field(payload, "payload")?)?;
        let Some(last) = self.last_seq else {
            return Some(Err("not joined yet".into()));
        };
        if seq != last + 1 {
            return Some(Err(format!("{seq} after {last}")));
        }
        self.last_seq = Some(seq);
        Some(Ok(Incoming::Delivery(Delivery { seq, stamp })))
    }

    fn reply<'a>(
        &mut self,
        reference: u64,
        payload: &'a [u8],
    ) -> Option<Result<Incoming<'a>, String>> {
        if reference != self.next_reply || reference >= self.next_push {
            return Some(Err(format!(
                "a reply to {reference}, not to {}",
                self.next_reply
            )));
        }
        self.next_reply += 1;
        if json::string(json::field(payload, "status")?)? != b"ok" {
            return Some(Err("refused".into()));
        }
        let response = json::field(payload, "response")?;
        Some(Ok(if reference == wire::JOIN {
            self.last_seq = Some(json::integer(json::field(response, "seq")?)?);
            Incoming::Joined
        } else {
            Incoming::Reply(response)
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> Member {
        let mut member = Member::new(3);
        let reply = br#"["1","1","room:r3","phx_reply",{"status":"ok","response":{"presence":false,"seq":6}}]"#;
        assert_eq!(member.take(reply), Ok(Incoming::Joined));
        member
    }

    fn message(seq: u64) -> Vec<u8> {
        format!(
            r#"[null,null,"room:r3","message",{{"seq":{seq},"user_id":"u","at_ms":1,"id":null,"payload":"{:020}{:x<78}"}}]"#,
            seq * 10,
            ""
        )
        .into_bytes()
    }

    #[test]
    fn messages_come_once_and_in_order() {
        let mut member = joined();
        for seq in [7, 8] {
            let delivery = Delivery {
                seq,
                stamp: seq * 10,
            };
            assert_eq!(member.take(&message(seq)), Ok(Incoming::Delivery(delivery)));
        }
        for wrong in [8, 7, 10] {
            assert!(member.take(&message(wrong)).is_err());
        }
        assert!(Member::new(3).take(&message(1)).is_err(), "not joined");
        assert!(Member::new(4).take(&message(1)).is_err(), "another room");
    }

    #[test]
    fn each_push_is_answered_once_and_in_order() {
        let reply = |reference: u64, status: &str| {
            format!(r#"["1","{reference}","room:r3","phx_reply",{{"response":{{"at":5}},"status":"{status}"}}]"#)
                .into_bytes()
        };
        let mut member = joined();
        assert!(member.take(&reply(2, "ok")).is_err(), "nothing was pushed");
        assert_eq!(
            (member.reference(), member.reference(), member.reference()),
            (2, 3, 4)
        );
        assert_eq!(
            member.take(&reply(2, "ok")),
            Ok(Incoming::Reply(br#"{"at":5}"#))
        );
        assert!(member.take(&reply(2, "ok")).is_err(), "twice");
        assert!(member.take(&reply(4, "ok")).is_err(), "one is left out");
        assert!(member.take(&reply(3, "error")).is_err(), "refused");
    }

    #[test]
    fn heartbeats_are_answered_and_errors_are_noticed() {
        let mut member = joined();
        let alive = br#"[null,"heartbeat","phoenix","phx_reply",{"status":"ok","response":{}}]"#;
        assert_eq!(member.take(alive), Ok(Incoming::Alive));
        let presence = br#"[null,null,"room:r3","presence_diff",{"joins":{},"leaves":{}}]"#;
        assert_eq!(member.take(presence), Ok(Incoming::Presence));
        for text in [
            &br#"["1",null,"room:r3","phx_error",{"reason":"lagging"}]"#[..],
            br#"[null,null,"room:r3","gap",{"from":1,"to":2}]"#,
            b"[]",
            b"",
        ] {
            assert!(member.take(text).is_err());
        }
    }
}
