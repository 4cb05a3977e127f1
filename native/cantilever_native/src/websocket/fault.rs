//! What is wrong with what a client has sent.

use thiserror::Error;
use tungstenite::protocol::frame::coding::CloseCode;

/// Why a connection has to be closed, in words that fit into the close frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Fault {
    /// An extension uses them, and none is agreed upon.
    #[error("a reserved bit is set")]
    ReservedBit,
    /// A kind of frame that there is not.
    #[error("there is no opcode {0}")]
    Opcode(u8),
    /// Clients have to mask all frames.
    #[error("a frame is not masked")]
    Unmasked,
    /// A length is written in more bytes than it takes.
    #[error("a length is not written in the shortest way")]
    LongLength,
    /// A ping, a pong or a close frame in parts.
    #[error("a control frame is fragmented")]
    FragmentedControl,
    /// A ping, a pong or a close frame of more than 125 bytes.
    #[error("a control frame has more than 125 bytes")]
    LongControl,
    /// A continuation, and no message has begun.
    #[error("there is no message to be continued")]
    NothingToContinue,
    /// Another message, before the last fragment of the one before.
    #[error("the message before is not complete")]
    Incomplete,
    /// A close frame of one byte.
    #[error("half of a close code")]
    HalfCloseCode,
    /// A close code that nobody may send.
    #[error("the close code {0} is not to be sent")]
    CloseCode(u16),
    /// A text that is none.
    #[error("a text is not valid UTF-8")]
    InvalidText,
    /// The same in a close frame.
    #[error("the reason of a close frame is not valid UTF-8")]
    InvalidReason,
    /// A frame that says it is longer than frames may be.
    #[error("a frame of {length} bytes, where {most} are allowed")]
    LongFrame {
        /// What it says.
        length: u64,
        /// What it may.
        most: u64,
    },
    /// A message that is longer than messages may be, with the frame that has just begun.
    #[error("a message of {length} bytes or more, where {most} are allowed")]
    LongMessage {
        /// How long it would be with this frame.
        length: u64,
        /// What it may.
        most: u64,
    },
    /// A message in too many parts.
    #[error("a message in more than {most} fragments")]
    ManyFragments {
        /// In how many it may be.
        most: u64,
    },
}

impl Fault {
    /// The code to close the connection with.
    #[must_use]
    pub fn close_code(&self) -> u16 {
        let code = match self {
            Fault::InvalidText | Fault::InvalidReason => CloseCode::Invalid,
            Fault::LongFrame { .. } | Fault::LongMessage { .. } | Fault::ManyFragments { .. } => {
                CloseCode::Size
            }
            _ => CloseCode::Protocol,
        };
        code.into()
    }
}
