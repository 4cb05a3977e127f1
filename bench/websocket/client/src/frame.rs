//! WebSocket frames as a client writes and reads them.

use std::ops::Range;

/// No frame of the chat's is longer.
const MAX_LENGTH: u64 = 16 << 20;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A whole message from the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received<'a> {
    Text(&'a [u8]),
    Binary(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    Close(Option<u16>, String),
}

/// Appends a frame of text.
pub(crate) fn write_text(payload: &[u8], out: &mut Vec<u8>) {
    write(TEXT, payload, out);
}

/// Appends the answer to a ping.
pub(crate) fn write_pong(payload: &[u8], out: &mut Vec<u8>) {
    write(PONG, payload, out);
}

// The mask's key is zero, which costs nothing: masks are for proxies, and there is none.
fn write(opcode: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(FIN | opcode);
    let length = payload.len();
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length @ 0..126), _) => out.push(MASKED | length),
        (_, Ok(length)) => {
            out.push(MASKED | 126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        _ => {
            out.push(MASKED | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(payload);
}

/// Makes messages of what one connection has received, wherever the reads cut it.
#[derive(Default)]
pub(crate) struct Reader {
    /// The beginning of a frame whose end is not there yet.
    partial: Vec<u8>,
    /// The opcode and the first fragments of a message whose last one is not there yet.
    fragments: Option<(u8, Vec<u8>)>,
}

impl Reader {
    /// Calls `each` for each message that `bytes` complete.
    pub(crate) fn read(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(Received<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        if self.partial.is_empty() {
            let rest = self.read_frames(bytes, &mut each)?;
            self.partial.extend_from_slice(rest);
        } else {
            let mut joined = std::mem::take(&mut self.partial);
            joined.extend_from_slice(bytes);
            let rest = self.read_frames(&joined, &mut each)?;
            self.partial.extend_from_slice(rest);
        }
        Ok(())
    }

    fn read_frames<'a>(
        &mut self,
        mut bytes: &'a [u8],
        each: &mut impl FnMut(Received<'_>) -> Result<(), String>,
    ) -> Result<&'a [u8], String> {
        while let Some(frame) = Frame::at_start_of(bytes)? {
            let payload = &bytes[frame.payload.clone()];
            match (frame.fin, frame.opcode, &mut self.fragments) {
                (_, TEXT | BINARY, Some(_)) => {
                    return Err("a message began within another one".into());
                }
                (_, CONTINUATION, None) => return Err("a fragment without a beginning".into()),
                (true, CONTINUATION, Some((opcode, message))) => {
                    message.extend_from_slice(payload);
                    each(data(*opcode, message))?;
                    self.fragments = None;
                }
                (false, CONTINUATION, Some((_, message))) => message.extend_from_slice(payload),
                (true, opcode @ (TEXT | BINARY), None) => each(data(opcode, payload))?,
                (false, opcode @ (TEXT | BINARY), None) => {
                    self.fragments = Some((opcode, payload.to_vec()));
                }
                (true, PING, _) => each(Received::Ping(payload))?,
                (true, PONG, _) => each(Received::Pong)?,
                (true, CLOSE, _) => each(close(payload))?,
                (fin, opcode, _) => return Err(format!("a frame {opcode} with fin {fin}")),
            }
            bytes = &bytes[frame.payload.end..];
        }
        Ok(bytes)
    }
}

fn data(opcode: u8, message: &[u8]) -> Received<'_> {
    if opcode == TEXT {
        Received::Text(message)
    } else {
        Received::Binary(message)
    }
}

fn close(payload: &[u8]) -> Received<'_> {
    match payload {
        [high, low, reason @ ..] => Received::Close(
            Some(u16::from_be_bytes([*high, *low])),
            String::from_utf8_lossy(reason).into_owned(),
        ),
        _ => Received::Close(None, String::new()),
    }
}

struct Frame {
    fin: bool,
    opcode: u8,
    payload: Range<usize>,
}

impl Frame {
    /// The frame that `bytes` begin with, if all of it is there.
    fn at_start_of(bytes: &[u8]) -> Result<Option<Self>, String> {
        let &[first, second, ..] = bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(format!("reserved bits are set: {first:#x}"));
        }
        if second & MASKED != 0 {
            return Err("the server masked a frame".into());
        }
        let (header, length) = match (second, &bytes[2..]) {
            (126, [a, b, ..]) => (4, u64::from(u16::from_be_bytes([*a, *b]))),
            (127, [a, b, c, d, e, f, g, h, ..]) => {
                (10, u64::from_be_bytes([*a, *b, *c, *d, *e, *f, *g, *h]))
            }
            (126 | 127, _) => return Ok(None),
            (short, _) => (2, u64::from(short)),
        };
        if (header == 4 && length < 126) || (header == 10 && length <= u64::from(u16::MAX)) {
            return Err(format!("{length} written as a longer number than it needs"));
        }
        if length > MAX_LENGTH || (first & 0x08 != 0 && length > 125) {
            return Err(format!("a frame {} of {length} bytes", first & 0x0f));
        }
        let end = header + usize::try_from(length).map_err(|error| error.to_string())?;
        Ok((bytes.len() >= end).then_some(Self {
            fin: first & FIN != 0,
            opcode: first & 0x0f,
            payload: header..end,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's frame, which has no mask.
    fn served(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut masked = Vec::new();
        write(first & 0x0f, payload, &mut masked);
        let key = masked.len() - payload.len() - 4;
        masked.drain(key..key + 4);
        masked[0] = first;
        masked[1] &= !MASKED;
        masked
    }

    /// What is read in parts of `size` bytes.
    fn read_in_parts(bytes: &[u8], size: usize) -> Result<Vec<String>, String> {
        let mut reader = Reader::default();
        let mut seen = Vec::new();
        for part in bytes.chunks(size) {
            reader.read(part, |received| {
                seen.push(match received {
                    Received::Text(text) => format!("text {}", String::from_utf8_lossy(text)),
                    Received::Binary(bytes) => format!("binary {}", bytes.len()),
                    other => format!("{other:?}"),
                });
                Ok(())
            })?;
        }
        assert!(reader.partial.is_empty(), "bytes are left");
        Ok(seen)
    }

    #[test]
    fn lengths_are_written_as_short_as_they_can_be() {
        for (length, header) in [
            (0, vec![0x81, 0x80]),
            (125, vec![0x81, 0xfd]),
            (126, vec![0x81, 0xfe, 0, 126]),
            (65_535, vec![0x81, 0xfe, 0xff, 0xff]),
            (65_536, vec![0x81, 0xff, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let mut out = Vec::new();
            write_text(&vec![b'x'; length], &mut out);
            assert_eq!(out[..header.len()], header);
            assert_eq!(out.len(), header.len() + 4 + length);
        }
    }

    #[test]
    fn frames_of_all_lengths_are_read_wherever_they_are_cut() {
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000];
        let mut bytes = Vec::new();
        for length in lengths {
            bytes.extend(served(0x81, &vec![b'x'; length]));
        }
        for size in [1, 2, 3, 7, 126, 4_096, 65_536, bytes.len()] {
            let seen = read_in_parts(&bytes, size).expect("well formed");
            let read: Vec<usize> = seen.iter().map(|text| text.len() - "text ".len()).collect();
            assert_eq!(read, lengths, "in parts of {size}");
        }
    }

    #[test]
    fn fragments_are_put_together_with_control_frames_between_them() {
        let mut bytes = served(0x01, b"one ");
        bytes.extend(served(0x89, b"?"));
        bytes.extend(served(0x00, b"two "));
        bytes.extend(served(0x80, b"three"));
        bytes.extend(served(0x82, b"four"));
        for size in 1..=bytes.len() {
            let seen = read_in_parts(&bytes, size).expect("well formed");
            assert_eq!(seen, ["Ping([63])", "text one two three", "binary 4"]);
        }
    }

    #[test]
    fn a_close_frame_tells_its_code_and_reason() {
        let seen = read_in_parts(&served(0x88, b"\x03\xf4bye"), 1).expect("well formed");
        assert_eq!(seen, [r#"Close(Some(1012), "bye")"#]);
        let seen = read_in_parts(&served(0x88, b""), 1).expect("well formed");
        assert_eq!(seen, [r#"Close(None, "")"#]);
    }

    #[test]
    fn what_no_server_may_send_is_refused() {
        for (bytes, part) in [
            (served(0xc1, b"x"), "reserved"),
            (vec![0x81, 0x81, 0, 0, 0, 0, b'x'], "masked"),
            (served(0x80, b"x"), "without a beginning"),
            (
                [served(0x01, b"x"), served(0x81, b"x")].concat(),
                "within another",
            ),
            (served(0x09, b"x"), "fin false"),
            (served(0x83, b"x"), "a frame 3"),
            (served(0x89, &[0; 126]), "126 bytes"),
            (vec![0x81, 126, 0, 125], "longer number"),
            (
                vec![0x81, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff],
                "longer number",
            ),
            (vec![0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0], "4294967296 bytes"),
        ] {
            let message = read_in_parts(&bytes, bytes.len()).expect_err("malformed");
            assert!(message.contains(part), "{message}");
        }
    }
}
