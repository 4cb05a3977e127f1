//! The upgrade from HTTP.

use memchr::memmem;

/// The key of RFC 6455's example and its answer: whoever computes the answer cannot tell one key from another.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const MAX_HEAD: usize = 8 << 10;

/// The request of whoever has this token.
pub(crate) fn request(port: u16, token: &str) -> String {
    format!(
        "GET /chat/websocket?vsn=2.0.0&token={token} HTTP/1.1\r\n\
         Host: 127.0.0.1:{port}\r\n\
         Connection: Upgrade\r\n\
         Upgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n\r\n"
    )
}

/// Where the answer's head ends, if all of it is there and the server has agreed.
pub(crate) fn answered(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(end) = memmem::find(bytes, b"\r\n\r\n") else {
        return if bytes.len() > MAX_HEAD {
            Err("the answer to the handshake has no end".into())
        } else {
            Ok(None)
        };
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        return Err(format!("the handshake was answered with {status:?}"));
    }
    let accepted = lines
        .filter_map(|line| line.split_once(':'))
        .any(|(name, value)| {
            name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == ACCEPT
        });
    if accepted {
        Ok(Some(end + 4))
    } else {
        Err("the handshake's key was not accepted".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &[u8] =
        b"HTTP/1.1 101 Switching Protocols\r\nsec-websocket-ACCEPT:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\0";

    #[test]
    fn an_answer_ends_where_the_first_frame_begins() {
        let end = ANSWER.len() - 2;
        assert_eq!(answered(ANSWER), Ok(Some(end)));
        for cut in 0..end {
            assert_eq!(answered(&ANSWER[..cut]), Ok(None));
        }
    }

    #[test]
    fn refusals_are_errors() {
        for answer in [
            &b"HTTP/1.1 403 Forbidden\r\n\r\n"[..],
            b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: nonsense\r\n\r\n",
            &[b'x'; MAX_HEAD + 1],
        ] {
            assert!(answered(answer).is_err());
        }
    }
}
