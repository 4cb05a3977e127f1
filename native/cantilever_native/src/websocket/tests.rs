use std::io::{Cursor, Read, Write};

use proptest::collection::vec;
use proptest::prelude::*;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::protocol::frame::{CloseFrame, Frame};
use tungstenite::protocol::{Message, Role, WebSocket};

use super::*;

const LIMITS: Limits = Limits {
    max_frame_bytes: 65_536,
    max_message_bytes: 1_048_576,
};

type Outcome = (Vec<Event<Vec<u8>>>, Option<Fault>);

fn read_chunks<'a>(
    limits: Limits,
    budget: usize,
    chunks: impl Iterator<Item = &'a [u8]>,
) -> Outcome {
    let mut reader = Reader::new(limits);
    let mut events = Vec::new();
    for mut chunk in chunks {
        while !chunk.is_empty() {
            match reader.read(chunk, budget) {
                Ok((read, event)) => {
                    assert!(read > 0, "nothing was read of {chunk:?}");
                    events.extend(event);
                    chunk = &chunk[read..];
                }
                Err(fault) => {
                    assert_eq!(reader.read(&[], budget), Err(fault));
                    return (events, Some(fault));
                }
            }
        }
    }
    (events, None)
}

fn read_all(input: &[u8]) -> Outcome {
    read_chunks(LIMITS, usize::MAX, [input].into_iter())
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    let mask = [0x9a, 0x02, 0xf1, 0x7c];
    frame.extend_from_slice(&mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

fn fault_of(input: &[u8]) -> Option<Fault> {
    let (events, fault) = read_all(input);
    assert_eq!(events, []);
    fault
}

#[test]
fn fragments_are_put_together_around_control_frames() {
    let input = [
        frame(0x01, b"caf\xc3"),
        frame(0x89, b"?"),
        frame(0x00, b""),
        frame(0x80, b"\xa9"),
        frame(0x82, b"\xff"),
        frame(0x88, b"\x03\xe8bye"),
        frame(0x81, b"too late"),
    ];
    let events = vec![
        Event::Ping(b"?".to_vec()),
        Event::Text("café".as_bytes().to_vec()),
        Event::Binary(vec![0xff]),
        Event::Close(Some((1000, "bye".to_owned()))),
    ];
    assert_eq!(read_all(&input.concat()), (events, None));
}

#[test]
fn what_breaks_the_protocol_is_refused() {
    let cases = [
        (frame(0xc1, b""), Fault::ReservedBit),
        (frame(0xa1, b""), Fault::ReservedBit),
        (frame(0x91, b""), Fault::ReservedBit),
        (frame(0x83, b""), Fault::Opcode(3)),
        (frame(0x8b, b""), Fault::Opcode(11)),
        (vec![0x81, 0x00], Fault::Unmasked),
        (
            vec![0x81, 0x80 | 126, 0, 125, 1, 2, 3, 4],
            Fault::LongLength,
        ),
        (
            vec![0x81, 0x80 | 127, 0, 0, 0, 0, 0, 0, 255, 255, 1, 2, 3, 4],
            Fault::LongLength,
        ),
        (frame(0x09, b""), Fault::FragmentedControl),
        (frame(0x89, &[b'a'; 126]), Fault::LongControl),
        (frame(0x80, b""), Fault::NothingToContinue),
        (
            [frame(0x01, b""), frame(0x81, b"")].concat(),
            Fault::Incomplete,
        ),
        (frame(0x88, b"\x03"), Fault::HalfCloseCode),
    ];
    for (input, fault) in cases {
        assert_eq!(fault_of(&input), Some(fault));
        assert_eq!(fault.close_code(), 1002);
    }
}

#[test]
fn close_codes_are_those_that_may_be_sent() {
    let is_right = |code: u16| fault_of_close(code).is_none();
    let right: Vec<u16> = (0..=5_100).filter(|code| is_right(*code)).collect();
    let expected = [1000..=1003, 1007..=1014, 3000..=4999]
        .into_iter()
        .flatten();
    assert_eq!(right, expected.collect::<Vec<u16>>());
    assert_eq!(
        read_all(&frame(0x88, b"")),
        (vec![Event::Close(None)], None)
    );
    assert_eq!(
        fault_of(&frame(0x88, b"\x03\xe8\xff")),
        Some(Fault::InvalidReason)
    );
}

fn fault_of_close(code: u16) -> Option<Fault> {
    read_all(&frame(0x88, &code.to_be_bytes())).1
}

#[test]
fn a_text_fails_at_the_first_byte_that_no_character_has() {
    let wrong: [&[u8]; 6] = [
        b"\xff",
        b"\xc0",
        b"\xed\xa0",
        b"\xf4\x90",
        b"a\xe2\x28",
        b"\xf0\x80",
    ];
    for text in wrong {
        // There is more to come of the frame.
        let whole = frame(0x01, &[text, b"and on"].concat());
        let input = &whole[..6 + text.len()];
        assert_eq!(fault_of(input), Some(Fault::InvalidText));
        assert_eq!(read_all(&input[..input.len() - 1]), (vec![], None));
    }
    let cut = fault_of(&frame(0x81, "é".as_bytes().split_at(1).0));
    assert_eq!(cut, Some(Fault::InvalidText));
    assert_eq!(Fault::InvalidText.close_code(), 1007);
}

#[test]
fn what_is_too_long_is_refused_by_its_header() {
    let long = frame(0x82, &[0; 65_537]);
    let refused = Fault::LongFrame {
        length: 65_537,
        most: 65_536,
    };
    assert_eq!(fault_of(&long[..14]), Some(refused));
    assert_eq!(refused.close_code(), 1009);

    let endless = [
        0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4,
    ];
    let refused = Fault::LongFrame {
        length: u64::MAX,
        most: 65_536,
    };
    assert_eq!(fault_of(&endless), Some(refused));

    let fragments = [
        frame(0x02, &[0; 65_536]),
        frame(0x00, &[0; 65_536]).repeat(15),
    ]
    .concat();
    assert_eq!(read_all(&fragments), (vec![], None));
    let one_more = [fragments, frame(0x80, b"a")].concat();
    let refused = Fault::LongMessage {
        length: 1_048_577,
        most: 1_048_576,
    };
    assert_eq!(fault_of(&one_more[..one_more.len() - 1]), Some(refused));
}

#[test]
fn fragments_have_an_end_even_if_they_are_empty() {
    let mut reader = Reader::<Vec<u8>>::new(LIMITS);
    assert_eq!(reader.read(&frame(0x01, b""), 1), Ok((6, None)));
    let empty = frame(0x00, b"");
    let read =
        (0..1_000_000).find_map(|count| reader.read(&empty, 1).err().map(|fault| (count, fault)));
    let most = 1_024 + 1_048_576 / 16;
    assert_eq!(read, Some((most - 1, Fault::ManyFragments { most })));
    assert_eq!(Fault::ManyFragments { most }.close_code(), 1009);
}

#[test]
fn an_idle_reader_is_small() {
    assert!(size_of::<Reader<Vec<u8>>>() <= 200);
}

#[test]
fn reasons_fit_into_a_close_frame() {
    let most = u64::MAX;
    let longest = [
        Fault::LongFrame { length: most, most },
        Fault::LongMessage { length: most, most },
        Fault::ManyFragments { most },
        Fault::CloseCode(65_535),
        Fault::LongLength,
    ];
    for fault in longest {
        assert!(fault.to_string().len() <= 123, "{fault}");
    }
}

/// What a client writes, by another implementation.
struct Wire(Cursor<Vec<u8>>);

impl Read for Wire {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Clone, Debug)]
enum Sent {
    Text(Vec<String>),
    Binary(Vec<Vec<u8>>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

fn sent() -> impl Strategy<Value = Sent> {
    let bytes = |most| vec(any::<u8>(), 0..most);
    prop_oneof![
        vec(".{0,200}", 1..4).prop_map(Sent::Text),
        vec(bytes(400), 1..4).prop_map(Sent::Binary),
        bytes(126).prop_map(Sent::Ping),
        bytes(126).prop_map(Sent::Pong),
    ]
}

/// The bytes that tungstenite's client writes, and what a server is to read in them.
fn written(sent: &[Sent], reason: &str) -> (Vec<u8>, Vec<Event<Vec<u8>>>) {
    let mut client = WebSocket::from_raw_socket(Wire(Cursor::default()), Role::Client, None);
    let mut events = Vec::new();
    for sent in sent {
        match sent {
            Sent::Text(parts) => {
                let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
                write_parts(&mut client, Data::Text, &parts);
                events.push(Event::Text(parts.concat()));
            }
            Sent::Binary(parts) => {
                let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                write_parts(&mut client, Data::Binary, &parts);
                events.push(Event::Binary(parts.concat()));
            }
            Sent::Ping(payload) => {
                write(&mut client, Message::Ping(payload.clone().into()));
                events.push(Event::Ping(payload.clone()));
            }
            Sent::Pong(payload) => {
                write(&mut client, Message::Pong(payload.clone().into()));
                events.push(Event::Pong(payload.clone()));
            }
        }
    }
    let close = CloseFrame {
        code: CloseCode::Away,
        reason: reason.into(),
    };
    write(&mut client, Message::Close(Some(close)));
    events.push(Event::Close(Some((1001, reason.to_owned()))));
    (client.into_inner().0.into_inner(), events)
}

fn write(client: &mut WebSocket<Wire>, message: Message) {
    if let Err(error) = client.send(message) {
        panic!("{error}");
    }
}

fn write_parts(client: &mut WebSocket<Wire>, data: Data, parts: &[&[u8]]) {
    for (number, part) in parts.iter().enumerate() {
        let data = if number == 0 { data } else { Data::Continue };
        let is_last = number + 1 == parts.len();
        let frame = Frame::message(part.to_vec(), OpCode::Data(data), is_last);
        write(client, Message::Frame(frame));
    }
}

proptest! {
    #[test]
    fn what_a_client_writes_is_read_however_it_is_cut(
        sent in vec(sent(), 0..8),
        reason in "[a-zé]{0,60}",
        size in 1_usize..300,
        budget in 1_usize..300,
    ) {
        let (bytes, events) = written(&sent, &reason);
        prop_assert_eq!(read_chunks(LIMITS, budget, bytes.chunks(size)), (events, None));
    }

    #[test]
    fn nonsense_is_read_the_same_however_it_is_cut(
        sent in vec(sent(), 1..4),
        places in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        size in 1_usize..300,
        budget in 1_usize..300,
    ) {
        let (mut bytes, _events) = written(&sent, "");
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let limits = Limits { max_frame_bytes: 300, max_message_bytes: 500 };
        let whole = read_chunks(limits, usize::MAX, [bytes.as_slice()].into_iter());
        prop_assert_eq!(read_chunks(limits, budget, bytes.chunks(size)), whole);
    }

    #[test]
    fn noise_does_no_harm(noise in vec(any::<u8>(), 0..2_000)) {
        let _ = read_all(&noise);
    }
}
