//! Reading frames as they come.

use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::close;
use super::fault::Fault;
use super::header::{Beginning, PartOfHeader};
use super::mask::Mask;
use super::message::{Kind, Message, Payload};

/// The longest payload of a ping, a pong or a close frame.
const MOST_OF_CONTROL: u64 = 125;

/// How large what a client sends may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The payload of a frame.
    pub max_frame_bytes: u64,
    /// The payloads of all frames of a message.
    pub max_message_bytes: u64,
}

impl Limits {
    /// In how many parts a message may come, as they cost time even if they are empty.
    pub(super) fn max_fragments(&self) -> u64 {
        1_024 + self.max_message_bytes / 16
    }
}

/// What a client has sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<P> {
    /// A message that is valid UTF-8.
    Text(P),
    /// Any other message.
    Binary(P),
    /// To be answered by a pong with the same payload.
    Ping(Vec<u8>),
    /// An answer to a ping, or a sign of life.
    Pong(Vec<u8>),
    /// The code and the reason, if it says any. Nothing comes after it.
    Close(Option<(u16, String)>),
}

/// A frame whose payload is being read.
struct Frame {
    is_final: bool,
    /// `None` for one of the message.
    control: Option<Control>,
    mask: Mask,
    left: u64,
}

enum State {
    Open,
    /// There was a close frame. What comes after it is nobody's business.
    Closed,
    Failed(Fault),
}

/// Reads what a client sends, in chunks that may be cut anywhere.
///
/// It keeps what is incomplete, and nothing else. That is also kept after a fault, to be dropped with the reader: a large message
/// takes long to free.
pub struct Reader<P> {
    limits: Limits,
    state: State,
    header: PartOfHeader,
    frame: Option<Frame>,
    message: Option<Message<P>>,
    /// The payload of a control frame, which may come between the frames of a message.
    control: Vec<u8>,
}

impl<P: Payload> Reader<P> {
    /// For a connection that has just become a WebSocket.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Reader {
            limits,
            state: State::Open,
            header: PartOfHeader::default(),
            frame: None,
            message: None,
            control: Vec::new(),
        }
    }

    /// Reads on, to the end of a frame at most, and no more than `budget` bytes of it: how much of the input that was, and what
    /// was complete with it. It is to be called again with the rest of the input, if there is any.
    ///
    /// # Errors
    /// If the client does what it must not do, then and from then on.
    pub fn read(
        &mut self,
        input: &[u8],
        budget: usize,
    ) -> Result<(usize, Option<Event<P>>), Fault> {
        match self.state {
            State::Open => {}
            State::Closed => return Ok((input.len(), None)),
            State::Failed(fault) => return Err(fault),
        }
        let read = self.read_frame(input, budget);
        if let Err(fault) = read {
            self.state = State::Failed(fault);
        }
        read
    }

    fn read_frame(
        &mut self,
        input: &[u8],
        budget: usize,
    ) -> Result<(usize, Option<Event<P>>), Fault> {
        let (used, mut frame) = match self.frame.take() {
            Some(frame) => (0, frame),
            None => match self.header.read(input)? {
                (used, Some(beginning)) => (used, self.begin(&beginning)?),
                (used, None) => return Ok((used, None)),
            },
        };
        let there = usize::try_from(frame.left)
            .unwrap_or(usize::MAX)
            .min(input.len() - used);
        let part = &input[used..used + there.min(budget)];
        match (&frame.control, &mut self.message) {
            (None, Some(message)) => {
                let most = if frame.is_final {
                    frame.left
                } else {
                    self.limits.max_message_bytes
                };
                message.reserve(there, most);
                message.push(part, &mut frame.mask)?;
            }
            _ => {
                let control = &mut self.control;
                frame
                    .mask
                    .remove(part, |plain| control.extend_from_slice(plain));
            }
        }
        let used = used + part.len();
        frame.left -= part.len() as u64;
        if frame.left > 0 {
            self.frame = Some(frame);
            return Ok((used, None));
        }
        let event = match frame.control {
            Some(control) => Some(self.complete_control(control)?),
            None if frame.is_final => self.complete_message()?,
            None => None,
        };
        Ok((used, event))
    }

    fn begin(&mut self, beginning: &Beginning) -> Result<Frame, Fault> {
        let control = match beginning.opcode {
            OpCode::Control(_) if !beginning.is_final => return Err(Fault::FragmentedControl),
            OpCode::Control(_) if beginning.length > MOST_OF_CONTROL => {
                return Err(Fault::LongControl);
            }
            OpCode::Control(control) => Some(control),
            OpCode::Data(data) => {
                self.begin_data(data, beginning.length)?;
                None
            }
        };
        Ok(Frame {
            is_final: beginning.is_final,
            control,
            mask: beginning.mask,
            left: beginning.length,
        })
    }

    fn begin_data(&mut self, data: Data, length: u64) -> Result<(), Fault> {
        let kind = match data {
            Data::Text => Some(Kind::Text),
            Data::Binary => Some(Kind::Binary),
            Data::Continue => None,
            Data::Reserved(opcode) => return Err(Fault::Opcode(opcode)),
        };
        let message = match (&mut self.message, kind) {
            (Some(_), Some(_)) => return Err(Fault::Incomplete),
            (Some(message), None) => message,
            (none, Some(kind)) => none.insert(Message::new(kind)),
            (None, None) => return Err(Fault::NothingToContinue),
        };
        let most = self.limits.max_frame_bytes;
        if length > most {
            return Err(Fault::LongFrame { length, most });
        }
        message.begin_fragment(length, self.limits)
    }

    fn complete_message(&mut self) -> Result<Option<Event<P>>, Fault> {
        let Some(message) = self.message.take() else {
            return Ok(None);
        };
        message.check_end()?;
        Ok(Some(match message.kind {
            Kind::Text => Event::Text(message.payload),
            Kind::Binary => Event::Binary(message.payload),
        }))
    }

    fn complete_control(&mut self, control: Control) -> Result<Event<P>, Fault> {
        let payload = std::mem::take(&mut self.control);
        match control {
            Control::Ping => Ok(Event::Ping(payload)),
            Control::Pong => Ok(Event::Pong(payload)),
            Control::Close => {
                let close = close::read(&payload)?;
                self.state = State::Closed;
                Ok(Event::Close(close))
            }
            Control::Reserved(opcode) => Err(Fault::Opcode(opcode)),
        }
    }
}
