//! What goes through pieces, beside what does not.

use super::*;

impl TakePieces for Recorder {
    fn take_piece(&mut self, piece: &Piece, fillers: &[usize]) {
        piece.replay(fillers, self).unwrap();
    }
}

fn read_in_pieces(document: &[u8], length: usize) -> Value {
    read_with(&mut Piece::with_capacity(2_000), document, length)
}

fn read_with(piece: &mut Piece, document: &[u8], length: usize) -> Value {
    piece.restart();
    let mut parser = Parser::new(Scope::Document, LIMITS);
    let mut pieces = InPieces {
        target: Recorder::default(),
        piece,
    };
    let mut start = 0;
    loop {
        let (used, progress) = parser
            .run(&document[start..], true, length, &mut pieces)
            .unwrap();
        start += used;
        if pieces.piece.len() >= length || progress == Progress::Done {
            pieces.flush();
        }
        if progress == Progress::Done {
            assert_eq!(pieces.target.values.len(), 1);
            return pieces.target.values.remove(0);
        }
    }
}

#[test]
fn wherever_a_piece_ends_the_values_are_the_same() {
    let document = format!(
        r#"{{"z": [{{"b": 1, "a": [], "c": {{}}}}, {{"b": 2, "a": [-1, 300, 1e300], "c": {{"x": null}}}}], "a": {DOCUMENT},
            "m": [{{"c": 1, "b": 2, "c": 3, "a": 4, "c": 5}}, true, false, 9223372036854775807, -9223372036854775808]}}"#
    );
    let expected = read(document.as_bytes()).unwrap();
    for length in 1..document.len() {
        assert_eq!(
            read_in_pieces(document.as_bytes(), length),
            expected,
            "{length} bytes"
        );
    }
}

#[test]
fn the_last_of_a_key_stays_the_last() {
    let key = |middle: u8| format!("01234567{}01234567", char::from(middle));
    let object = |keys: &[u8]| {
        let member = |(index, middle): (usize, &u8)| format!("\"{}\":{index}", key(*middle));
        let members: Vec<_> = keys.iter().enumerate().map(member).collect();
        format!("{{{}}}", members.join(","))
    };
    let document = format!("[{},{},{}]", object(b"cba"), object(b"aaa"), object(b"bbb"));
    let expected: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(read_in_pieces(document.as_bytes(), usize::MAX), expected);
}

/// Objects of some kinds, one after the other, whose keys are like each other.
fn objects() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "a",
        "ab",
        "",
        "é",
        r"a\u0062",
        r#"a\":"#,
        "a key of thirty-eight bytes, no longer",
        "a key of thirty-nine bytes, that is it.",
    ]);
    let colon = prop::sample::select(vec![":", " :", ": "]);
    let member = (key, colon).prop_map(|(key, colon)| format!("\"{key}\"{colon}"));
    let kind = prop::collection::vec(member, 0..6);
    let kinds = prop::collection::vec(kind, 1..4);
    (kinds, prop::collection::vec(0_usize..4, 1..30)).prop_map(|(kinds, chosen)| {
        let object = |(number, chosen): (usize, &usize)| {
            let kind = &kinds[chosen % kinds.len()];
            let value = |key: &String| format!("{key}[{number}, {{{key} null}}]");
            format!(
                "{{{}}}",
                kind.iter().map(value).collect::<Vec<_>>().join(",")
            )
        };
        let objects: Vec<_> = chosen.iter().enumerate().map(object).collect();
        format!("[{}]", objects.join(","))
    })
}

proptest! {
    #[test]
    fn keys_that_are_known_are_those_of_the_document(document in objects(), length in 1_usize..3_000) {
        let expected: Value = serde_json::from_str(&document).unwrap();
        prop_assert_eq!(read_in_pieces(document.as_bytes(), length), expected);
    }
}

proptest! {
    #[test]
    fn what_is_known_of_other_documents_does_no_harm(documents in prop::collection::vec(objects(), 1..6)) {
        let mut piece = Piece::with_capacity(2_000);
        for document in documents {
            // A piece that is left in the middle of a document, as where that is wrong.
            let half = &document.as_bytes()[..document.len() / 2];
            let mut parser = Parser::new(Scope::Document, LIMITS);
            let mut pieces = InPieces { target: Recorder::default(), piece: &mut piece };
            let _ = parser.run(half, true, usize::MAX, &mut pieces);
            let expected: Value = serde_json::from_str(&document).unwrap();
            prop_assert_eq!(read_with(&mut piece, document.as_bytes(), 500), expected);
        }
    }
}

#[test]
fn more_kinds_of_objects_than_are_known_do_no_harm() {
    let object = |number: usize| {
        let (one, other) = (number % 700, number % 3);
        format!(r#"{{"z{other}": 1, "b": {{"x": 2, "{one}": 3, "a": 4}}, "a{one}": 5}}"#)
    };
    let objects: Vec<_> = (0..3_000).map(object).collect();
    let document = format!("[{}]", objects.join(","));
    let expected: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(read_in_pieces(document.as_bytes(), 5_000), expected);
}

/// The keys of the maps in a piece, in the order in which they are written.
fn keys(document: &str) -> Vec<String> {
    #[derive(Default)]
    struct Keys(Vec<String>);

    impl Events for Keys {
        fn null(&mut self) {}
        fn boolean(&mut self, _: bool) {}
        fn integer(&mut self, _: i64) {}
        fn big_integer(&mut self, _: &str) -> Result<Flow, Problem> {
            Ok(Flow::Go)
        }
        fn float(&mut self, _: f64, _: &[u8]) -> Result<Flow, Problem> {
            Ok(Flow::Go)
        }
        fn text(&mut self, text: Text<'_>, _: Role, _: Option<Range<u64>>) -> Result<(), Problem> {
            self.0.push(text.as_str().to_owned());
            Ok(())
        }
        fn place_of_long_text(&mut self, _: Range<u64>) {}
        fn long_text(&mut self, _: &str, _: Role) {}
        fn end_of_long_text(&mut self, _: Role, _: Option<Range<u64>>) -> Result<(), Problem> {
            Ok(())
        }
        fn open(&mut self) {}
        fn array(&mut self, _: usize) -> Flow {
            Flow::Go
        }
        fn object(&mut self, _: usize) -> Result<Flow, Problem> {
            Ok(Flow::Go)
        }
    }

    impl TakePieces for Keys {
        fn take_piece(&mut self, piece: &Piece, fillers: &[usize]) {
            piece.replay(fillers, self).unwrap();
        }
    }

    let mut pieces = InPieces {
        target: Keys::default(),
        piece: &mut Piece::with_capacity(2_000),
    };
    let mut parser = Parser::new(Scope::Document, LIMITS);
    let read = parser.run(document.as_bytes(), true, usize::MAX, &mut pieces);
    assert_eq!(read, Ok((document.len(), Progress::Done)));
    pieces.flush();
    pieces.target.0
}

#[test]
fn the_members_of_objects_are_sorted_from_the_second_one_of_a_kind_on() {
    let object = r#"{"c": 1, "a": {"z": 1, "y": 2, "x": 3}, "b": 3}"#;
    let document = format!("[{object}, {object}, {object}, {{\"c\": 1, \"b\": 1, \"a\": 1}}]");
    let sorted = "c a z y x b a x y z b c a x y z b c c b a";
    assert_eq!(keys(&document), sorted.split(' ').collect::<Vec<_>>());
}
