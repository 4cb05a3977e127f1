//! Close frames.

use tungstenite::protocol::frame::coding::CloseCode;

use super::fault::Fault;

/// Registered with the IANA after the others, as that of a gateway.
const BAD_GATEWAY: u16 = 1014;

/// The code and the reason in a close frame, if they are right.
pub(super) fn read(payload: &[u8]) -> Result<Option<(u16, String)>, Fault> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() {
            Ok(None)
        } else {
            Err(Fault::HalfCloseCode)
        };
    };
    let code = u16::from_be_bytes(*code);
    if !CloseCode::from(code).is_allowed() && code != BAD_GATEWAY {
        return Err(Fault::CloseCode(code));
    }
    match std::str::from_utf8(reason) {
        Ok(reason) => Ok(Some((code, reason.to_owned()))),
        Err(_) => Err(Fault::InvalidReason),
    }
}
