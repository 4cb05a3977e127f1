//! Types whose values another build of the library can use.

use std::alloc::{GlobalAlloc, Layout, System};
use std::any::TypeId;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, VecDeque};
use std::hash::RandomState;
use std::hint::black_box;
use std::marker::PhantomData;
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroIsize, NonZeroU8, NonZeroU16, NonZeroU32,
    NonZeroU64, NonZeroUsize,
};
use std::path::PathBuf;
use std::ptr;
use std::sync::atomic::{
    AtomicBool, AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicIsize, AtomicU8, AtomicU16,
    AtomicU32, AtomicU64, AtomicUsize,
};
use std::sync::{Arc, Condvar, Mutex, OnceLock, RwLock};
use std::time::{Duration, Instant, SystemTime};

use rustler::codegen_runtime::inventory;

use crate::build::{self, Foreign};

/// A type that looks the same in memory to every build of the library which has the same
/// [`STRUCTURE`](Self::STRUCTURE) for it and comes from the same compiler.
///
/// Numbers, `bool`, `char` and atomics are such types, `String`, `str`, `PathBuf`, `Duration`, `Instant` and
/// `SystemTime`, and, where what is in them is: arrays, slices, tuples of up to six, `Option`, `Result`, `Box`, `Arc`,
/// `Vec`, `VecDeque`, `BinaryHeap`, `BTreeMap`, `BTreeSet`, `HashMap`, `HashSet`, `Mutex`, `RwLock` and `OnceLock`, and
/// `Condvar`. Derive it for the structs and enums that a [`resource`](macro@crate::resource) consists of:
///
/// ```
/// use std::collections::HashMap;
///
/// #[derive(cantilever::SharedLayout)]
/// struct Entry {
///     count: u64,
///     tags: Vec<String>,
/// }
///
/// #[derive(cantilever::SharedLayout)]
/// enum Shape {
///     Circle { radius: f64 },
///     Polygon(Vec<(f64, f64)>),
/// }
/// # fn main() { let _: Option<(HashMap<String, Entry>, Shape)> = None; }
/// ```
///
/// Closures, `dyn` types, references, pointers and types of other crates are not, as nothing can be told of their
/// inside, nor is a type that contains itself.
///
/// # Safety
/// `STRUCTURE` must differ between two types of which one cannot be taken for the other, and values must not
/// refer to anything that is only valid in one build: its thread-locals, its statics that change. Memory that they own
/// comes from the global allocator, of which the kit checks as well as it can that it is the system's.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a resource that another build of the library takes over",
    note = "derive `cantilever::SharedLayout` for your own structs and enums; closures, `dyn` types, references and \
            types of other crates cannot be taken over"
)]
pub unsafe trait SharedLayout: 'static {
    /// What the type consists of, down to the last field, as a number.
    const STRUCTURE: u64;
}

/// The FNV-1a hash of `bytes`, going on from `hash`.
const fn fnv(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        i += 1;
    }
    hash
}

/// What [`SharedLayout::STRUCTURE`] is computed with.
#[derive(Clone, Copy)]
pub struct Structure(u64);

impl Structure {
    /// That of a type of this name.
    pub const fn of<T>(name: &str) -> Self {
        Structure(0xcbf2_9ce4_8422_2325)
            .text(name)
            .number(size_of::<T>() as u64)
            .number(align_of::<T>() as u64)
    }

    /// A name that belongs to it.
    pub const fn text(self, text: &str) -> Self {
        Structure(fnv(self.0, text.as_bytes())).number(text.len() as u64)
    }

    /// A number that belongs to it.
    pub const fn number(self, number: u64) -> Self {
        Structure(fnv(self.0, &number.to_le_bytes()))
    }

    /// A type that it consists of.
    pub const fn part<T: SharedLayout + ?Sized>(self) -> Self {
        self.number(T::STRUCTURE)
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }
}

macro_rules! plain {
    ($($type:ty)*) => {$(
        // SAFETY: it consists of bits alone, or of what std makes of them.
        unsafe impl SharedLayout for $type {
            const STRUCTURE: u64 = Structure::of::<$type>(stringify!($type)).get();
        }
    )*};
}

plain! {
    () bool char u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64
    AtomicBool AtomicU8 AtomicU16 AtomicU32 AtomicU64 AtomicUsize
    AtomicI8 AtomicI16 AtomicI32 AtomicI64 AtomicIsize
    NonZeroU8 NonZeroU16 NonZeroU32 NonZeroU64 NonZeroUsize
    NonZeroI8 NonZeroI16 NonZeroI32 NonZeroI64 NonZeroIsize
    String PathBuf Duration Instant SystemTime RandomState Condvar
}

macro_rules! made_of {
    ($($type:ident<$($part:ident),+>)*) => {$(
        // SAFETY: std's own, in the same compiler's std, around parts which can be shared.
        unsafe impl<$($part: SharedLayout),+> SharedLayout for $type<$($part),+> {
            const STRUCTURE: u64 = Structure::of::<Self>(stringify!($type))$(.part::<$part>())+.get();
        }
    )*};
}

made_of! {
    Option<T> Result<T, E> Vec<T> VecDeque<T> BinaryHeap<T> BTreeSet<T> BTreeMap<K, V>
    HashSet<T, S> HashMap<K, V, S> Mutex<T> RwLock<T> OnceLock<T> PhantomData<T>
}

// SAFETY: as above.
unsafe impl<T: SharedLayout + ?Sized> SharedLayout for Box<T> {
    const STRUCTURE: u64 = Structure::of::<Self>("Box").part::<T>().get();
}

// SAFETY: as above.
unsafe impl<T: SharedLayout + ?Sized> SharedLayout for Arc<T> {
    const STRUCTURE: u64 = Structure::of::<Self>("Arc").part::<T>().get();
}

// SAFETY: as many parts as somebody else says, which is not part of the type.
unsafe impl<T: SharedLayout> SharedLayout for [T] {
    const STRUCTURE: u64 = Structure::of::<T>("slice").part::<T>().get();
}

// SAFETY: bytes.
unsafe impl SharedLayout for str {
    const STRUCTURE: u64 = Structure::of::<u8>("str").get();
}

// SAFETY: as many parts as its size says.
unsafe impl<T: SharedLayout, const N: usize> SharedLayout for [T; N] {
    const STRUCTURE: u64 = Structure::of::<Self>("array")
        .number(N as u64)
        .part::<T>()
        .get();
}

macro_rules! tuples {
    ($(($($part:ident)+))*) => {$(
        // SAFETY: the compiler's own, around parts which can be shared.
        unsafe impl<$($part: SharedLayout),+> SharedLayout for ($($part,)+) {
            const STRUCTURE: u64 = Structure::of::<Self>("tuple")$(.part::<$part>())+.get();
        }
    )*};
}

tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }

/// What `#[cantilever::resource(layout = …)]` says of a type. Other builds read it, see [`Build`](build::Build).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Declared {
    pub(crate) layout: u32,
    pub(crate) size: usize,
    pub(crate) align: usize,
    pub(crate) structure: u64,
}

impl Declared {
    /// That of a type of which nothing is declared, as layouts are counted from 1.
    pub(crate) const NOTHING: Self = Declared {
        layout: 0,
        size: 0,
        align: 0,
        structure: 0,
    };

    /// That of `T`.
    pub const fn of<T: SharedLayout>(layout: u32) -> Self {
        Declared {
            layout,
            size: size_of::<T>(),
            align: align_of::<T>(),
            structure: T::STRUCTURE,
        }
    }
}

/// A type whose layout its author has declared.
pub struct Resource {
    /// Which type.
    pub id: fn() -> TypeId,
    /// What was declared.
    pub declared: Declared,
}

inventory::collect!(Resource);

/// What the author of the type has declared.
pub(crate) fn declared(id: TypeId) -> Declared {
    inventory::iter::<Resource>()
        .find(|resource| (resource.id)() == id)
        .map_or(Declared::NOTHING, |resource| resource.declared)
}

/// Why this build must not use the value of another build, of a type with the name of `T`, as a `T`, if there is a
/// reason.
pub(crate) fn objection<T: 'static>(foreign: &Foreign) -> Option<String> {
    let (ours, theirs) = (declared(TypeId::of::<T>()), foreign.declared);
    if ours == Declared::NOTHING || theirs == Declared::NOTHING {
        return Some(
            "make a new one, or have both declare the type with `#[cantilever::resource(layout = 1)]`"
                .to_owned(),
        );
    }
    if ours.layout != theirs.layout {
        return Some(format!(
            "its layout is {} there and {} here",
            theirs.layout, ours.layout
        ));
    }
    if ours != theirs {
        return Some(format!(
            "its fields differ, although both declare layout {} ({} bytes there, {} here): give the changed type another number",
            ours.layout, theirs.size, ours.size
        ));
    }
    if foreign.compiler != build::COMPILER {
        return Some(format!(
            "another compiler built it there ({}) than here ({})",
            foreign.compiler,
            build::COMPILER
        ));
    }
    if !(foreign.system_allocator && allocates_as_the_system_does()) {
        return Some(
            "one of them has an allocator of its own, or one that cannot be told from such"
                .to_owned(),
        );
    }
    None
}

/// Whether memory of this library may be given back by another one, as both get it from the system.
///
/// A `#[global_allocator]` is part of the library, and another library knows nothing of its memory. Nothing
/// tells whether there is one, but this does: what the system's allocator was given back it soon gives out again.
/// One that serves other sizes than those tried here from memory of its own would not be found out.
pub(crate) fn allocates_as_the_system_does() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| {
        // Where many blocks of a size were given back before, these may not be the next to be given out. That is
        // so for few sizes at a time.
        let near =
            |size: usize| (0..32).any(|i| system_gives_out_what_is_given_back(size + 16 * i));
        [8, 24, 64, 136, 256, 512].into_iter().all(near)
    })
}

/// Whether most of a few blocks of that size come back. An allocator that puts something of its own in front of each
/// may hit upon one by chance.
fn system_gives_out_what_is_given_back(size: usize) -> bool {
    // A thread's own cache has room for so many in glibc.
    const BLOCKS: usize = 6;
    const TRIES: usize = 256;
    let Ok(layout) = Layout::from_size_align(size, 8) else {
        return false;
    };
    let mut blocks = [ptr::null_mut::<u8>(); BLOCKS];
    let mut drained = [ptr::null_mut::<u8>(); 4 * BLOCKS];
    let mut taken = [ptr::null_mut::<u8>(); TRIES];
    let mut found = 0;
    // SAFETY: the layout is not empty, and each block is given back once, to who gave it out.
    unsafe {
        // What others have given back before is first in line.
        for block in &mut drained {
            *block = black_box(System.alloc(layout));
        }
        for block in &mut blocks {
            // Where the compiler sees both ends of a block's life it may leave the block out.
            *block = black_box(std::alloc::alloc(layout));
        }
        let addresses = blocks.map(|block| block.addr());
        for block in blocks.into_iter().filter(|block| !block.is_null()) {
            std::alloc::dealloc(block, layout);
        }
        for block in &mut taken {
            if found > BLOCKS / 2 {
                break;
            }
            *block = black_box(System.alloc(layout));
            found += usize::from(!block.is_null() && addresses.contains(&block.addr()));
        }
        for block in drained.into_iter().chain(taken) {
            if !block.is_null() {
                System.dealloc(block, layout);
            }
        }
    }
    found > BLOCKS / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_allocator_is_recognised() {
        // A heap with holes of all sizes, which fill the thread's own cache and all lists behind it.
        let blocks: Vec<Vec<u8>> = (0..100_000).map(|i| vec![1; i % 1_500]).collect();
        let kept: Vec<_> = (blocks.into_iter().enumerate())
            .filter_map(|(i, block)| (i % 2 == 0).then_some(block))
            .collect();
        for _ in 0..100 {
            for size in [8, 24, 64, 136, 256, 512] {
                let near = (0..32).filter(|i| system_gives_out_what_is_given_back(size + 16 * i));
                assert!(near.count() > 0, "{size}");
            }
        }
        assert!(allocates_as_the_system_does());
        assert_eq!(kept.len(), 50_000);
    }

    #[test]
    fn types_that_differ_inside_differ() {
        let structures = [
            <Vec<u32>>::STRUCTURE,
            <Vec<i32>>::STRUCTURE,
            <Option<Vec<u32>>>::STRUCTURE,
            <Vec<Option<u32>>>::STRUCTURE,
            <[u32; 2]>::STRUCTURE,
            <[u32; 3]>::STRUCTURE,
            <(u32, u32)>::STRUCTURE,
            <HashMap<String, u64>>::STRUCTURE,
            <HashMap<u64, String>>::STRUCTURE,
            <Box<[u8]>>::STRUCTURE,
            <Box<str>>::STRUCTURE,
            <Arc<u8>>::STRUCTURE,
            <Mutex<u8>>::STRUCTURE,
        ];
        let different: HashSet<u64> = structures.into_iter().collect();
        assert_eq!(different.len(), structures.len());
    }
}
