//! Reading terms as fast as the VM allows: each function here is one call into it, and copies nothing.
//!
//! For code that walks large terms, such as a [`Continuation`](crate::Continuation). A [`Reader`] takes any term and says
//! `None` where it is of another type than asked for. Terms come [`Bare`], without their environment: that is a third
//! of a `Term`, and a walk which keeps and copies many of them spends much of its time on just that.
//!
//! ```no_run
//! use cantilever::read::{Bare, Reader};
//! use cantilever::{Env, Term};
//!
//! #[cantilever::nif]
//! fn length<'a>(env: Env<'a>, list: Term<'a>) -> usize {
//!     let read = Reader::new(env);
//!     let mut rest = read.bare(list);
//!     let mut length = 0;
//!     while let Some((_item, tail)) = read.list_cell(rest) {
//!         rest = tail;
//!         length += 1;
//!     }
//!     length
//! }
//! ```

mod map_entries;

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use rustler::codegen_runtime::c_int;
use rustler::sys::{
    ErlNifBinary, ErlNifEnv, ErlNifTerm, enif_get_double, enif_get_int64, enif_get_list_cell,
    enif_get_map_size, enif_get_map_value, enif_get_tuple, enif_inspect_binary, enif_is_empty_list,
    enif_make_list_cell, enif_make_list_from_array, enif_term_to_binary, enif_term_type,
};
use rustler::{Atom, Env, OwnedBinary, Term};

pub use map_entries::MapEntries;

/// A term without its environment, which its lifetime tells from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(transparent)]
pub struct Bare<'a> {
    term: ErlNifTerm,
    env: PhantomData<Env<'a>>,
}

impl<'a> Bare<'a> {
    /// # Safety
    /// The term is one of the environment with this lifetime.
    #[inline]
    unsafe fn new(term: ErlNifTerm) -> Self {
        Bare {
            term,
            env: PhantomData,
        }
    }

    /// The word in which the VM writes the term: terms with the same word are the same, within one call. Atoms have the
    /// same in every call.
    ///
    /// ```no_run
    /// # fn example(a: cantilever::read::Bare<'_>, b: cantilever::read::Bare<'_>) -> bool {
    /// a.word() == b.word()
    /// # }
    /// ```
    #[inline]
    pub fn word(self) -> usize {
        // SAFETY: rustler's term wraps what the VM calls `ERL_NIF_TERM`, an integer as wide as a pointer.
        unsafe { std::mem::transmute::<ErlNifTerm, usize>(self.term) }
    }
}

impl From<Atom> for Bare<'_> {
    /// An atom belongs to every environment.
    #[inline]
    fn from(atom: Atom) -> Self {
        // SAFETY: as above.
        unsafe { Bare::new(atom.as_c_arg()) }
    }
}

/// Reads the terms of an environment.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    env: Env<'a>,
    raw: *mut ErlNifEnv,
}

/// What kind of term it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TermKind {
    /// An atom, `nil`, `true` and `false` too.
    Atom,
    /// A binary, or bits that are not whole bytes.
    Bitstring,
    /// A float.
    Float,
    /// A function.
    Function,
    /// An integer of any size.
    Integer,
    /// A list: a cell, or the empty one.
    List,
    /// A map, of a struct too.
    Map,
    /// A pid.
    Pid,
    /// A port.
    Port,
    /// A reference, or a resource.
    Reference,
    /// A tuple.
    Tuple,
    /// Something that only later versions of the VM know.
    Unknown,
}

impl<'a> Reader<'a> {
    /// A reader for the terms of `env`.
    ///
    /// ```no_run
    /// # fn example(env: cantilever::Env<'_>) {
    /// let read = cantilever::read::Reader::new(env);
    /// # }
    /// ```
    #[inline]
    pub fn new(env: Env<'a>) -> Self {
        Reader {
            env,
            raw: env.as_c_arg(),
        }
    }

    /// The environment.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>) {
    /// let _env: cantilever::Env<'a> = read.env();
    /// # }
    /// ```
    #[inline]
    pub fn env(self) -> Env<'a> {
        self.env
    }

    /// A term without its environment.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, term: Bare<'a>) {
    /// let term: cantilever::Term<'a> = read.term(term);
    /// let bare = read.bare(term);
    /// # }
    /// ```
    #[inline]
    pub fn bare(self, term: Term<'a>) -> Bare<'a> {
        // SAFETY: terms with this lifetime are of this environment.
        unsafe { Bare::new(term.as_c_arg()) }
    }

    /// A term with its environment.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, bare: Bare<'a>) {
    /// let encoded: Option<String> = read.term(bare).decode().ok();
    /// # }
    /// ```
    #[inline]
    pub fn term(self, bare: Bare<'a>) -> Term<'a> {
        // SAFETY: as above.
        unsafe { Term::new(self.env, bare.term) }
    }

    /// Makes a list of a head and a tail, which need not be a list: then it is an improper one.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, head: Bare<'a>, tail: Bare<'a>) {
    /// let list = read.cons(head, tail);
    /// assert_eq!(read.list_cell(list), Some((head, tail)));
    /// # }
    /// ```
    #[inline]
    pub fn cons(self, head: Bare<'a>, tail: Bare<'a>) -> Bare<'a> {
        // SAFETY: both are terms of the environment, and so is what is made.
        unsafe { Bare::new(enif_make_list_cell(self.raw, head.term, tail.term)) }
    }

    /// The empty list.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>) {
    /// assert!(read.is_empty_list(read.empty_list()));
    /// # }
    /// ```
    #[inline]
    pub fn empty_list(self) -> Bare<'a> {
        // SAFETY: an array of no terms is never looked at.
        unsafe { Bare::new(enif_make_list_from_array(self.raw, std::ptr::null(), 0)) }
    }

    /// Whether it is the empty list.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, term: Bare<'a>) {
    /// if read.is_empty_list(term) {}
    /// # }
    /// ```
    #[inline]
    pub fn is_empty_list(self, term: Bare<'a>) -> bool {
        // SAFETY: the term is one of the environment.
        unsafe { enif_is_empty_list(self.raw, term.term) != 0 }
    }

    /// Says what kind of term it is.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, term: Bare<'a>) {
    /// let is_float = read.kind(term) == cantilever::read::TermKind::Float;
    /// # }
    /// ```
    #[inline]
    pub fn kind(self, term: Bare<'a>) -> TermKind {
        type KindOf = unsafe extern "C" fn(*mut ErlNifEnv, ErlNifTerm) -> c_int;
        // SAFETY: the term is one of the environment. What the VM returns is taken for a number, as in C: it may be a
        // kind that the enum does not know.
        let kind = unsafe {
            let kind_of: KindOf = std::mem::transmute(enif_term_type as *const ());
            kind_of(self.raw, term.term)
        };
        match kind {
            1 => TermKind::Atom,
            2 => TermKind::Bitstring,
            3 => TermKind::Float,
            4 => TermKind::Function,
            5 => TermKind::Integer,
            6 => TermKind::List,
            7 => TermKind::Map,
            8 => TermKind::Pid,
            9 => TermKind::Port,
            10 => TermKind::Reference,
            11 => TermKind::Tuple,
            _ => TermKind::Unknown,
        }
    }

    /// The head and the tail of a list that is not empty.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, list: Bare<'a>) {
    /// let mut rest = list;
    /// while let Some((_item, tail)) = read.list_cell(rest) {
    ///     rest = tail;
    /// }
    /// # }
    /// ```
    #[inline]
    pub fn list_cell(self, term: Bare<'a>) -> Option<(Bare<'a>, Bare<'a>)> {
        let mut head = MaybeUninit::uninit();
        let mut tail = MaybeUninit::uninit();
        // SAFETY: the term is one of its environment; both are written where it is a cell, and belong there too.
        unsafe {
            let found =
                enif_get_list_cell(self.raw, term.term, head.as_mut_ptr(), tail.as_mut_ptr());
            (found != 0).then(|| (Bare::new(head.assume_init()), Bare::new(tail.assume_init())))
        }
    }

    /// The bytes of a binary.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, term: Bare<'a>) {
    /// let size = read.bytes(term).map(<[u8]>::len);
    /// # }
    /// ```
    #[inline]
    pub fn bytes(self, term: Bare<'a>) -> Option<&'a [u8]> {
        let mut binary = MaybeUninit::<ErlNifBinary>::uninit();
        // SAFETY: the term is one of its environment, with which its bytes live, and do not move, until the native
        // function returns. They are written where it is a binary.
        unsafe {
            if enif_inspect_binary(self.raw, term.term, binary.as_mut_ptr()) == 0 {
                return None;
            }
            let binary = binary.assume_init();
            if binary.size == 0 {
                return Some(&[]);
            }
            Some(std::slice::from_raw_parts(binary.data, binary.size))
        }
    }

    /// An integer of at most 64 bits, with its sign.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, term: Bare<'a>) {
    /// let number: Option<i64> = read.integer(term);
    /// # }
    /// ```
    #[inline]
    pub fn integer(self, term: Bare<'a>) -> Option<i64> {
        let mut value = 0;
        // SAFETY: the term is one of its environment.
        let found = unsafe { enif_get_int64(self.raw, term.term, &mut value) };
        (found != 0).then_some(value)
    }

    /// A float.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, term: Bare<'a>) {
    /// let number: Option<f64> = read.float(term);
    /// # }
    /// ```
    #[inline]
    pub fn float(self, term: Bare<'a>) -> Option<f64> {
        let mut value = 0.0;
        // SAFETY: the term is one of its environment.
        let found = unsafe { enif_get_double(self.raw, term.term, &mut value) };
        (found != 0).then_some(value)
    }

    /// How many keys a map has.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, term: Bare<'a>) {
    /// let is_empty = read.map_size(term) == Some(0);
    /// # }
    /// ```
    #[inline]
    pub fn map_size(self, term: Bare<'a>) -> Option<usize> {
        let mut size = 0;
        // SAFETY: the term is one of its environment.
        let found = unsafe { enif_get_map_size(self.raw, term.term, &mut size) };
        (found != 0).then_some(size)
    }

    /// What a map has under a key.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, map: Bare<'a>, key: Bare<'a>) {
    /// let value: Option<Bare<'a>> = read.map_value(map, key);
    /// # }
    /// ```
    #[inline]
    pub fn map_value(self, map: Bare<'a>, key: Bare<'a>) -> Option<Bare<'a>> {
        let mut value = MaybeUninit::uninit();
        // SAFETY: both are terms of the environment; the value is written where there is one, and belongs there too.
        unsafe {
            let found = enif_get_map_value(self.raw, map.term, key.term, value.as_mut_ptr());
            (found != 0).then(|| Bare::new(value.assume_init()))
        }
    }

    /// Both elements of a tuple of two.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, term: Bare<'a>) {
    /// if let Some((_first, _second)) = read.pair(term) {}
    /// # }
    /// ```
    #[inline]
    pub fn pair(self, term: Bare<'a>) -> Option<(Bare<'a>, Bare<'a>)> {
        let mut arity = 0;
        let mut elements = std::ptr::null();
        // SAFETY: the term is one of its environment; where it is a tuple, as many elements as its arity says are there.
        unsafe {
            let found = enif_get_tuple(self.raw, term.term, &mut arity, &mut elements);
            (found != 0 && arity == 2).then(|| {
                (
                    Bare::new(elements.read()),
                    Bare::new(elements.add(1).read()),
                )
            })
        }
    }

    /// A term in the VM's external format, as `:erlang.term_to_binary/1` gives it. `None` where there is no memory.
    ///
    /// Takes as long as the term is large, and all of it in one go: for what is known to be small.
    ///
    /// ```no_run
    /// # use cantilever::read::{Bare, Reader};
    /// # fn example<'a>(read: Reader<'a>, atom: Bare<'a>) {
    /// let length = read.external(atom).map(|bytes| bytes.len());
    /// # }
    /// ```
    pub fn external(self, term: Bare<'a>) -> Option<OwnedBinary> {
        let mut binary = MaybeUninit::uninit();
        // SAFETY: the term is one of its environment; the binary is written on success, and is then the caller's.
        unsafe {
            let written = enif_term_to_binary(self.raw, term.term, binary.as_mut_ptr());
            (written != 0).then(|| OwnedBinary::from_raw(binary.assume_init()))
        }
    }
}

impl std::fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Reader")
    }
}
