use std::marker::PhantomData;
use std::mem::MaybeUninit;

use rustler::sys::{
    ErlNifMapIterator, ErlNifMapIteratorEntry, enif_map_iterator_create, enif_map_iterator_destroy,
    enif_map_iterator_get_pair, enif_map_iterator_next,
};
use rustler::{Env, Term};

/// The keys and values of a map, in an order that only depends on the map and the VM.
///
/// ```no_run
/// # fn example(map: cantilever::Term<'_>) -> Option<()> {
/// for (_key, _value) in cantilever::read::MapEntries::new(map)? {}
/// # Some(())
/// # }
/// ```
pub struct MapEntries<'a> {
    iterator: MaybeUninit<ErlNifMapIterator>,
    /// In which the iterator was created, if it was.
    env: Option<Env<'a>>,
    map: PhantomData<Term<'a>>,
}

impl<'a> MapEntries<'a> {
    /// Those of no map, to [`begin`](Self::begin) with one.
    ///
    /// ```
    /// assert!(cantilever::read::MapEntries::none().next().is_none());
    /// ```
    #[inline]
    pub const fn none() -> Self {
        MapEntries {
            iterator: MaybeUninit::uninit(),
            env: None,
            map: PhantomData,
        }
    }

    /// Those of `map`, from the first one on; `None` if it is no map.
    ///
    /// ```no_run
    /// # fn example(map: cantilever::Term<'_>) -> Option<usize> {
    /// Some(cantilever::read::MapEntries::new(map)?.count())
    /// # }
    /// ```
    #[inline]
    pub fn new(map: Term<'a>) -> Option<Self> {
        let mut entries = MapEntries::none();
        entries.begin(map).then_some(entries)
    }

    /// Begins with another map, in the place of the one before, so that nothing large is moved; whether it is one.
    ///
    /// ```no_run
    /// # fn example<'a>(entries: &mut cantilever::read::MapEntries<'a>, map: cantilever::Term<'a>) {
    /// if entries.begin(map) {
    ///     for (_key, _value) in entries {}
    /// }
    /// # }
    /// ```
    #[inline]
    pub fn begin(&mut self, map: Term<'a>) -> bool {
        self.end();
        let env = map.get_env();
        // SAFETY: the map is one of its environment; the iterator is written on success.
        let created = unsafe {
            enif_map_iterator_create(
                env.as_c_arg(),
                map.as_c_arg(),
                self.iterator.as_mut_ptr(),
                ErlNifMapIteratorEntry::ERL_NIF_MAP_ITERATOR_HEAD,
            )
        };
        self.env = (created != 0).then_some(env);
        created != 0
    }

    /// Leaves the map, before its last entry maybe.
    ///
    /// ```
    /// cantilever::read::MapEntries::none().end();
    /// ```
    #[inline]
    pub fn end(&mut self) {
        if let Some(env) = self.env.take() {
            // SAFETY: the iterator was created in this environment, and is not used again.
            unsafe { enif_map_iterator_destroy(env.as_c_arg(), self.iterator.as_mut_ptr()) };
        }
    }
}

impl<'a> Iterator for MapEntries<'a> {
    type Item = (Term<'a>, Term<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let env = self.env?;
        let iterator = self.iterator.as_mut_ptr();
        let mut key = MaybeUninit::uninit();
        let mut value = MaybeUninit::uninit();
        // SAFETY: the iterator was created in this environment; both are written where there is an entry, and
        // belong to it too.
        unsafe {
            let found = enif_map_iterator_get_pair(
                env.as_c_arg(),
                iterator,
                key.as_mut_ptr(),
                value.as_mut_ptr(),
            );
            if found == 0 {
                return None;
            }
            enif_map_iterator_next(env.as_c_arg(), iterator);
            Some((
                Term::new(env, key.assume_init()),
                Term::new(env, value.assume_init()),
            ))
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
