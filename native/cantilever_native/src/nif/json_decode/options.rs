//! What decoding was told.

use super::kept_pieces;
use crate::json::decode::{Limits, Piece};

/// A shorter document has no objects of one kind to speak of.
const FEW_OBJECTS: usize = 512;

/// What keys become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, rustler::NifUnitEnum)]
pub(super) enum Keys {
    #[default]
    Strings,
    ExistingAtoms,
    Atoms,
}

/// What numbers with a fraction or an exponent become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, rustler::NifUnitEnum)]
pub(super) enum Floats {
    #[default]
    Native,
    Decimals,
}

/// Which strings are parts of the input instead of copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, rustler::NifUnitEnum)]
pub(super) enum Strings {
    /// Those that take up at least half of it.
    #[default]
    Auto,
    Copy,
    Reference,
}

/// What objects become.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, rustler::NifUnitEnum)]
pub(super) enum Objects {
    #[default]
    Maps,
    Ordered,
}

/// What a key that an object has already means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, rustler::NifUnitEnum)]
pub(super) enum Duplicates {
    #[default]
    Last,
    Error,
}

/// As `Cantilever.JSON.DecodeOptions` has checked them.
#[derive(Clone, Copy, Debug, rustler::NifTuple)]
pub(super) struct Options {
    pub(super) keys: Keys,
    pub(super) floats: Floats,
    pub(super) strings: Strings,
    pub(super) objects: Objects,
    pub(super) duplicates: Duplicates,
    pub(super) max_depth: usize,
    pub(super) max_new_atoms: usize,
    pub(super) max_bytes: u64,
}

impl Options {
    /// Whether terms are what the external term format makes of the values.
    pub(super) fn are_plain(&self) -> bool {
        self.keys == Keys::Strings
            && self.floats == Floats::Native
            && self.objects == Objects::Maps
            && self.duplicates == Duplicates::Last
    }

    /// What the terms go by way of, if they are plain.
    pub(super) fn piece(&self) -> Option<Piece> {
        self.are_plain().then(kept_pieces::take)
    }

    /// The same for a document that is so short that it is read at once.
    pub(super) fn piece_for_short(&self, length: usize) -> Option<Piece> {
        if length >= FEW_OBJECTS {
            return self.piece();
        }
        self.are_plain().then(|| Piece::with_capacity(2 * length))
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            max_depth: self.max_depth,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            keys: Keys::default(),
            floats: Floats::default(),
            strings: Strings::default(),
            objects: Objects::default(),
            duplicates: Duplicates::default(),
            max_depth: 1_024,
            max_new_atoms: 1_000,
            max_bytes: u64::MAX,
        }
    }
}
