//! Why a term is not written.

use cantilever::Atom;
use cantilever::read::Bare;

mod names {
    cantilever::rustler::atoms! {
        unsupported,
        invalid_byte,
        too_deep,
        duplicate_key,
        improper_list,
        iodata,
    }
}

/// What the walk met that JSON has nothing for.
#[derive(Clone, Copy)]
pub(super) enum Reason {
    /// A tuple, a pid, bits that are no bytes, and so on.
    Unsupported,
    /// Text that is not UTF-8, from this byte on.
    InvalidByte(usize),
    TooDeep,
    DuplicateKey,
    ImproperList,
    /// Something else than iodata in a fragment.
    Iodata,
}

/// A reason, and the term that it is about. Boxed, as the results of each piece of work are to be small.
pub(super) type Refused<'a> = Box<(Reason, Bare<'a>)>;

impl Reason {
    #[cold]
    pub(super) fn of(self, term: Bare<'_>) -> Refused<'_> {
        Box::new((self, term))
    }

    pub(super) fn name(self) -> Atom {
        match self {
            Reason::Unsupported => names::unsupported(),
            Reason::InvalidByte(_) => names::invalid_byte(),
            Reason::TooDeep => names::too_deep(),
            Reason::DuplicateKey => names::duplicate_key(),
            Reason::ImproperList => names::improper_list(),
            Reason::Iodata => names::iodata(),
        }
    }

    /// Which byte of the term it is about.
    pub(super) fn at(self) -> Option<usize> {
        match self {
            Reason::InvalidByte(at) => Some(at),
            _ => None,
        }
    }
}
