//! A small chat, which can be made to do what the real one must not.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server does wrong.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// The fifth message comes to each member twice.
    Doubles,
    /// The fifth message comes to nobody.
    Loses,
    /// The fifth message and the sixth change places.
    Swaps,
    /// Every ping gets the answer to another one.
    EchoesWrong,
    /// Nobody may come in.
    Refuses,
}

type Members = Arc<Mutex<Vec<(String, TcpStream)>>>;
type Seqs = Arc<Mutex<std::collections::HashMap<String, u64>>>;

/// Starts a server, and gives its port. It ends with the process.
pub(crate) fn start(fault: Fault) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let members = Members::default();
    let seqs = Seqs::default();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, members, seqs) =
                (stream.expect("a client"), members.clone(), seqs.clone());
            // A client that has gone away is none of a test's business.
            thread::spawn(move || serve(stream, &members, &seqs, fault).ok());
        }
    });
    port
}

fn serve(
    mut stream: TcpStream,
    members: &Members,
    seqs: &Seqs,
    fault: Fault,
) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    if fault == Fault::Refuses {
        return stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n");
    }
    stream.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
    )?;
    loop {
        let text = read(&mut stream)?;
        let parts: Vec<&str> = text.splitn(5, ',').collect();
        let [_join, reference, topic, event, payload] = parts[..] else {
            panic!("{text} is not understood");
        };
        let payload = payload.trim_end_matches(']');
        let reply = |response: &str| {
            format!(
                r#"["1",{reference},{topic},"phx_reply",{{"status":"ok","response":{response}}}]"#
            )
        };
        // Who is in a room hears nothing before it hears that it is.
        let mut members = members.lock().expect("members");
        let mut seqs = seqs.lock().expect("seqs");
        let seq = seqs.entry(topic.to_owned()).or_default();
        match event {
            r#""heartbeat""# => write(&mut stream, &reply("{}"))?,
            r#""phx_join""# => {
                write(&mut stream, &reply(&format!(r#"{{"seq":{seq}}}"#)))?;
                members.push((topic.to_owned(), stream.try_clone()?));
            }
            r#""ping""# if fault == Fault::EchoesWrong => {
                write(&mut stream, &reply(r#"{"at":1}"#))?
            }
            r#""ping""# => write(&mut stream, &reply(payload))?,
            r#""message""# => {
                *seq += 1;
                let seqs: &[u64] = match (fault, *seq) {
                    (Fault::Doubles, 5) => &[5, 5],
                    (Fault::Loses, 5) => &[],
                    (Fault::Swaps, 5) => &[6],
                    (Fault::Swaps, 6) => &[5],
                    (_, seq) => &[seq],
                };
                for (_, member) in members.iter_mut().filter(|(room, _)| room == topic) {
                    for seq in seqs {
                        let text = format!(
                            r#"[null,null,{topic},"message",{{"seq":{seq},{}]"#,
                            &payload[1..]
                        );
                        write(member, &text)?;
                    }
                }
                write(&mut stream, &reply("{}"))?;
            }
            _ => panic!("{text} is not understood"),
        }
    }
}

/// A client's text of less than 64 KB, whose mask has the key zero. Pongs are passed over.
fn read(stream: &mut TcpStream) -> std::io::Result<String> {
    loop {
        let mut header = [0; 2];
        stream.read_exact(&mut header)?;
        let mut length = usize::from(header[1] & 0x7f);
        if length == 126 {
            let mut bytes = [0; 2];
            stream.read_exact(&mut bytes)?;
            length = usize::from(u16::from_be_bytes(bytes));
        }
        let mut bytes = vec![0; 4 + length];
        stream.read_exact(&mut bytes)?;
        assert_eq!((header[1] & 0x80, &bytes[..4]), (0x80, &[0; 4][..]));
        match header[0] {
            0x81 => return Ok(String::from_utf8(bytes.split_off(4)).expect("UTF-8")),
            opcode => assert_eq!(opcode, 0x8a),
        }
    }
}

/// A text in two fragments with a ping between them.
fn write(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
    let (first, second) = text.as_bytes().split_at(3);
    let mut bytes = vec![0x01, 3];
    bytes.extend(first);
    bytes.extend([0x89, 0, 0x80]);
    match second.len() {
        length @ 0..126 => bytes.push(length as u8),
        length => {
            bytes.push(126);
            bytes.extend((length as u16).to_be_bytes());
        }
    }
    bytes.extend(second);
    stream.write_all(&bytes)
}
