use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Write {
    Byte(u8),
    Bytes(Vec<u8>),
    Prefix([u8; 8], usize),
    UpToSpace(Vec<u8>),
    Truncate(usize),
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => prop::collection::vec(prop_oneof![9 => b'a'..=b'z', 1 => Just(b' ')], 0..100),
        1 => prop::collection::vec(any::<u8>(), 0..20_000),
    ]
}

fn write() -> impl Strategy<Value = Write> {
    prop_oneof![
        any::<u8>().prop_map(Write::Byte),
        bytes().prop_map(Write::Bytes),
        (any::<[u8; 8]>(), 0..=8_usize).prop_map(|(bytes, length)| Write::Prefix(bytes, length)),
        bytes().prop_map(Write::UpToSpace),
        (0..30_000_usize).prop_map(Write::Truncate),
    ]
}

/// The high bit of each space in a word, exact up to the first one.
fn spaces_in(word: u64) -> u64 {
    let word = word ^ 0x2020_2020_2020_2020;
    word.wrapping_sub(0x0101_0101_0101_0101) & !word & 0x8080_8080_8080_8080
}

proptest! {
    #[test]
    fn it_holds_what_a_vector_holds(writes in prop::collection::vec(write(), 0..60)) {
        let mut builder = BinaryBuilder::new();
        let mut model = Vec::new();
        for write in writes {
            match write {
                Write::Byte(byte) => {
                    builder.push(byte);
                    model.push(byte);
                }
                Write::Bytes(bytes) => {
                    builder.extend_from_slice(&bytes);
                    model.extend(bytes);
                }
                Write::Prefix(bytes, length) => {
                    builder.extend_from_array(&bytes, length);
                    model.extend(&bytes[..length]);
                }
                Write::UpToSpace(bytes) => {
                    let plain = |chunk: &[u8; 32]| !chunk.contains(&b' ');
                    let written = builder.extend_while(&bytes, plain, spaces_in);
                    let end = bytes.iter().position(|byte| *byte == b' ');
                    prop_assert_eq!(written, end.unwrap_or(bytes.len()));
                    model.extend(&bytes[..written]);
                }
                Write::Truncate(length) => {
                    builder.truncate(length);
                    model.truncate(length);
                }
            }
            prop_assert_eq!(builder.as_slice(), &model);
            prop_assert_eq!(builder.len(), model.len());
        }
    }
}
