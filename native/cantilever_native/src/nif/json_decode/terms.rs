//! Terms of what the parser reads.

use std::ops::Range;

use cantilever::rustler::types::atom;
use cantilever::{BinaryBuilder, TermBuilder, rustler};

use super::decimal;
use super::key_cache::{KeyCache, Place};
use super::options::{Duplicates, Floats, Keys, Objects, Options, Strings};
use crate::json::decode::{Events, Flow, Problem, Role, Text, parse_integer};

mod atoms {
    super::rustler::atoms! {
        null = "nil",
        __struct__,
        ordered_object = "Elixir.Cantilever.JSON.OrderedObject",
        values,
    }
}

/// Binaries up to this size are on the heap of a process, and parts of others are no smaller than these.
const ON_HEAP: usize = 64;

/// More elements than this are put together in slices.
const LONG_LIST: usize = 1_024;

/// More keys than this, or any number with long ones, make a map on a dirty scheduler.
const LARGE_MAP: usize = 1_024;

/// A key of more bytes takes the VM long to hash and to compare.
const LONG_KEY: usize = 256;

/// More digits than this are converted on a dirty scheduler.
const LONG_INTEGER: usize = 2_000;

/// A document shorter than this has few keys to find again.
const WITHOUT_CACHE: usize = 512;

/// What is to be done before the parser may go on.
pub(super) enum Waiting {
    Nothing,
    List(usize),
    OrderedObject(usize),
    Map(usize),
    Integer(String),
    Decimal(Vec<u8>),
}

/// What is known besides the terms.
pub(super) struct Building {
    pub(super) options: Options,
    pub(super) waiting: Waiting,
    keys: Option<KeyCache>,
    long: BinaryBuilder,
    place_of_long: Option<Range<u64>>,
    new_atoms: usize,
    has_long_keys: bool,
    length: usize,
    in_slices: bool,
}

impl Building {
    /// For a document that is read in one go.
    pub(super) fn short(options: Options, length: usize) -> Self {
        Building {
            options,
            waiting: Waiting::Nothing,
            keys: (length >= WITHOUT_CACHE).then(KeyCache::new),
            long: BinaryBuilder::new(),
            place_of_long: None,
            new_atoms: 0,
            has_long_keys: false,
            length,
            in_slices: false,
        }
    }

    /// For one that is read in slices.
    pub(super) fn long(options: Options, length: usize) -> Self {
        Building {
            in_slices: true,
            keys: Some(KeyCache::new()),
            ..Self::short(options, length)
        }
    }

    /// For one that comes in chunks, to which no string may refer.
    pub(super) fn chunks(options: Options) -> Self {
        let options = Options {
            strings: Strings::Copy,
            ..options
        };
        Self::long(options, 0)
    }

    /// Forgets what is known of the terms, which have gone, and of a text that will be read again.
    pub(super) fn restart(&mut self) {
        self.keys = Some(KeyCache::new());
        self.long = BinaryBuilder::new();
        self.place_of_long = None;
    }

    /// Whether a string may be a part of the input.
    pub(super) fn may_refer(&self) -> bool {
        self.options.strings != Strings::Copy && self.length > ON_HEAP
    }

    /// Whether a string is to be a part of the input, if it stands there.
    #[inline]
    pub(super) fn refers(&self, place: Option<&Range<u64>>) -> bool {
        let length = place.map_or(0, |place| (place.end - place.start) as usize);
        length > ON_HEAP
            && match self.options.strings {
                Strings::Copy => false,
                Strings::Reference => true,
                Strings::Auto => length >= self.length / 2,
            }
    }

    /// What to do about the end of something with `size` parts.
    fn wait(&mut self, is_large: bool, waiting: Waiting) -> Option<Flow> {
        if !(is_large && self.in_slices) {
            return None;
        }
        self.waiting = waiting;
        Some(Flow::Wait)
    }
}

/// Takes in what the parser reads.
pub(super) struct Terms<'b, 'a> {
    pub(super) builder: &'b mut TermBuilder<'a>,
    pub(super) building: &'b mut Building,
}

impl<'b, 'a> Terms<'b, 'a> {
    pub(super) fn new(builder: &'b mut TermBuilder<'a>, building: &'b mut Building) -> Self {
        Terms { builder, building }
    }

    /// Calls `work` with these, where nothing has to wait.
    pub(super) fn at_once<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        let in_slices = std::mem::replace(&mut self.building.in_slices, false);
        let result = work(self);
        self.building.in_slices = in_slices;
        result
    }

    #[inline]
    fn key(&mut self, key: Text<'_>) -> Result<(), Problem> {
        let place = match &mut self.building.keys {
            Some(keys) => keys.place(key.as_bytes()),
            None => Place::TooLong,
        };
        match place {
            Place::Known(place) => {
                self.builder.push_kept(place);
                Ok(())
            }
            Place::TooLong => self.new_key(key),
            Place::New(place) => {
                let made = self.new_key(key);
                match (&made, &mut self.building.keys) {
                    (Err(_), Some(keys)) => keys.forget(place),
                    _ => self.builder.keep(place),
                }
                made
            }
        }
    }

    fn new_key(&mut self, key: Text<'_>) -> Result<(), Problem> {
        match self.building.options.keys {
            Keys::Strings => {
                self.builder.push_binary(key.as_bytes());
                Ok(())
            }
            Keys::ExistingAtoms => self.existing_atom(key.as_str()),
            Keys::Atoms => {
                let name = key.as_str();
                self.existing_atom(name).or_else(|_| self.new_atom(name))
            }
        }
    }

    fn existing_atom(&mut self, key: &str) -> Result<(), Problem> {
        let is_there = self.builder.push_existing_atom(key);
        is_there.then_some(()).ok_or(Problem::UnknownAtom)
    }

    fn new_atom(&mut self, key: &str) -> Result<(), Problem> {
        if self.building.new_atoms >= self.building.options.max_new_atoms {
            return Err(Problem::TooManyAtoms);
        }
        self.building.new_atoms += 1;
        let is_made = self.builder.push_new_atom(key);
        is_made.then_some(()).ok_or(Problem::UnknownAtom)
    }
}

impl Events for Terms<'_, '_> {
    #[inline]
    fn null(&mut self) {
        self.builder.push_atom(atoms::null());
    }

    #[inline]
    fn boolean(&mut self, value: bool) {
        self.builder
            .push_atom(if value { atom::true_() } else { atom::false_() });
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        self.builder.push_integer(value);
    }

    fn big_integer(&mut self, text: &str) -> Result<Flow, Problem> {
        let is_long = text.len() > LONG_INTEGER;
        if is_long && let Some(flow) = self.building.wait(true, Waiting::Integer(text.to_owned())) {
            return Ok(flow);
        }
        self.builder.push(&parse_integer(text));
        Ok(Flow::Go)
    }

    #[inline]
    fn float(&mut self, value: f64, text: &[u8]) -> Result<Flow, Problem> {
        if self.building.options.floats == Floats::Decimals {
            return self.decimal(text);
        }
        let is_finite = self.builder.push_float(value);
        is_finite
            .then_some(Flow::Go)
            .ok_or(Problem::FloatOutOfRange)
    }

    #[inline]
    fn text(
        &mut self,
        text: Text<'_>,
        role: Role,
        place: Option<Range<u64>>,
    ) -> Result<(), Problem> {
        if role == Role::Key {
            self.see_key(text);
            return self.key(text);
        }
        if text.len() > ON_HEAP
            && let Some(place) = place
            && self.building.refers(Some(&place))
            && self.builder.push_part(place.start as usize, text.len())
        {
            return Ok(());
        }
        self.builder.push_binary(text.as_bytes());
        Ok(())
    }

    fn place_of_long_text(&mut self, place: Range<u64>) {
        self.building.place_of_long = Some(place).filter(|place| self.building.refers(Some(place)));
    }

    fn long_text(&mut self, part: &str, _role: Role) {
        if self.building.place_of_long.is_none() {
            self.building.long.extend_from_slice(part.as_bytes());
        }
    }

    fn end_of_long_text(&mut self, role: Role, _place: Option<Range<u64>>) -> Result<(), Problem> {
        if let Some(place) = self.building.place_of_long.take() {
            let length = (place.end - place.start) as usize;
            if self.builder.push_part(place.start as usize, length) {
                return Ok(());
            }
        }
        if role == Role::Key && self.building.options.keys != Keys::Strings {
            return Err(Problem::UnknownAtom);
        }
        self.building.has_long_keys |= role == Role::Key;
        self.builder.push_built(&mut self.building.long);
        Ok(())
    }

    #[inline]
    fn open(&mut self) {}

    #[inline]
    fn array(&mut self, count: usize) -> Flow {
        if let Some(flow) = self.building.wait(count > LONG_LIST, Waiting::List(count)) {
            return flow;
        }
        self.builder.list(count);
        Flow::Go
    }

    #[inline]
    fn object(&mut self, count: usize) -> Result<Flow, Problem> {
        if self.building.options.objects == Objects::Ordered {
            return self.ordered_object(count);
        }
        if let Some(flow) = self.building.wait(
            count > LARGE_MAP || self.building.has_long_keys,
            Waiting::Map(count),
        ) {
            return Ok(flow);
        }
        map(self.builder, count, self.building.options.duplicates)?;
        Ok(Flow::Go)
    }
}

impl Terms<'_, '_> {
    /// Takes note of a long key.
    #[inline]
    pub(super) fn see_key(&mut self, key: Text<'_>) {
        self.building.has_long_keys |= key.len() > LONG_KEY;
    }

    #[cold]
    fn decimal(&mut self, text: &[u8]) -> Result<Flow, Problem> {
        let is_long = text.len() > LONG_INTEGER;
        if is_long && let Some(flow) = self.building.wait(true, Waiting::Decimal(text.to_vec())) {
            return Ok(flow);
        }
        decimal::push(self.builder, text)?;
        Ok(Flow::Go)
    }

    fn ordered_object(&mut self, count: usize) -> Result<Flow, Problem> {
        if let Some(flow) = self
            .building
            .wait(count > LONG_LIST, Waiting::OrderedObject(count))
        {
            return Ok(flow);
        }
        check_keys(self.builder, count, self.building.options.duplicates)?;
        self.builder.list(0);
        self.builder.prepend_pairs(count);
        end_ordered_object(self.builder);
        Ok(Flow::Go)
    }
}

/// Makes a map of `count` keys and values.
pub(super) fn map(
    builder: &mut TermBuilder<'_>,
    count: usize,
    duplicates: Duplicates,
) -> Result<(), Problem> {
    if builder.map(count).is_ok() {
        return Ok(());
    }
    match duplicates {
        Duplicates::Last => {
            builder.map_of_last(count);
            Ok(())
        }
        Duplicates::Error => Err(Problem::DuplicateKey),
    }
}

/// Whether no key of an ordered object is there twice that must not be.
pub(super) fn check_keys(
    builder: &mut TermBuilder<'_>,
    count: usize,
    duplicates: Duplicates,
) -> Result<(), Problem> {
    if duplicates == Duplicates::Error && builder.has_duplicates(count) {
        return Err(Problem::DuplicateKey);
    }
    Ok(())
}

/// Makes an ordered object of the list of its pairs.
pub(super) fn end_ordered_object(builder: &mut TermBuilder<'_>) {
    builder.push_atom(atoms::values());
    builder.swap();
    builder.push_atom(atoms::__struct__());
    builder.push_atom(atoms::ordered_object());
    builder.map_of_last(2);
}
