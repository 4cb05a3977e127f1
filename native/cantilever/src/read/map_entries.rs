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
    iterator: ErlNifMapIterator,
    env: Env<'a>,
    map: PhantomData<Term<'a>>,
}

impl<'a> MapEntries<'a> {
    /// Those of `map`, from the first one on; `None` if it is none.
    ///
    /// ```no_run
    /// # fn example(map: cantilever::Term<'_>) -> Option<usize> {
    /// Some(cantilever::read::MapEntries::new(map)?.count())
    /// # }
    /// ```
    #[inline]
    pub fn new(map: Term<'a>) -> Option<Self> {
        let env = map.get_env();
        let mut iterator = MaybeUninit::uninit();
        // SAFETY: the map is one of its environment; the iterator is written on success.
        unsafe {
            let created = enif_map_iterator_create(
                env.as_c_arg(),
                map.as_c_arg(),
                iterator.as_mut_ptr(),
                ErlNifMapIteratorEntry::ERL_NIF_MAP_ITERATOR_HEAD,
            );
            (created != 0).then(|| MapEntries {
                iterator: iterator.assume_init(),
                env,
                map: PhantomData,
            })
        }
    }
}

impl<'a> Iterator for MapEntries<'a> {
    type Item = (Term<'a>, Term<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let env = self.env.as_c_arg();
        let mut key = MaybeUninit::uninit();
        let mut value = MaybeUninit::uninit();
        // SAFETY: the iterator was created in this environment; both are written where there is an entry, and
        // belong to it too.
        unsafe {
            let found = enif_map_iterator_get_pair(
                env,
                &mut self.iterator,
                key.as_mut_ptr(),
                value.as_mut_ptr(),
            );
            if found == 0 {
                return None;
            }
            enif_map_iterator_next(env, &mut self.iterator);
            Some((
                Term::new(self.env, key.assume_init()),
                Term::new(self.env, value.assume_init()),
            ))
        }
    }
}

impl Drop for MapEntries<'_> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the iterator was created in this environment, and is not used again.
        unsafe { enif_map_iterator_destroy(self.env.as_c_arg(), &mut self.iterator) };
    }
}

impl std::fmt::Debug for MapEntries<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MapEntries")
    }
}
