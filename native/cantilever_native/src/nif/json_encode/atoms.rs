//! Atoms that mean something, and the texts of the others.

use std::sync::OnceLock;

use cantilever::Atom;
use cantilever::read::{Bare, Reader, TermKind};

mod names {
    cantilever::rustler::atoms! {
        nil,
        true_ = "true",
        false_ = "false",
        struct_ = "__struct__",
        fragment = "Elixir.Cantilever.JSON.Fragment",
        ordered_object = "Elixir.Cantilever.JSON.OrderedObject",
        iodata,
        values,
    }
}

/// The atoms as the VM writes them in a term, which is the same in every environment.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub(super) nil: usize,
    true_: usize,
    false_: usize,
    pub(super) fragment: usize,
    pub(super) ordered_object: usize,
    struct_: Atom,
    iodata: Atom,
    values: Atom,
}

impl Known {
    #[inline]
    pub(super) fn get() -> &'static Known {
        static KNOWN: OnceLock<Known> = OnceLock::new();
        let word = |atom: Atom| Bare::from(atom).word();
        KNOWN.get_or_init(|| Known {
            nil: word(names::nil()),
            true_: word(names::true_()),
            false_: word(names::false_()),
            fragment: word(names::fragment()),
            ordered_object: word(names::ordered_object()),
            struct_: names::struct_(),
            iodata: names::iodata(),
            values: names::values(),
        })
    }

    /// How JSON writes an atom that it has a word for, and the length of that.
    #[inline]
    pub(super) fn word_of(&self, term: Bare<'_>) -> Option<([u8; 8], usize)> {
        match term.word() {
            word if word == self.nil => Some((*b"null    ", 4)),
            word if word == self.true_ => Some((*b"true    ", 4)),
            word if word == self.false_ => Some((*b"false   ", 5)),
            _ => None,
        }
    }

    /// The module of a struct, or what else a map has there.
    #[inline]
    pub(super) fn struct_of<'a>(&self, read: Reader<'a>, map: Bare<'a>) -> Option<Bare<'a>> {
        read.map_value(map, self.struct_.into())
    }

    pub(super) fn iodata_of<'a>(&self, read: Reader<'a>, fragment: Bare<'a>) -> Option<Bare<'a>> {
        read.map_value(fragment, self.iodata.into())
    }

    pub(super) fn values_of<'a>(&self, read: Reader<'a>, object: Bare<'a>) -> Option<Bare<'a>> {
        read.map_value(object, self.values.into())
    }
}

/// How many texts are remembered: more than the keys of most documents. A power of two.
const REMEMBERED: usize = 128;

/// The texts of the atoms met last, each in the place that its term gives it.
///
/// The VM tells the text of any atom only by way of its external format, which takes longer than to copy it.
#[derive(Default)]
pub(super) struct Texts {
    places: Vec<Option<(usize, Box<[u8]>)>>,
}

impl Texts {
    /// The text of an atom; `None` if it is none.
    #[inline]
    pub(super) fn of<'a>(&mut self, read: Reader<'a>, atom: Bare<'a>) -> Option<&[u8]> {
        let raw = atom.word();
        let place = (raw >> 6) % REMEMBERED;
        let known = matches!(self.places.get(place), Some(Some((known, _))) if *known == raw);
        if !known {
            self.learn(read, atom, place)?;
        }
        let (_, text) = self.places.get(place)?.as_ref()?;
        Some(text)
    }

    #[cold]
    fn learn<'a>(&mut self, read: Reader<'a>, atom: Bare<'a>, place: usize) -> Option<()> {
        if read.kind(atom) != TermKind::Atom {
            return None;
        }
        let external = read.external(atom)?;
        // The version, the tag and the length. ATOM_EXT and SMALL_ATOM_EXT have Latin-1, in which VMs before OTP 26
        // write what can be; ATOM_UTF8_EXT and SMALL_ATOM_UTF8_EXT.
        let text: Box<[u8]> = match external.as_slice() {
            [131, 100, _, _, text @ ..] | [131, 115, _, text @ ..] => {
                let text: String = text.iter().copied().map(char::from).collect();
                text.into_bytes().into()
            }
            [131, 118, _, _, text @ ..] | [131, 119, _, text @ ..] => text.into(),
            _ => return None,
        };
        if self.places.is_empty() {
            self.places.resize_with(REMEMBERED, || None);
        }
        self.places[place] = Some((atom.word(), text));
        Some(())
    }
}
