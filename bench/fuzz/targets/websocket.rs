//! For cargo-fuzz: the frames of a WebSocket are read the same, however they are cut.
//!
//! ```sh
//! cd bench/fuzz && cargo +nightly fuzz run --fuzz-dir . --features libfuzzer websocket -- -max_total_time=600
//! ```

#![no_main]

use cantilever_native::websocket::{Event, Fault, Limits, Reader};

type Outcome = (Vec<Event<Vec<u8>>>, Option<Fault>);

fn read(input: &[u8], size: usize, budget: usize) -> Outcome {
    let mut reader = Reader::new(Limits {
        max_frame_bytes: 200,
        max_message_bytes: 300,
    });
    let mut events = Vec::new();
    for mut chunk in input.chunks(size) {
        while !chunk.is_empty() {
            match reader.read(chunk, budget) {
                Ok((read, event)) => {
                    events.extend(event);
                    chunk = &chunk[read..];
                }
                Err(fault) => return (events, Some(fault)),
            }
        }
    }
    (events, None)
}

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    if let [size, budget, input @ ..] = input {
        let (size, budget) = (usize::from(*size).max(1), usize::from(*budget).max(1));
        let whole = read(input, usize::MAX, usize::MAX);
        assert_eq!(read(input, size, budget), whole);
    }
});
