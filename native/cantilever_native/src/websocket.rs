//! Reading the frames of a WebSocket's client (RFC 6455), as they come, without any input or output of its own.

mod close;
mod fault;
mod header;
mod mask;
mod message;
mod reader;

#[cfg(test)]
mod tests;

pub use fault::Fault;
pub use message::Payload;
pub use reader::{Event, Limits, Reader};
