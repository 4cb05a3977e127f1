//! Which of the keys of a map count, if some are there more than once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rustler::sys::{ErlNifHash, ErlNifTerm, enif_hash, enif_is_identical};

/// The last index of each key, in the order of their first ones.
///
/// # Safety
/// The keys are terms of an environment that is alive.
pub(super) unsafe fn last_of_each(keys: &[ErlNifTerm]) -> Vec<usize> {
    let mut places: HashMap<u64, Vec<usize>> = HashMap::with_capacity(keys.len());
    let mut last: Vec<usize> = Vec::with_capacity(keys.len());
    for (index, key) in keys.iter().enumerate() {
        // SAFETY: as the function's contract says.
        let hash = unsafe { enif_hash(ErlNifHash::ERL_NIF_INTERNAL_HASH, *key, 0) };
        match places.entry(hash) {
            Entry::Vacant(entry) => {
                entry.insert(vec![last.len()]);
                last.push(index);
            }
            Entry::Occupied(mut entry) => {
                // SAFETY: as the function's contract says.
                let same =
                    |place: &usize| unsafe { enif_is_identical(keys[last[*place]], *key) != 0 };
                match entry.get().iter().copied().find(same) {
                    Some(place) => last[place] = index,
                    None => {
                        entry.get_mut().push(last.len());
                        last.push(index);
                    }
                }
            }
        }
    }
    last
}
