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

/// How many texts are remembered: more than the atoms of most programs' documents. A power of two.
const REMEMBERED: usize = 1024;
/// The same for a document, of those whose place is another's.
const OF_A_DOCUMENT: usize = 128;

/// An atom, as its term, and its text.
type Spelled = (usize, Box<[u8]>);

/// The texts of atoms, each in the place that its term gives it, for whichever comes first there: the VM never forgets an atom either. Who lets documents
/// make atoms may have its places full of them; then the others are asked for in each document.
static TEXTS: [OnceLock<Spelled>; REMEMBERED] = [const { OnceLock::new() }; REMEMBERED];

/// The texts of atoms.
///
/// The VM tells the text of any atom only by way of its external format, which takes longer than all else that a short document takes.
#[derive(Default)]
pub(super) struct Texts {
    /// Of the atoms met last that have no place among those of all documents.
    others: Vec<Option<Spelled>>,
}

impl Texts {
    /// The text of an atom; `None` if it is none.
    #[inline]
    pub(super) fn of<'a>(&mut self, read: Reader<'a>, atom: Bare<'a>) -> Option<&[u8]> {
        let raw = atom.word();
        match TEXTS[(raw >> 6) % REMEMBERED].get() {
            Some((known, text)) if *known == raw => Some(text),
            _ => self.other(read, atom),
        }
    }

    #[cold]
    fn other<'a>(&mut self, read: Reader<'a>, atom: Bare<'a>) -> Option<&[u8]> {
        let raw = atom.word();
        let shared = &TEXTS[(raw >> 6) % REMEMBERED];
        let place = (raw >> 6) % OF_A_DOCUMENT;
        let known = matches!(self.others.get(place), Some(Some((known, _))) if *known == raw);
        if !known {
            let text = learn(read, atom)?;
            let Err(learnt) = shared.set((raw, text)) else {
                return shared.get().map(|(_, text)| &**text);
            };
            if self.others.is_empty() {
                self.others.resize_with(OF_A_DOCUMENT, || None);
            }
            self.others[place] = Some(learnt);
        }
        let (_, text) = self.others.get(place)?.as_ref()?;
        Some(text)
    }
}

fn learn<'a>(read: Reader<'a>, atom: Bare<'a>) -> Option<Box<[u8]>> {
    if read.kind(atom) != TermKind::Atom {
        return None;
    }
    let external = read.external(atom)?;
    // The version, the tag and the length. ATOM_EXT and SMALL_ATOM_EXT have Latin-1, in which VMs before OTP 26
    // write what can be; ATOM_UTF8_EXT and SMALL_ATOM_UTF8_EXT.
    match external.as_slice() {
        [131, 100, _, _, text @ ..] | [131, 115, _, text @ ..] => {
            let text: String = text.iter().copied().map(char::from).collect();
            Some(text.into_bytes().into())
        }
        [131, 118, _, _, text @ ..] | [131, 119, _, text @ ..] => Some(text.into()),
        _ => None,
    }
}
