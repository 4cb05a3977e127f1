//! All clients, in one thread: the server is to have the rest of the machine.

use std::net::Ipv4Addr;
use std::os::fd::OwnedFd;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::io::Errno;

use crate::clock::{self, SECOND};
use crate::commands::Commands;
use crate::connection::Connection;
use crate::heartbeats::Heartbeats;
use crate::member::{Delivery, Incoming};
use crate::wire;

/// So many connections have the same source address, of whose ports there are some 28,000.
const PER_ADDRESS: usize = 500;
/// What has not come after that time is lost.
pub(crate) const PATIENCE: u64 = 60 * SECOND;

const EVENTS_AT_ONCE: usize = 512;
/// Clients on machines of their own would not wake this one for each message, which costs the cores that the server is to have more than all else
/// that a client does. So what comes to a whole room is looked at so often.
const GATHER: u64 = SECOND / 5_000;
const READ_AT_ONCE: usize = 64 << 10;
const COMMANDS: u64 = u64::MAX;

/// Something that a client is to send.
pub(crate) struct Push {
    pub(crate) from: usize,
    pub(crate) event: wire::Event,
    pub(crate) stamp: u64,
}

/// Who wants to know what the clients get, and may have them push something in turn.
pub(crate) trait Watcher {
    /// Whether what comes is looked at every 200 µs only.
    fn gathers(&self) -> bool {
        false
    }

    /// A client got the answer to a push.
    fn reply(
        &mut self,
        _to: usize,
        _response: &[u8],
        _now: u64,
        _pushes: &mut Vec<Push>,
    ) -> Result<(), String> {
        Err("a reply to nobody".into())
    }

    /// A client got a message of its room.
    fn delivery(
        &mut self,
        _to: usize,
        _delivery: Delivery,
        _now: u64,
        _pushes: &mut Vec<Push>,
    ) -> Result<(), String> {
        Err("a message of nobody".into())
    }
}

/// While nobody says anything.
struct Silence;

impl Watcher for Silence {}

/// While nobody of the crowd says anything, but others may.
struct Others;

impl Watcher for Others {
    fn delivery(
        &mut self,
        _to: usize,
        _delivery: Delivery,
        _now: u64,
        _pushes: &mut Vec<Push>,
    ) -> Result<(), String> {
        Ok(())
    }
}

/// The clients, of whom the one with the number `n` is in the room `n % rooms`.
pub(crate) struct Crowd {
    epoll: OwnedFd,
    events: Vec<Event>,
    buffer: Vec<u8>,
    text: Vec<u8>,
    pushes: Vec<Push>,
    connections: Vec<Connection>,
    rooms: usize,
    joined: usize,
    heartbeats: Heartbeats,
    commands: Commands,
    /// Whether there may be more events than were taken.
    more: bool,
}

impl Crowd {
    /// Connects a client for each token and has it join its room, so many of them at a time.
    pub(crate) fn connect(
        port: u16,
        tokens: &[&str],
        rooms: usize,
        at_once: usize,
    ) -> Result<Self, String> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(text)?;
        let commands = Commands::new();
        epoll::add(
            &epoll,
            commands.source(),
            EventData::new_u64(COMMANDS),
            EventFlags::IN,
        )
        .map_err(text)?;
        let mut crowd = Self {
            epoll,
            events: Vec::with_capacity(EVENTS_AT_ONCE),
            buffer: vec![0; READ_AT_ONCE],
            text: Vec::new(),
            pushes: Vec::new(),
            connections: Vec::with_capacity(tokens.len()),
            rooms,
            joined: 0,
            heartbeats: Heartbeats::none(),
            commands,
            more: false,
        };
        let patience = clock::now() + PATIENCE;
        for (number, token) in tokens.iter().enumerate() {
            crowd
                .open(number, port, token)
                .map_err(|error| format!("connection {number}: {error}"))?;
            let wanted = if number + 1 == tokens.len() {
                tokens.len()
            } else {
                (number + 1).saturating_sub(at_once)
            };
            crowd.turn_until(patience, &mut Silence, |crowd, _| crowd.joined >= wanted)?;
        }
        crowd.heartbeats = Heartbeats::of(tokens.len());
        Ok(crowd)
    }

    fn open(&mut self, number: usize, port: u16, token: &str) -> Result<(), Errno> {
        let address = number / PER_ADDRESS;
        let from = Ipv4Addr::new(127, 1, (address / 250) as u8, (address % 250 + 1) as u8);
        let connection = Connection::open(from, port, token, number % self.rooms)?;
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(
            &self.epoll,
            connection.socket(),
            EventData::new_u64(number as u64),
            flags,
        )?;
        self.connections.push(connection);
        Ok(())
    }

    /// How many clients there are.
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// How many rooms there are.
    pub(crate) fn rooms(&self) -> usize {
        self.rooms
    }

    /// How many clients are in a room.
    pub(crate) fn members(&self, room: usize) -> usize {
        (self.len() - room).div_ceil(self.rooms)
    }

    /// Waits for the next command; none when there will be no more.
    pub(crate) fn command(&mut self) -> Result<Option<String>, String> {
        while !self.commands.ready() {
            self.turn(u64::MAX, &mut Others)?;
        }
        Ok(self.commands.next())
    }

    /// Lets the clients be there until `end`, and says how many heartbeats were answered meanwhile.
    pub(crate) fn hold(&mut self, end: u64) -> Result<u64, String> {
        let before = self.heartbeats.answered();
        while clock::now() < end {
            self.turn(end, &mut Silence)?;
        }
        self.heartbeats.pause();
        self.turn_until(clock::now() + PATIENCE, &mut Silence, |crowd, _| {
            crowd.heartbeats.all_answered()
        })?;
        self.heartbeats.go_on();
        Ok(self.heartbeats.answered() - before)
    }

    /// Goes on until something is so, for which it waits until the moment `patience`.
    pub(crate) fn turn_until<W: Watcher>(
        &mut self,
        patience: u64,
        watcher: &mut W,
        done: impl Fn(&Self, &W) -> bool,
    ) -> Result<(), String> {
        while !done(self, watcher) {
            self.turn(patience, watcher)?;
            if clock::now() >= patience {
                return Err("what was to come did not come in time".into());
            }
        }
        Ok(())
    }

    /// Waits until something happens, until `wake_at` at the latest, and sees to it.
    pub(crate) fn turn(&mut self, wake_at: u64, watcher: &mut impl Watcher) -> Result<(), String> {
        while let Some(client) = self.heartbeats.due(clock::now()) {
            self.connections[client]
                .say(wire::heartbeat().as_bytes())
                .map_err(|error| about(client, &error))?;
        }
        let wake_at = wake_at.min(self.heartbeats.next_at());
        if watcher.gathers() && !self.more {
            clock::sleep_until(wake_at.min(clock::now() + GATHER));
        }
        let timeout = clock::until(wake_at);
        let mut events = std::mem::take(&mut self.events);
        match epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&timeout)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(text(error)),
        }
        self.more = events.len() >= EVENTS_AT_ONCE;
        for event in events.drain(..) {
            match event.data.u64() {
                COMMANDS => self.commands.read()?,
                number => {
                    let client = number as usize;
                    self.happened(client, event.flags, watcher)
                        .map_err(|error| about(client, &error))?;
                }
            }
        }
        self.events = events;
        Ok(())
    }

    fn happened(
        &mut self,
        client: usize,
        flags: EventFlags,
        watcher: &mut impl Watcher,
    ) -> Result<(), String> {
        let connection = &mut self.connections[client];
        if flags.contains(EventFlags::OUT) {
            connection.writable()?;
        }
        if !flags.intersects(EventFlags::IN | EventFlags::HUP | EventFlags::ERR) {
            return Ok(());
        }
        let Self {
            buffer,
            pushes,
            joined,
            heartbeats,
            ..
        } = self;
        let mut now = None;
        connection.readable(buffer, |incoming| {
            let now = *now.get_or_insert_with(clock::now);
            match incoming {
                Incoming::Joined => *joined += 1,
                Incoming::Alive => heartbeats.answer()?,
                Incoming::Presence => {}
                Incoming::Reply(response) => watcher.reply(client, response, now, pushes)?,
                Incoming::Delivery(delivery) => watcher.delivery(client, delivery, now, pushes)?,
            }
            Ok(())
        })?;
        let mut pushes = std::mem::take(&mut self.pushes);
        for push in pushes.drain(..) {
            self.push(&push)?;
        }
        self.pushes = pushes;
        Ok(())
    }

    /// Has a client push something.
    pub(crate) fn push(&mut self, push: &Push) -> Result<(), String> {
        let connection = &mut self.connections[push.from];
        let reference = connection.member.reference();
        wire::push(
            push.event,
            reference,
            connection.member.topic(),
            push.stamp,
            &mut self.text,
        );
        connection
            .say(&self.text)
            .map_err(|error| about(push.from, &error))
    }
}

fn about(client: usize, error: &str) -> String {
    format!("client {client}: {error}")
}

fn text(error: Errno) -> String {
    std::io::Error::from(error).to_string()
}
