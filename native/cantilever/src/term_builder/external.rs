//! Terms by way of the external term format, of which the VM makes them itself.

use std::mem::MaybeUninit;

use rustler::sys::{enif_binary_to_term, enif_get_tuple};

use super::TermBuilder;

/// Of `enif_binary_to_term`, which is to make no atoms then.
const ERL_NIF_BIN2TERM_SAFE: u32 = 0x2000_0000;

impl TermBuilder<'_> {
    /// Pushes the atom of that name, if there is one: `false`, and nothing is pushed, if there is not.
    #[must_use]
    pub fn push_existing_atom(&mut self, name: &str) -> bool {
        self.push_atom_of(name, ERL_NIF_BIN2TERM_SAFE)
    }

    /// Pushes the atom of that name, new or not. `false`, and nothing is pushed, if it has more than 255 characters.
    ///
    /// Atoms are never collected, and a node ends when it has too many: never make them of what comes from outside.
    #[must_use]
    pub fn push_new_atom(&mut self, name: &str) -> bool {
        self.push_atom_of(name, 0)
    }

    /// By way of the external term format, as the VM has no other way to make an atom in UTF-8 before NIF version 2.17.
    fn push_atom_of(&mut self, name: &str, options: u32) -> bool {
        const VERSION: u8 = 131;
        const ATOM_UTF8_EXT: u8 = 118;
        const MOST_BYTES: usize = 4 * 255;
        let Some(length) = u16::try_from(name.len())
            .ok()
            .filter(|_| name.len() <= MOST_BYTES)
        else {
            return false;
        };
        let mut encoded = [0; 4 + MOST_BYTES];
        encoded[..2].copy_from_slice(&[VERSION, ATOM_UTF8_EXT]);
        encoded[2..4].copy_from_slice(&length.to_be_bytes());
        encoded[4..4 + name.len()].copy_from_slice(name.as_bytes());
        self.push_external_of(&encoded[..4 + name.len()], options)
    }

    /// Pushes the term that is encoded in the external term format; `false`, and nothing is pushed, if it is none, or has an
    /// atom that there is not yet. The VM makes many terms so up to three times as quickly
    /// as native code does one by one.
    #[must_use]
    pub fn push_external(&mut self, encoded: &[u8]) -> bool {
        self.push_external_of(encoded, ERL_NIF_BIN2TERM_SAFE)
    }

    /// Pushes the elements of a tuple that is encoded in the external term format, but for those at the places of `without`,
    /// which ascend. `false`, and nothing is pushed, if it is none.
    ///
    /// # Panics
    /// If it has no such places, or they do not ascend.
    #[must_use]
    pub fn push_elements(&mut self, encoded: &[u8], without: &[usize]) -> bool {
        if !self.push_external(encoded) {
            return false;
        }
        let tuple = self.pop();
        let mut arity = 0;
        let mut start = MaybeUninit::uninit();
        // SAFETY: the term is one of the environment, which is alive for as long as `self`. If it is a tuple, the VM sets
        // both, and the elements stay where they are for as long as nothing else happens to the environment.
        let elements = unsafe {
            if enif_get_tuple(self.env, tuple, &mut arity, start.as_mut_ptr()) == 0 {
                return false;
            }
            std::slice::from_raw_parts(start.assume_init(), usize::try_from(arity).unwrap_or(0))
        };
        let mut next = 0;
        for place in without {
            self.values.extend_from_slice(&elements[next..*place]);
            next = place + 1;
        }
        self.values.extend_from_slice(&elements[next..]);
        true
    }

    fn push_external_of(&mut self, encoded: &[u8], options: u32) -> bool {
        let mut term = MaybeUninit::uninit();
        // SAFETY: the environment is alive for as long as `self`, and the bytes for this call; the VM sets the term if it
        // returns how many it has read.
        unsafe {
            let read = enif_binary_to_term(
                self.env,
                encoded.as_ptr(),
                encoded.len(),
                term.as_mut_ptr(),
                options,
            );
            if read > 0 {
                self.values.push(term.assume_init());
            }
            read > 0
        }
    }
}
