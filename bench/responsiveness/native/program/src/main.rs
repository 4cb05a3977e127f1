//! The jobs behind a port: a request is one byte that names the job and its input, the answer a 0 and the result, or a
//! 1 and what is wrong. Both come in packets with four bytes of length before them. It ends with its input.

#![forbid(unsafe_code)]

use std::io::{self, Read, Write};

use responsiveness_jobs::{arithmetic, records, thumbnail};

const BROKEN: &str = "the request is not one of a sum, a document or a picture";

fn main() -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut request = Vec::new();
    while read_packet(&mut input, &mut request)? {
        let (tag, answer) = match answer(&request) {
            Ok(answer) => (0, answer),
            Err(message) => (1, message.into_bytes()),
        };
        let length = u32::try_from(answer.len() + 1).map_err(io::Error::other)?;
        output.write_all(&length.to_be_bytes())?;
        output.write_all(&[tag])?;
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}

/// Whether there was another packet.
fn read_packet(input: &mut impl Read, packet: &mut Vec<u8>) -> io::Result<bool> {
    let mut length = [0; 4];
    match input.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        Err(error) => return Err(error),
    }
    packet.resize(u32::from_be_bytes(length) as usize, 0);
    input.read_exact(packet)?;
    Ok(true)
}

fn answer(request: &[u8]) -> Result<Vec<u8>, String> {
    match request {
        [b's', n @ ..] => {
            let n = u64::from_be_bytes(n.try_into().map_err(|_| BROKEN)?);
            Ok(arithmetic::sum_of_squares(n).to_bytes_be())
        }
        [b'd', document @ ..] => {
            let seen = records::decode(document)?;
            Ok([seen.records.to_be_bytes(), seen.checksum.to_be_bytes()].concat())
        }
        [b't', a, b, c, d, png @ ..] => {
            thumbnail::shrink(png, u32::from_be_bytes([*a, *b, *c, *d]))
        }
        _ => Err(BROKEN.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_job_answers() {
        let sum = answer(&[&b"s"[..], &5_u64.to_be_bytes()].concat());
        assert_eq!(sum.unwrap(), [30]);
        let document = [&b"d"[..], &records::document(1000)].concat();
        assert_eq!(answer(&document).unwrap().len(), 16);
        let picture = [&b"t\0\0\0\x01"[..], &thumbnail::picture(2, 2).unwrap()].concat();
        assert_eq!(answer(&picture).unwrap().len(), 3);
        assert_eq!(answer(b"x").unwrap_err(), BROKEN);
    }

    #[test]
    fn packets_end_with_the_input() {
        let mut input = &[0, 0, 0, 2, 7, 8][..];
        let mut packet = Vec::new();
        assert!(read_packet(&mut input, &mut packet).unwrap());
        assert_eq!(packet, [7, 8]);
        assert!(!read_packet(&mut input, &mut packet).unwrap());
        assert!(read_packet(&mut &[0, 0, 0, 2, 7][..], &mut packet).is_err());
    }
}
