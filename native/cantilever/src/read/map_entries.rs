use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ptr;

use super::{Bare, Reader};
use rustler::sys::{
    ErlNifEnv, ErlNifMapIterator, ErlNifMapIteratorEntry, enif_map_iterator_create,
    enif_map_iterator_destroy, enif_map_iterator_get_pair, enif_map_iterator_next,
};

/// The keys and values of a map, in an order that only depends on the map and the VM.
///
/// ```no_run
/// # use cantilever::read::{Bare, Reader};
/// # fn example<'a>(read: Reader<'a>, map: Bare<'a>) -> Option<()> {
/// for (_key, _value) in cantilever::read::MapEntries::new(read, map)? {}
/// # Some(())
/// # }
/// ```
pub struct MapEntries<'a> {
    iterator: MaybeUninit<ErlNifMapIterator>,
    /// In which the iterator was created, or null if it was not.
    env: *mut ErlNifEnv,
    /// How many entries there are left. Counting costs less than asking the VM once more, at the end of each map.
    left: usize,
    map: PhantomData<Bare<'a>>,
}

impl<'a> MapEntries<'a> {
    /// Those of no map, to [`begin`](Self::begin) with one.
    ///
    /// ```no_run
    /// assert!(cantilever::read::MapEntries::none().next().is_none());
    /// ```
    #[inline]
    pub const fn none() -> Self {
        MapEntries {
            iterator: MaybeUninit::uninit(),
            env: ptr::null_mut(),
            left: 0,
            map: PhantomData,
        }
    }

    /// Those of `map`, from the first one on; `None` if it is no map.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, map: Bare<'a>) -> Option<usize> {
    /// Some(cantilever::read::MapEntries::new(read, map)?.count())
    /// # }
    /// ```
    #[inline]
    pub fn new(read: Reader<'a>, map: Bare<'a>) -> Option<Self> {
        let mut entries = MapEntries::none();
        let size = read.map_size(map)?;
        entries.begin(read, map, size).then_some(entries)
    }

    /// Begins with the first `size` entries of another map, in the place of the one before, so that nothing large is
    /// moved; whether it is a map.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, MapEntries, Reader};
    /// # fn example<'a>(entries: &mut MapEntries<'a>, read: Reader<'a>, map: Bare<'a>) {
    /// if let Some(size) = read.map_size(map)
    ///     && entries.begin(read, map, size)
    /// {
    ///     for (_key, _value) in entries {}
    /// }
    /// # }
    /// ```
    #[inline]
    pub fn begin(&mut self, read: Reader<'a>, map: Bare<'a>, size: usize) -> bool {
        self.end();
        // SAFETY: the map is one of its environment; the iterator is written on success.
        let created = unsafe {
            enif_map_iterator_create(
                read.raw,
                map.term,
                self.iterator.as_mut_ptr(),
                ErlNifMapIteratorEntry::ERL_NIF_MAP_ITERATOR_HEAD,
            )
        };
        if created != 0 {
            self.env = read.raw;
            self.left = size;
        }
        created != 0
    }

    /// Leaves the map, before its last entry maybe.
    ///
    /// ```no_run
    /// cantilever::read::MapEntries::none().end();
    /// ```
    #[inline]
    pub fn end(&mut self) {
        if !self.env.is_null() {
            // SAFETY: the iterator was created in this environment, and is not used again.
            unsafe { enif_map_iterator_destroy(self.env, self.iterator.as_mut_ptr()) };
            self.env = ptr::null_mut();
            self.left = 0;
        }
    }
}

impl<'a> Iterator for MapEntries<'a> {
    type Item = (Bare<'a>, Bare<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let env = self.env;
        self.left = self.left.checked_sub(1)?;
        let iterator = self.iterator.as_mut_ptr();
        let mut key = MaybeUninit::uninit();
        let mut value = MaybeUninit::uninit();
        // SAFETY: where entries are left, the iterator was created in this environment; both are written where there is an entry, and
        // belong to it too.
        unsafe {
            let found =
                enif_map_iterator_get_pair(env, iterator, key.as_mut_ptr(), value.as_mut_ptr());
            if found == 0 {
                return None;
            }
            if self.left > 0 {
                enif_map_iterator_next(env, iterator);
            }
            Some((Bare::new(key.assume_init()), Bare::new(value.assume_init())))
        }
    }
}

impl Drop for MapEntries<'_> {
    #[inline]
    fn drop(&mut self) {
        self.end();
    }
}

impl std::fmt::Debug for MapEntries<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MapEntries")
    }
}
