//! Reading terms as fast as the VM allows: each function here is one call into it, and copies nothing.
//!
//! For code that walks large terms, such as a [`Continuation`](crate::Continuation). All functions take any term and
//! say `None` where it is of another type.

mod map_entries;

use std::mem::MaybeUninit;

use rustler::sys::{
    ErlNifBinary, ErlNifTerm, ErlNifTermType, enif_get_double, enif_get_int64, enif_get_list_cell,
    enif_get_map_size, enif_get_map_value, enif_get_tuple, enif_get_uint64, enif_inspect_binary,
    enif_term_to_binary, enif_term_type,
};
use rustler::{OwnedBinary, Term};

pub use map_entries::MapEntries;

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

/// Says what kind of term it is.
///
/// ```no_run
/// # fn example(term: cantilever::Term<'_>) -> bool {
/// cantilever::read::kind(term) == cantilever::read::TermKind::Float
/// # }
/// ```
#[inline]
pub fn kind(term: Term<'_>) -> TermKind {
    // SAFETY: the term is one of its environment. What the VM returns is read as a number, as it may be a
    // kind that this version does not know.
    let kind = unsafe {
        let kind: MaybeUninit<ErlNifTermType> =
            MaybeUninit::new(enif_term_type(term.get_env().as_c_arg(), term.as_c_arg()));
        kind.as_ptr().cast::<i32>().read()
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

/// The word in which the VM writes the term: terms with the same word are the same, within one call. Atoms have the
/// same in every call.
///
/// ```no_run
/// # fn example(a: cantilever::Term<'_>, b: cantilever::Term<'_>) -> bool {
/// cantilever::read::word(a) == cantilever::read::word(b)
/// # }
/// ```
#[inline]
pub fn word(term: Term<'_>) -> usize {
    // SAFETY: rustler's term wraps what the VM calls `ERL_NIF_TERM`, an integer as wide as a pointer.
    unsafe { std::mem::transmute::<ErlNifTerm, usize>(term.as_c_arg()) }
}

/// The head and the tail of a list that is not empty.
///
/// ```no_run
/// # fn example(list: cantilever::Term<'_>) {
/// let mut rest = list;
/// while let Some((_item, tail)) = cantilever::read::list_cell(rest) {
///     rest = tail;
/// }
/// # }
/// ```
#[inline]
pub fn list_cell(term: Term<'_>) -> Option<(Term<'_>, Term<'_>)> {
    let env = term.get_env();
    let mut head = MaybeUninit::uninit();
    let mut tail = MaybeUninit::uninit();
    // SAFETY: the term is one of its environment; both are written where it is a cell, and belong there too.
    unsafe {
        let found = enif_get_list_cell(
            env.as_c_arg(),
            term.as_c_arg(),
            head.as_mut_ptr(),
            tail.as_mut_ptr(),
        );
        (found != 0).then(|| {
            (
                Term::new(env, head.assume_init()),
                Term::new(env, tail.assume_init()),
            )
        })
    }
}

/// The bytes of a binary.
///
/// ```no_run
/// # fn example(term: cantilever::Term<'_>) -> usize {
/// cantilever::read::bytes(term).map_or(0, <[u8]>::len)
/// # }
/// ```
#[inline]
pub fn bytes<'a>(term: Term<'a>) -> Option<&'a [u8]> {
    let mut binary = MaybeUninit::<ErlNifBinary>::uninit();
    // SAFETY: the term is one of its environment, with which its bytes live, and do not move, until the native
    // function returns. They are written where it is a binary.
    unsafe {
        let env = term.get_env().as_c_arg();
        if enif_inspect_binary(env, term.as_c_arg(), binary.as_mut_ptr()) == 0 {
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
/// # fn example(term: cantilever::Term<'_>) -> Option<i64> {
/// cantilever::read::i64(term)
/// # }
/// ```
#[inline]
pub fn i64(term: Term<'_>) -> Option<i64> {
    let mut value = 0;
    // SAFETY: the term is one of its environment.
    let found = unsafe { enif_get_int64(term.get_env().as_c_arg(), term.as_c_arg(), &mut value) };
    (found != 0).then_some(value)
}

/// An integer from 0 to 2⁶⁴ - 1.
///
/// ```no_run
/// # fn example(term: cantilever::Term<'_>) -> Option<u64> {
/// cantilever::read::u64(term)
/// # }
/// ```
#[inline]
pub fn u64(term: Term<'_>) -> Option<u64> {
    let mut value = 0;
    // SAFETY: the term is one of its environment.
    let found = unsafe { enif_get_uint64(term.get_env().as_c_arg(), term.as_c_arg(), &mut value) };
    (found != 0).then_some(value)
}

/// A float.
///
/// ```no_run
/// # fn example(term: cantilever::Term<'_>) -> Option<f64> {
/// cantilever::read::f64(term)
/// # }
/// ```
#[inline]
pub fn f64(term: Term<'_>) -> Option<f64> {
    let mut value = 0.0;
    // SAFETY: the term is one of its environment.
    let found = unsafe { enif_get_double(term.get_env().as_c_arg(), term.as_c_arg(), &mut value) };
    (found != 0).then_some(value)
}

/// How many keys a map has.
///
/// ```no_run
/// # fn example(term: cantilever::Term<'_>) -> bool {
/// cantilever::read::map_size(term) == Some(0)
/// # }
/// ```
#[inline]
pub fn map_size(term: Term<'_>) -> Option<usize> {
    let mut size = 0;
    // SAFETY: the term is one of its environment.
    let found = unsafe { enif_get_map_size(term.get_env().as_c_arg(), term.as_c_arg(), &mut size) };
    (found != 0).then_some(size)
}

/// What a map has under a key.
///
/// ```no_run
/// # fn example<'a>(map: cantilever::Term<'a>, key: cantilever::Term<'a>) -> Option<cantilever::Term<'a>> {
/// cantilever::read::map_value(map, key)
/// # }
/// ```
///
/// # Panics
/// Where the two are of different environments.
#[inline]
pub fn map_value<'a>(map: Term<'a>, key: Term<'a>) -> Option<Term<'a>> {
    let env = map.get_env();
    assert!(env == key.get_env(), "terms of different environments");
    let mut value = MaybeUninit::uninit();
    // SAFETY: both are terms of the environment; the value is written where there is one, and belongs there too.
    unsafe {
        let found = enif_get_map_value(
            env.as_c_arg(),
            map.as_c_arg(),
            key.as_c_arg(),
            value.as_mut_ptr(),
        );
        (found != 0).then(|| Term::new(env, value.assume_init()))
    }
}

/// Both elements of a tuple of two.
///
/// ```no_run
/// # fn example(term: cantilever::Term<'_>) -> bool {
/// cantilever::read::pair(term).is_some()
/// # }
/// ```
#[inline]
pub fn pair(term: Term<'_>) -> Option<(Term<'_>, Term<'_>)> {
    let env = term.get_env();
    let mut arity = 0;
    let mut elements = std::ptr::null();
    // SAFETY: the term is one of its environment; where it is a tuple, as many elements as its arity says are there.
    unsafe {
        let found = enif_get_tuple(env.as_c_arg(), term.as_c_arg(), &mut arity, &mut elements);
        (found != 0 && arity == 2).then(|| {
            (
                Term::new(env, elements.read()),
                Term::new(env, elements.add(1).read()),
            )
        })
    }
}

/// A term in the VM's external format, as `:erlang.term_to_binary/1` gives it. `None` where there is no memory.
///
/// Takes as long as the term is large, and all of it in one go: for what is known to be small.
///
/// ```no_run
/// # fn example(atom: cantilever::Term<'_>) -> Option<usize> {
/// cantilever::read::external(atom).map(|bytes| bytes.len())
/// # }
/// ```
pub fn external(term: Term<'_>) -> Option<OwnedBinary> {
    let mut binary = MaybeUninit::uninit();
    // SAFETY: the term is one of its environment; the binary is written on success, and is then the caller's.
    unsafe {
        let env = term.get_env().as_c_arg();
        let written = enif_term_to_binary(env, term.as_c_arg(), binary.as_mut_ptr());
        (written != 0).then(|| OwnedBinary::from_raw(binary.assume_init()))
    }
}
