//! One connection: its socket, the upgrade, and the frames on it.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::OwnedFd;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use crate::frame::{self, Reader, Received};
use crate::member::{Incoming, Member};
use crate::{handshake, wire};

enum Phase {
    /// With the request that is to be sent.
    Connecting(String),
    /// With what has come of the answer.
    Upgrading(Vec<u8>),
    Open,
}

/// A client's connection.
pub(crate) struct Connection {
    socket: OwnedFd,
    phase: Phase,
    reader: Reader,
    pub(crate) member: Member,
    /// What the socket did not take yet.
    unsent: Vec<u8>,
}

impl Connection {
    /// Begins to connect from the address `from` to the one server there is.
    pub(crate) fn open(from: Ipv4Addr, port: u16, token: &str, room: usize) -> Result<Self, Errno> {
        let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
        let socket =
            rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
        sockopt::set_tcp_nodelay(&socket, true)?;
        rustix::net::bind(&socket, &SocketAddrV4::new(from, 0))?;
        match rustix::net::connect(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, port)) {
            Ok(()) | Err(Errno::INPROGRESS) => Ok(Self {
                socket,
                phase: Phase::Connecting(handshake::request(port, token)),
                reader: Reader::default(),
                member: Member::new(room),
                unsent: Vec::new(),
            }),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// The socket takes bytes: for the first time, or again.
    pub(crate) fn writable(&mut self) -> Result<(), String> {
        if let Phase::Connecting(request) = &mut self.phase {
            sockopt::socket_error(&self.socket)
                .and_then(|result| result)
                .map_err(text)?;
            let request = std::mem::take(request);
            self.phase = Phase::Upgrading(Vec::new());
            return self.send(request.as_bytes());
        }
        if self.unsent.is_empty() {
            return Ok(());
        }
        let unsent = std::mem::take(&mut self.unsent);
        self.send(&unsent)
    }

    /// Sends a text.
    pub(crate) fn say(&mut self, text: &[u8]) -> Result<(), String> {
        let mut frame = Vec::with_capacity(text.len() + 14);
        frame::write_text(text, &mut frame);
        self.send(&frame)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let mut sent = 0;
        if self.unsent.is_empty() {
            while sent < bytes.len() {
                match rustix::io::write(&self.socket, &bytes[sent..]) {
                    Ok(count) => sent += count,
                    Err(Errno::AGAIN) => break,
                    Err(Errno::INTR) => {}
                    Err(error) => return Err(text(error)),
                }
            }
        }
        self.unsent.extend_from_slice(&bytes[sent..]);
        Ok(())
    }

    /// Reads all that is there, and calls `each` for what it says. `buffer` is only a place for it.
    pub(crate) fn readable(
        &mut self,
        buffer: &mut [u8],
        mut each: impl FnMut(Incoming<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        loop {
            match rustix::io::read(&self.socket, &mut *buffer) {
                Ok(0) => return Err("the server has closed it".into()),
                Ok(count) => {
                    self.take(&buffer[..count], &mut each)?;
                    // A socket that gives less than it could has no more, and says so when it has.
                    if count < buffer.len() {
                        return Ok(());
                    }
                }
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(text(error)),
            }
        }
    }

    fn take(
        &mut self,
        bytes: &[u8],
        each: &mut impl FnMut(Incoming<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        match &mut self.phase {
            Phase::Open => self.take_frames(bytes, each),
            Phase::Connecting(_) => Err("the server spoke first".into()),
            Phase::Upgrading(head) => {
                head.extend_from_slice(bytes);
                let Some(end) = handshake::answered(head)? else {
                    return Ok(());
                };
                let rest = head.split_off(end);
                self.phase = Phase::Open;
                self.say(wire::join(self.member.topic()).as_bytes())?;
                self.take_frames(&rest, each)
            }
        }
    }

    fn take_frames(
        &mut self,
        bytes: &[u8],
        each: &mut impl FnMut(Incoming<'_>) -> Result<(), String>,
    ) -> Result<(), String> {
        let Self { reader, member, .. } = self;
        let mut pongs = Vec::new();
        reader.read(bytes, |received| match received {
            Received::Text(text) => each(member.take(text)?),
            Received::Ping(payload) => {
                frame::write_pong(payload, &mut pongs);
                Ok(())
            }
            Received::Pong => Ok(()),
            Received::Binary(_) => Err("a binary message, which nobody has sent".into()),
            Received::Close(code, reason) => {
                Err(format!("the server closes it: {code:?} {reason}"))
            }
        })?;
        if pongs.is_empty() {
            Ok(())
        } else {
            self.send(&pongs)
        }
    }
}

fn text(error: Errno) -> String {
    std::io::Error::from(error).to_string()
}
