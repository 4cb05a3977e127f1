mod in_pieces;

use std::ops::Range;

use proptest::prelude::*;
use serde_json::Value;

use super::parser::LONG_TEXT;
use super::*;

/// Builds `serde_json`'s values, with numbers as they are written.
#[derive(Debug, Default)]
struct Recorder {
    values: Vec<Value>,
    long: String,
    places: Vec<(String, Range<u64>)>,
    long_place: Option<Range<u64>>,
    refuses: bool,
}

impl Recorder {
    fn number(&mut self, text: &str) {
        self.values.push(Value::Number(text.parse().unwrap()));
    }
}

impl Events for Recorder {
    fn null(&mut self) {
        self.values.push(Value::Null);
    }

    fn boolean(&mut self, value: bool) {
        self.values.push(Value::Bool(value));
    }

    fn integer(&mut self, value: i64) {
        self.number(&value.to_string());
    }

    fn big_integer(&mut self, text: &str) -> Result<Flow, Problem> {
        self.number(&parse_integer(text).to_string());
        Ok(Flow::Wait)
    }

    fn float(&mut self, value: f64, _text: &[u8]) -> Result<Flow, Problem> {
        if value.is_infinite() {
            return Err(Problem::FloatOutOfRange);
        }
        self.number(&format!("{value:e}"));
        Ok(Flow::Go)
    }

    fn text(
        &mut self,
        text: Text<'_>,
        _role: Role,
        place: Option<Range<u64>>,
    ) -> Result<(), Problem> {
        let text = text.as_str();
        if self.refuses {
            return Err(Problem::UnknownAtom);
        }
        if let Some(place) = place {
            self.places.push((text.to_owned(), place));
        }
        self.values.push(Value::String(text.to_owned()));
        Ok(())
    }

    fn place_of_long_text(&mut self, place: Range<u64>) {
        self.long_place = Some(place);
    }

    fn long_text(&mut self, part: &str, _role: Role) {
        self.long.push_str(part);
    }

    fn end_of_long_text(&mut self, role: Role, place: Option<Range<u64>>) -> Result<(), Problem> {
        let text = std::mem::take(&mut self.long);
        if let Some(told) = self.long_place.take() {
            assert_eq!(Some(&told), place.as_ref());
        }
        self.text(text.as_str().into(), role, place)
    }

    fn open(&mut self) {}

    fn array(&mut self, count: usize) -> Flow {
        let elements = self.values.split_off(self.values.len() - count);
        self.values.push(Value::Array(elements));
        if count > 3 { Flow::Wait } else { Flow::Go }
    }

    fn object(&mut self, count: usize) -> Result<Flow, Problem> {
        let members = self.values.split_off(self.values.len() - 2 * count);
        let mut members = members.into_iter();
        let mut object = serde_json::Map::new();
        while let (Some(Value::String(key)), Some(value)) = (members.next(), members.next()) {
            object.insert(key, value);
        }
        self.values.push(Value::Object(object));
        Ok(Flow::Go)
    }
}

const LIMITS: Limits = Limits { max_depth: 1_000 };

/// Reads a document that comes in chunks of these lengths, in turns.
fn read_chunks(
    document: &[u8],
    chunks: &[usize],
    budget: usize,
) -> Result<(Value, Recorder), SyntaxError> {
    let mut parser = Parser::new(Scope::Document, LIMITS);
    let mut recorder = Recorder::default();
    let (mut start, mut end) = (0, 0);
    let mut lengths = chunks.iter().cycle();
    loop {
        let is_last = end == document.len();
        let (used, progress) = parser.run(&document[start..end], is_last, budget, &mut recorder)?;
        start += used;
        assert_eq!(parser.offset(), start as u64);
        match progress {
            Progress::Done => break,
            Progress::More => {
                assert!(!is_last);
                end = document.len().min(end + lengths.next().unwrap());
            }
            Progress::Pause | Progress::Busy => {}
            Progress::Element => panic!("this is no element"),
        }
    }
    assert_eq!(start, document.len());
    for (text, place) in &recorder.places {
        let place = place.start as usize..place.end as usize;
        assert_eq!(&document[place], text.as_bytes());
    }
    assert_eq!(recorder.values.len(), 1);
    Ok((recorder.values.remove(0), recorder))
}

fn read(document: &[u8]) -> Result<Value, SyntaxError> {
    read_chunks(document, &[document.len().max(1)], usize::MAX).map(|(value, _)| value)
}

fn problem(document: &[u8]) -> (u64, String) {
    let error = read(document).unwrap_err();
    (error.offset, error.problem.to_string())
}

/// Numbers written alike, as `1.0` and `10e-1` are the same float.
fn expected(document: &[u8]) -> Option<Value> {
    fn normal(value: Value) -> Option<Value> {
        Some(match value {
            Value::Number(number) => {
                let text = number.to_string();
                if text.contains(['.', 'e', 'E']) {
                    let float: f64 = text.parse().ok()?;
                    Value::Number(
                        float
                            .is_finite()
                            .then(|| format!("{float:e}"))?
                            .parse()
                            .ok()?,
                    )
                } else if text == "-0" {
                    Value::Number("0".parse().ok()?)
                } else {
                    Value::Number(number)
                }
            }
            Value::Array(values) => {
                Value::Array(values.into_iter().map(normal).collect::<Option<_>>()?)
            }
            Value::Object(members) => Value::Object(
                members
                    .into_iter()
                    .map(|(key, value)| Some((key, normal(value)?)))
                    .collect::<Option<_>>()?,
            ),
            other => other,
        })
    }
    serde_json::from_slice(document).ok().and_then(normal)
}

const DOCUMENT: &str = r#" { "a" : [ 1 , -2.5e3 , "x\n\u00e9\uD83D\uDE00 \\" , true , false , null , { } , [ ] ] ,
    "é€😀" : { "b" : 123456789012345678901234567890 , "" : [ [ [ 0 ] ] , -0 , -0.0 , 1E+2 ] , "a" : "\"" } , "a" : "last" } "#;

#[test]
fn a_document_is_read_as_serde_json_reads_it() {
    assert_eq!(
        read(DOCUMENT.as_bytes()).ok(),
        expected(DOCUMENT.as_bytes())
    );
    assert!(read(DOCUMENT.as_bytes()).is_ok());
}

#[test]
fn in_chunks_and_steps_of_any_length_it_is_the_same() {
    let whole = read(DOCUMENT.as_bytes()).unwrap();
    for length in 1..=DOCUMENT.len() {
        let (value, _) = read_chunks(DOCUMENT.as_bytes(), &[length], usize::MAX).unwrap();
        assert_eq!(value, whole, "in chunks of {length}");
        let (value, _) = read_chunks(DOCUMENT.as_bytes(), &[DOCUMENT.len()], length).unwrap();
        assert_eq!(value, whole, "in steps of {length}");
    }
}

#[test]
fn every_prefix_ends_too_early() {
    for length in 0..DOCUMENT.trim_end().len() {
        let prefix = &DOCUMENT.as_bytes()[..length];
        let error = read(prefix).unwrap_err();
        assert_eq!(error.offset, length as u64, "{error} in {length} bytes");
        assert!(
            matches!(
                error.problem,
                Problem::Unexpected {
                    found: Found::End,
                    ..
                }
            ),
            "{error} in {length} bytes"
        );
    }
}

#[test]
fn errors_say_what_was_expected_and_where() {
    for (document, offset, message) in [
        ("", 0, "expected a value, found the end of the input"),
        ("\u{feff}1", 0, "expected a value, found a byte order mark"),
        ("[1,]", 3, "expected a value, found ]"),
        ("[,1]", 1, "expected a value or ], found ,"),
        ("[1 2]", 3, "expected , or ], found 2"),
        ("{1:2}", 1, "expected a key or }, found 1"),
        (r#"{"a":1,}"#, 7, "expected a key, found }"),
        (r#"{"a" 1}"#, 5, "expected :, found 1"),
        (r#"{"a":1]"#, 6, "expected , or }, found ]"),
        ("1 x", 2, "expected the end of the document, found x"),
        (
            "1\0",
            1,
            "expected the end of the document, found the byte 0x00",
        ),
        ("nul", 3, "expected a value, found the end of the input"),
        ("nuxl", 2, "expected a value, found x"),
        ("+1", 0, "expected a value, found +"),
        ("-", 1, "expected a digit, found the end of the input"),
        ("[1.]", 3, "an invalid number"),
        ("01", 1, "an invalid number"),
        ("[1e400]", 1, "a number out of the range of floats"),
        (
            r#"{"a":1e400,"a":2}"#,
            5,
            "a number out of the range of floats",
        ),
        (
            "[\"\n\"]",
            2,
            "a control character that is not escaped in a string",
        ),
        (r#"["ab\x"]"#, 4, "an invalid escape in a string"),
        (
            r#"["ab\ud800"]"#,
            4,
            "a surrogate without the other one of its pair in a string",
        ),
        (
            r#"["\udc00"]"#,
            2,
            "a surrogate without the other one of its pair in a string",
        ),
        ("NaN", 0, "expected a value, found N"),
        ("-Infinity", 1, "an invalid number"),
    ] {
        assert_eq!(
            problem(document.as_bytes()),
            (offset, message.to_owned()),
            "{document}"
        );
    }
    let invalid = b"[\"\\n\xC3\xA9\xFF\"]";
    assert_eq!(problem(invalid).0, 6);
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(read(nested(1_000).as_bytes()).is_ok());
    assert_eq!(problem(nested(100_000).as_bytes()).0, 1_000);
}

#[test]
fn tokens_longer_than_any_window_are_read_in_parts() {
    let text = r"é\n😀\uD83D\uDE00\\abc".repeat(20_000);
    let spaces = " ".repeat(200_000);
    let digits = "7".repeat(100_000);
    let float = format!("{digits}.5e-99990");
    let document = format!(
        r#"{{ "{text}" {spaces} : [ {spaces} "{text}" {spaces}, {digits}, -{digits}, {float}, "{}" ] }}"#,
        "plain".repeat(50_000)
    );
    let expected = expected(document.as_bytes());
    assert!(expected.is_some());
    for chunk in [usize::MAX, 100_000, 4_099] {
        let (value, recorder) =
            read_chunks(document.as_bytes(), &[chunk.min(document.len())], 1_000).unwrap();
        assert_eq!(Some(value), expected);
        assert_eq!(
            recorder.places.len(),
            1,
            "only one text is as it is written"
        );
    }
    let cut = &document.as_bytes()[..300_000];
    assert_eq!(problem(cut).0, 300_000);
    let too_long = "1".repeat(MOST_DIGITS + 2);
    assert_eq!(problem(too_long.as_bytes()).0, 0);
}

#[test]
fn what_is_wrong_in_a_long_text_is_told_as_in_a_short_one() {
    for (wrong, offset) in [
        (&b"\xCE"[..], 0),
        (b"\\n\xCE", 2),
        (b"\xE2\x82", 0),
        (b"\xE1\xBE\xF4\xBF", 0),
        (b"\xE1\xBE\\n", 0),
        (b"\xFFx", 0),
        (b"\x01", 0),
        (b"\\q", 0),
        (b"\\ud800", 0),
        (b"\\udc00x", 0),
    ] {
        for length in [10, 3_000, 70_000, 140_000] {
            let document = [b"\"", "é".repeat(length).as_bytes(), wrong, b"\""].concat();
            for chunk in [1_000, 66_000, document.len()] {
                let error = read_chunks(&document, &[chunk], 999).unwrap_err();
                assert_eq!(
                    error.offset,
                    (1 + 2 * length + offset) as u64,
                    "{error} {wrong:?}"
                );
            }
        }
    }
}

#[test]
fn elements_are_complete_one_by_one() {
    let document = br#" [ 1, {"a": [2, 3]}, [], "x" ] "#;
    let mut parser = Parser::new(Scope::Elements, LIMITS);
    let mut recorder = Recorder::default();
    let (mut start, mut elements) = (0, Vec::new());
    loop {
        let (used, progress) = parser
            .run(&document[start..], true, usize::MAX, &mut recorder)
            .unwrap();
        start += used;
        match progress {
            Progress::Element => elements.append(&mut recorder.values),
            Progress::Done => break,
            _ => {}
        }
    }
    let expected: Vec<Value> = serde_json::from_slice(document).unwrap();
    assert_eq!(elements, expected);
    let mut parser = Parser::new(Scope::Elements, LIMITS);
    let error = parser.run(b"{}", true, 9, &mut recorder).unwrap_err();
    assert_eq!(error.problem.to_string(), "expected an array, found {");
}

#[test]
fn what_the_events_refuse_is_an_error_at_its_place() {
    let mut recorder = Recorder {
        refuses: true,
        ..Recorder::default()
    };
    let mut parser = Parser::new(Scope::Document, LIMITS);
    let error = parser
        .run(br#"{"a":1}"#, true, 99, &mut recorder)
        .unwrap_err();
    assert_eq!((error.offset, error.problem), (1, Problem::UnknownAtom));
}

fn mutated() -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<prop::sample::Index>(), any::<u8>(), 0..3_u8);
    prop::collection::vec(change, 1..4).prop_map(|changes| {
        let mut document = DOCUMENT.as_bytes().to_vec();
        for (place, byte, kind) in changes {
            let index = place.index(document.len());
            match kind {
                0 => document[index] = byte,
                1 => document.insert(index, b" \"\\,:[]{}0-.eEtu"[usize::from(byte) % 16]),
                _ => drop(document.remove(index)),
            }
        }
        document
    })
}

/// The end of a string, which is wrong more often than not.
fn tail() -> impl Strategy<Value = Vec<u8>> {
    let bytes = br#"\\\\uudD8cC00"x"#;
    let byte = prop_oneof![
        prop::sample::select(bytes.to_vec()),
        prop::sample::select(b"\x80\xBF\xC3\xCE\xE1\xF4\n\xFF".to_vec()),
    ];
    prop::collection::vec(byte, 0..20)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_long_text_is_read_in_parts_as_it_is_as_a_whole(tail in tail(), closed: bool) {
        let end: &[u8] = if closed { b"\"" } else { b"" };
        let document = [b"\"", &[b'a'; LONG_TEXT][..], &tail, end].concat();
        let whole = read(&document);
        prop_assert_eq!(whole.clone().ok(), expected(&document), "{:?}", whole);
        for chunk in [1, 7] {
            let parts = read_chunks(&document, &[chunk], usize::MAX).map(|(value, _)| value);
            prop_assert_eq!(&parts, &whole, "in chunks of {}", chunk);
        }
    }

    #[test]
    fn what_serde_json_accepts_is_accepted_and_nothing_else(
        document in mutated(),
        chunk in 1..200_usize,
    ) {
        let read = read(&document);
        match read {
            // serde_json forgets such a number where another member has the same key.
            Err(SyntaxError { offset, problem: Problem::FloatOutOfRange }) => {
                let rest = &document[offset as usize..];
                let number = std::str::from_utf8(&rest[..number::end(rest).unwrap()]).unwrap();
                prop_assert!(number.parse::<f64>().unwrap().is_infinite(), "{}", number);
            }
            _ => prop_assert_eq!(read.clone().ok(), expected(&document), "{:?}", read),
        }
        let in_chunks = read_chunks(&document, &[chunk, 1], 16).map(|(value, _)| value);
        prop_assert_eq!(in_chunks, read);
    }
}
