//! Building terms piece by piece, and across slices.
//!
//! A NIF's terms live on the heap of the process that called it, which the collector may move or grow between two
//! slices. So a large term that is built in slices is built on a heap of its own, where nothing moves, and
//! reaches its process as a message: handing it over costs the same at any size, as nothing is copied.

mod duplicates;
mod external;
mod own;

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use rustler::sys::{
    ErlNifEnv, ErlNifTerm, enif_get_map_size, enif_make_double, enif_make_int64,
    enif_make_list_cell, enif_make_list_from_array, enif_make_map_from_arrays,
    enif_make_new_binary, enif_make_sub_binary, enif_make_tuple_from_array,
};
use rustler::{Atom, Binary, Encoder, Env, Term};

use crate::binary_builder::BinaryBuilder;

pub use own::{OwnTerm, OwnTermBuilder, TermMessage};

/// What the VM takes.
const MOST_OF_TUPLE: usize = (1 << 24) - 1;

/// Builds terms on a stack: values are pushed, and a list, map or tuple takes its elements from the top.
///
/// ```no_run
/// use cantilever::{Env, Term, TermBuilder};
///
/// #[cantilever::nif]
/// fn pair(env: Env<'_>) -> Term<'_> {
///     let mut builder = TermBuilder::new(env);
///     builder.push_binary(b"id");
///     builder.push_integer(1);
///     builder.map(1).expect("one key is no duplicate");
///     builder.finish()
/// }
/// ```
#[derive(Debug)]
pub struct TermBuilder<'a> {
    env: *mut ErlNifEnv,
    values: Vec<ErlNifTerm>,
    kept: Vec<ErlNifTerm>,
    keys_of_map: Vec<ErlNifTerm>,
    values_of_map: Vec<ErlNifTerm>,
    source: Option<(ErlNifTerm, usize)>,
    /// The one that `env` is, where it belongs to no process.
    heap: Option<own::LateHeap>,
    lifetime: PhantomData<Env<'a>>,
}

/// A map was to have the same key twice. Its keys and values are still on the stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DuplicateKey;

impl<'a> TermBuilder<'a> {
    /// Builds on the heap of the process that made the call.
    #[must_use]
    pub fn new(env: Env<'a>) -> Self {
        Self::on(env.as_c_arg(), None)
    }

    fn on(env: *mut ErlNifEnv, heap: Option<own::LateHeap>) -> Self {
        TermBuilder {
            env,
            values: Vec::new(),
            kept: Vec::new(),
            keys_of_map: Vec::new(),
            values_of_map: Vec::new(),
            source: None,
            heap,
            lifetime: PhantomData,
        }
    }

    /// How many values are on the stack.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no value on the stack.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Pushes what can be encoded.
    pub fn push(&mut self, value: &impl Encoder) {
        let scope = ();
        // SAFETY: the environment is alive for as long as `self`, and `scope` gives it a shorter lifetime.
        let term = value.encode(unsafe { Env::new(&scope, self.env) });
        self.values.push(term.as_c_arg());
    }

    /// Pushes an atom.
    #[inline]
    pub fn push_atom(&mut self, atom: Atom) {
        self.values.push(atom.as_c_arg());
    }

    /// Pushes an integer.
    #[inline]
    pub fn push_integer(&mut self, value: i64) {
        // SAFETY: the environment is alive for as long as `self`.
        self.values
            .push(unsafe { enif_make_int64(self.env, value) });
    }

    /// Pushes a float; `false`, and nothing is pushed, if it is infinite or not a number, which the VM has no terms for.
    #[inline]
    #[must_use]
    pub fn push_float(&mut self, value: f64) -> bool {
        if !value.is_finite() {
            return false;
        }
        // SAFETY: the environment is alive for as long as `self`, and the number is finite.
        self.values
            .push(unsafe { enif_make_double(self.env, value) });
        true
    }

    /// Pushes a binary of these bytes.
    #[inline]
    pub fn push_binary(&mut self, bytes: &[u8]) {
        let mut term = MaybeUninit::uninit();
        // SAFETY: the environment is alive for as long as `self`; the VM returns as many bytes as were asked for,
        // that nobody else refers to yet, and sets the term.
        let term = unsafe {
            let start = enif_make_new_binary(self.env, bytes.len(), term.as_mut_ptr());
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), start, bytes.len());
            term.assume_init()
        };
        self.values.push(term);
    }

    /// Pushes what was written into `binary`, which is empty afterwards; a large one is not copied.
    pub fn push_built(&mut self, binary: &mut BinaryBuilder) {
        let scope = ();
        // SAFETY: the environment is alive for as long as `self`, and `scope` gives it a shorter lifetime.
        let term = binary.finish(unsafe { Env::new(&scope, self.env) });
        self.values.push(term.as_c_arg());
    }

    /// Names the binary that [`push_part`](Self::push_part) takes parts of; nothing else is one.
    pub fn set_source(&mut self, source: &impl Encoder) {
        let scope = ();
        // SAFETY: the environment is alive for as long as `self`, and `scope` gives it a shorter lifetime.
        let term = source.encode(unsafe { Env::new(&scope, self.env) });
        self.source = term
            .decode::<Binary<'_>>()
            .ok()
            .map(|binary| (term.as_c_arg(), binary.len()));
    }

    /// Pushes a part of the source, without a copy: it keeps all of the source alive. `false`, and nothing is pushed,
    /// if there is no source.
    ///
    /// # Panics
    /// If the part is not within the source.
    #[must_use]
    pub fn push_part(&mut self, start: usize, length: usize) -> bool {
        let Some((source, whole)) = self.source else {
            return false;
        };
        assert!(
            start <= whole && length <= whole - start,
            "{length} bytes from {start} on are not within {whole} bytes"
        );
        // SAFETY: the source is a binary of the environment, which is alive, and the part is within it.
        self.values
            .push(unsafe { enif_make_sub_binary(self.env, source, start, length) });
        true
    }

    /// Remembers the value on top of the stack, which stays there, in place of what was kept under this number.
    ///
    /// Numbers are best small: memory is taken for all up to the largest.
    ///
    /// # Panics
    /// If the stack is empty.
    pub fn keep(&mut self, number: usize) {
        let top = self.top(1)[0];
        if self.kept.len() <= number {
            self.kept.resize(number + 1, top);
        }
        self.kept[number] = top;
    }

    /// Pushes the value that was kept under this number: the same term, which costs no more memory.
    ///
    /// # Panics
    /// If the number is larger than any that something was kept under.
    #[inline]
    pub fn push_kept(&mut self, number: usize) {
        self.values.push(self.kept[number]);
    }

    /// Swaps the two values on top of the stack.
    ///
    /// # Panics
    /// If there are fewer.
    pub fn swap(&mut self) {
        let last = self.top(2)[1];
        self.values.pop();
        self.values.insert(self.values.len() - 1, last);
    }

    /// Drops all values above the first `length` ones. The heap keeps the memory.
    pub fn truncate(&mut self, length: usize) {
        self.values.truncate(length);
    }

    /// Replaces `count` values by the list of them.
    ///
    /// # Panics
    /// If there are fewer on the stack, or 2³² and more.
    pub fn list(&mut self, count: usize) {
        let elements = self.top(count);
        assert!(
            u32::try_from(count).is_ok(),
            "a list of {count} values is built by prepend"
        );
        // SAFETY: these are terms of the environment, which is alive for as long as `self`.
        let list = unsafe {
            enif_make_list_from_array(self.env, elements.as_ptr(), elements.len() as u32)
        };
        self.replace(count, list);
    }

    /// Moves `count` values from below a list on top of the stack to its front.
    ///
    /// ```no_run
    /// # fn build(builder: &mut cantilever::TermBuilder<'_>) {
    /// builder.push_integer(1);
    /// builder.push_integer(2);
    /// builder.list(0);
    /// builder.prepend(1); // 1, [2]
    /// builder.prepend(1); // [1, 2]
    /// # }
    /// ```
    ///
    /// # Panics
    /// If there are fewer on the stack.
    pub fn prepend(&mut self, count: usize) {
        let mut list = self.pop();
        for _ in 0..count {
            let element = self.pop();
            // SAFETY: these are terms of the environment, which is alive for as long as `self`.
            list = unsafe { enif_make_list_cell(self.env, element, list) };
        }
        self.values.push(list);
    }

    /// Moves `count` keys, each with its value above it, as pairs from below a list on top of the stack to its front.
    ///
    /// # Panics
    /// If there are fewer on the stack.
    pub fn prepend_pairs(&mut self, count: usize) {
        let mut list = self.pop();
        for _ in 0..count {
            self.tuple(2);
            let pair = self.pop();
            // SAFETY: these are terms of the environment, which is alive for as long as `self`.
            list = unsafe { enif_make_list_cell(self.env, pair, list) };
        }
        self.values.push(list);
    }

    /// Replaces `count` values by the tuple of them.
    ///
    /// # Panics
    /// If there are fewer on the stack, or more than a tuple may have.
    pub fn tuple(&mut self, count: usize) {
        let elements = self.top(count);
        assert!(
            count <= MOST_OF_TUPLE,
            "a tuple has no more than {MOST_OF_TUPLE} elements"
        );
        // SAFETY: these are terms of the environment, which is alive for as long as `self`.
        let tuple = unsafe {
            enif_make_tuple_from_array(self.env, elements.as_ptr(), elements.len() as u32)
        };
        self.replace(count, tuple);
    }

    /// Replaces `count` keys, each with its value above it, by the map of them. Takes some 0.1 µs for each.
    ///
    /// # Errors
    /// If two keys are equal; all of them are still on the stack then, for
    /// [`map_of_last`](Self::map_of_last).
    ///
    /// # Panics
    /// If there are fewer on the stack.
    pub fn map(&mut self, count: usize) -> Result<(), DuplicateKey> {
        self.split_pairs(count);
        let mut map = MaybeUninit::uninit();
        // SAFETY: these are as many keys as values, terms of the environment, which is alive for as long as `self`.
        let made = unsafe {
            enif_make_map_from_arrays(
                self.env,
                self.keys_of_map.as_ptr(),
                self.values_of_map.as_ptr(),
                self.keys_of_map.len(),
                map.as_mut_ptr(),
            )
        };
        if made == 0 {
            return Err(DuplicateKey);
        }
        let mut size = 0;
        // SAFETY: the VM has made the map, in the environment, which is alive for as long as `self`.
        let map = unsafe {
            let map = map.assume_init();
            enif_get_map_size(self.env, map, &mut size);
            map
        };
        // Of more than 32 keys, the VM drops those that are there twice without a word.
        if size != count {
            return Err(DuplicateKey);
        }
        self.replace(2 * count, map);
        Ok(())
    }

    /// Whether two of `count` keys, each with its value above it, are equal. All of them stay on the stack.
    ///
    /// # Panics
    /// If there are fewer on the stack.
    pub fn has_duplicates(&mut self, count: usize) -> bool {
        let length = self.values.len();
        let pairs = self.top(2 * count).to_vec();
        let is_map = self.map(count).is_ok();
        self.values.truncate(length - 2 * count);
        self.values.extend(pairs);
        !is_map
    }

    /// As [`map`](Self::map), but of the values of a key that is there more than once the last one counts.
    ///
    /// # Panics
    /// If there are fewer on the stack.
    pub fn map_of_last(&mut self, count: usize) {
        let Err(DuplicateKey) = self.map(count) else {
            return;
        };
        // SAFETY: these are terms of the environment, which is alive.
        let last = unsafe { duplicates::last_of_each(&self.keys_of_map) };
        let pairs = self.values.len() - 2 * count;
        for (to, from) in last.iter().enumerate() {
            self.values[pairs + 2 * to] = self.keys_of_map[*from];
            self.values[pairs + 2 * to + 1] = self.values_of_map[*from];
        }
        self.values.truncate(pairs + 2 * last.len());
        if self.map(last.len()).is_err() {
            panic!("keys that are not identical are equal");
        }
    }

    /// The value on top of the stack.
    ///
    /// # Panics
    /// If the stack is empty.
    #[must_use]
    pub fn finish(mut self) -> Term<'a> {
        let term = self.pop();
        let scope: &'a () = &();
        // SAFETY: the term is one of the environment, which lives for `'a`.
        unsafe { Term::new(Env::new(scope, self.env), term) }
    }

    fn split_pairs(&mut self, count: usize) {
        let mut keys = std::mem::take(&mut self.keys_of_map);
        let mut values = std::mem::take(&mut self.values_of_map);
        keys.clear();
        values.clear();
        for [key, value] in self.top(2 * count).as_chunks().0 {
            keys.push(*key);
            values.push(*value);
        }
        self.keys_of_map = keys;
        self.values_of_map = values;
    }

    #[inline]
    fn top(&self, count: usize) -> &[ErlNifTerm] {
        match self.values.len().checked_sub(count) {
            Some(start) => &self.values[start..],
            None => self.too_few(count),
        }
    }

    fn pop(&mut self) -> ErlNifTerm {
        match self.values.pop() {
            Some(value) => value,
            None => self.too_few(1),
        }
    }

    #[inline]
    fn replace(&mut self, count: usize, term: ErlNifTerm) {
        self.values.truncate(self.values.len() - count);
        self.values.push(term);
    }

    #[cold]
    fn too_few(&self, count: usize) -> ! {
        panic!(
            "{count} values were to be taken from a stack of {}",
            self.values.len()
        )
    }
}
