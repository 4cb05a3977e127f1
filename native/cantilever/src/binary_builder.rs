//! A binary that grows while it is written.

#[cfg(test)]
mod tests;

use std::alloc::{Layout, alloc, dealloc, realloc};
use std::mem::MaybeUninit;
use std::ptr;

use rustler::sys::{
    ErlNifBinary, enif_alloc_binary, enif_make_binary, enif_make_new_binary, enif_realloc_binary,
    enif_release_binary,
};
use rustler::{Env, Term};

/// How large it gets before it moves to where binaries are: until then it may still become one on the heap of
/// its process, and copying it costs less than making two binaries.
const SMALL: usize = 4096;

/// A binary that grows as it is written, for results whose size nobody knows beforehand.
///
/// It is written in the VM's own memory, which doubles when it is full, so that a large one is never copied at its end.
///
/// ```no_run
/// use cantilever::{BinaryBuilder, Env, Term};
///
/// #[cantilever::nif]
/// fn countdown(env: Env<'_>, from: u8) -> Term<'_> {
///     let mut text = BinaryBuilder::new();
///     for number in (0..from).rev() {
///         text.extend_from_slice(number.to_string().as_bytes());
///         text.push(b' ');
///     }
///     text.finish(env)
/// }
/// ```
pub struct BinaryBuilder {
    start: *mut u8,
    length: usize,
    capacity: usize,
    /// What `start` belongs to, if it is large.
    binary: Option<ErlNifBinary>,
}

// SAFETY: it alone owns its memory, which any thread may free.
unsafe impl Send for BinaryBuilder {}
// SAFETY: what is shared can only be read.
unsafe impl Sync for BinaryBuilder {}

impl BinaryBuilder {
    /// An empty one, which takes no memory yet.
    ///
    /// ```no_run
    /// assert!(cantilever::BinaryBuilder::new().is_empty());
    /// ```
    #[inline]
    pub const fn new() -> Self {
        BinaryBuilder {
            start: ptr::null_mut(),
            length: 0,
            capacity: 0,
            binary: None,
        }
    }

    /// How many bytes were written.
    ///
    /// ```no_run
    /// # let text = cantilever::BinaryBuilder::new();
    /// assert_eq!(text.len(), 0);
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether nothing was written.
    ///
    /// ```no_run
    /// # let text = cantilever::BinaryBuilder::new();
    /// assert!(text.is_empty());
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// What was written.
    ///
    /// ```no_run
    /// let mut text = cantilever::BinaryBuilder::new();
    /// text.push(b'a');
    /// assert_eq!(text.as_slice(), b"a");
    /// ```
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        if self.length == 0 {
            return &[];
        }
        // SAFETY: so many bytes were written there.
        unsafe { std::slice::from_raw_parts(self.start, self.length) }
    }

    /// Forgets all but the first `length` bytes.
    ///
    /// ```no_run
    /// let mut text = cantilever::BinaryBuilder::new();
    /// text.extend_from_slice(b"abc");
    /// text.truncate(1);
    /// assert_eq!(text.as_slice(), b"a");
    /// ```
    #[inline]
    pub fn truncate(&mut self, length: usize) {
        self.length = self.length.min(length);
    }

    /// Makes room for `additional` bytes.
    ///
    /// # Panics
    /// Where there is no memory.
    ///
    /// ```no_run
    /// let mut text = cantilever::BinaryBuilder::new();
    /// text.reserve(1_000_000);
    /// ```
    #[inline]
    pub fn reserve(&mut self, additional: usize) {
        if additional > self.capacity - self.length {
            self.grow(additional);
        }
    }

    /// Writes one byte.
    ///
    /// # Panics
    /// As [`reserve`](Self::reserve); so do the others.
    ///
    /// ```no_run
    /// let mut text = cantilever::BinaryBuilder::new();
    /// text.push(b'a');
    /// ```
    #[inline]
    pub fn push(&mut self, byte: u8) {
        self.reserve(1);
        // SAFETY: there is room for it.
        unsafe { self.start.add(self.length).write(byte) };
        self.length += 1;
    }

    /// Writes bytes.
    ///
    /// ```no_run
    /// let mut text = cantilever::BinaryBuilder::new();
    /// text.extend_from_slice(b"null");
    /// ```
    #[inline]
    pub fn extend_from_slice(&mut self, bytes: &[u8]) {
        self.reserve(bytes.len());
        // SAFETY: there is room for them, in memory of its own.
        unsafe { copy(bytes, self.start.add(self.length)) };
        self.length += bytes.len();
    }

    /// Writes the first `length` of `N` bytes. With a small `N` that costs less than the same of a slice, as all are
    /// copied.
    ///
    /// # Panics
    /// If `length` is more than `N`.
    ///
    /// ```no_run
    /// let mut text = cantilever::BinaryBuilder::new();
    /// text.extend_from_array(b"\\u0000", 6);
    /// ```
    #[inline]
    pub fn extend_from_array<const N: usize>(&mut self, bytes: &[u8; N], length: usize) {
        assert!(length <= N, "there are {N} bytes, not {length}");
        self.reserve(N);
        // SAFETY: there is room for them, in memory of its own, at no particular alignment.
        unsafe {
            self.start
                .add(self.length)
                .cast::<[u8; N]>()
                .write_unaligned(*bytes);
        }
        self.length += length;
    }

    /// Writes bytes up to the first one that is marked, and returns how many that were.
    ///
    /// They are looked at while they are copied, 32 at a time as long as these are `plain`, and else eight at a time,
    /// of which the first is the least significant: `marks` sets the high bit of each marked one, or of the first at
    /// least. At the end it may get fewer than eight, with zeros for the others, whose marks are ignored.
    ///
    /// ```no_run
    /// let mut text = cantilever::BinaryBuilder::new();
    /// // What is not ASCII has its high bit set already.
    /// let marks = |word| word & 0x8080_8080_8080_8080;
    /// let count = text.extend_while("caf\u{e9}".as_bytes(), |chunk| chunk.is_ascii(), marks);
    /// assert_eq!((count, text.as_slice()), (3, b"caf".as_slice()));
    /// ```
    #[inline]
    pub fn extend_while(
        &mut self,
        bytes: &[u8],
        mut plain: impl FnMut(&[u8; 32]) -> bool,
        mut marks: impl FnMut(u64) -> u64,
    ) -> usize {
        // One word more than there are bytes, as they are written in whole words.
        self.reserve(bytes.len() + 8);
        // SAFETY: as much room as was made.
        let to = unsafe { self.start.add(self.length) };
        let mut rest = bytes;
        while let Some((chunk, after)) = rest.split_first_chunk::<32>() {
            if !plain(chunk) {
                break;
            }
            // SAFETY: there is room for all bytes, and these are among them.
            unsafe {
                to.add(bytes.len() - rest.len())
                    .cast::<[u8; 32]>()
                    .write_unaligned(*chunk);
            }
            rest = after;
        }
        let copied = loop {
            let copied = bytes.len() - rest.len();
            let (word, length) = match rest.split_first_chunk::<8>() {
                Some((word, after)) => {
                    rest = after;
                    (u64::from_le_bytes(*word), 8)
                }
                None if rest.is_empty() => break copied,
                None => (last_word(bytes, rest.len()), rest.len()),
            };
            // SAFETY: there is room for a word more than all bytes.
            unsafe {
                to.add(copied)
                    .cast::<[u8; 8]>()
                    .write_unaligned(word.to_le_bytes());
            }
            let plain = (marks(word).trailing_zeros() / 8) as usize;
            if plain < length {
                break copied + plain;
            }
            if length < 8 {
                break bytes.len();
            }
        };
        self.length += copied;
        copied
    }

    /// Makes it a binary of `env`, and leaves an empty one.
    ///
    /// ```no_run
    /// # fn example(env: cantilever::Env<'_>, mut text: cantilever::BinaryBuilder) -> cantilever::Term<'_> {
    /// text.finish(env)
    /// # }
    /// ```
    pub fn finish<'a>(&mut self, env: Env<'a>) -> Term<'a> {
        let mut done = std::mem::take(self);
        if let Some(mut binary) = done.binary.take() {
            done.capacity = 0;
            // SAFETY: the binary is of no use to anybody else, and the VM's from now on. Where it cannot be made
            // smaller there is no memory, and it is kept as large as it is.
            unsafe {
                if enif_realloc_binary(&mut binary, done.length) == 0 {
                    done.binary = Some(binary);
                    panic!("no memory for a binary of {} bytes", done.length);
                }
                let term = enif_make_binary(env.as_c_arg(), &mut binary);
                return Term::new(env, term);
            }
        }
        let mut term = MaybeUninit::uninit();
        // SAFETY: the new binary has room for what was written.
        unsafe {
            let start = enif_make_new_binary(env.as_c_arg(), done.length, term.as_mut_ptr());
            if done.length > 0 {
                ptr::copy_nonoverlapping(done.start, start, done.length);
            }
            Term::new(env, term.assume_init())
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, additional: usize) {
        let wanted = self
            .length
            .checked_add(additional)
            .filter(|wanted| *wanted <= isize::MAX as usize / 2);
        let Some(wanted) = wanted else {
            panic!("no memory for {additional} bytes more");
        };
        let capacity = match wanted.max(self.capacity * 2).next_multiple_of(512) {
            small if small <= SMALL => small,
            large => large.max(SMALL * 4),
        };
        let grown = match &mut self.binary {
            // SAFETY: the binary is not shared with anybody; what was written moves with it.
            Some(binary) => unsafe { enif_realloc_binary(binary, capacity) != 0 },
            None if capacity <= SMALL => self.grow_small(capacity),
            None => self.move_to_binary(capacity),
        };
        assert!(grown, "no memory for a binary of {capacity} bytes");
        if let Some(binary) = &self.binary {
            self.start = binary.data;
        }
        self.capacity = capacity;
    }

    fn grow_small(&mut self, capacity: usize) -> bool {
        // SAFETY: the layout is not empty, and the old one is what the memory was allocated with.
        let start = unsafe {
            if self.capacity == 0 {
                alloc(layout(capacity))
            } else {
                realloc(self.start, layout(self.capacity), capacity)
            }
        };
        if !start.is_null() {
            self.start = start;
        }
        !start.is_null()
    }

    fn move_to_binary(&mut self, capacity: usize) -> bool {
        let mut binary = MaybeUninit::uninit();
        // SAFETY: the binary is written on success, and has room for what was written.
        unsafe {
            if enif_alloc_binary(capacity, binary.as_mut_ptr()) == 0 {
                return false;
            }
            let binary = binary.assume_init();
            if self.length > 0 {
                ptr::copy_nonoverlapping(self.start, binary.data, self.length);
            }
            self.free_small();
            self.binary = Some(binary);
        }
        true
    }

    fn free_small(&mut self) {
        if self.capacity > 0 {
            // SAFETY: that is what it was allocated with; nobody uses it any more.
            unsafe { dealloc(self.start, layout(self.capacity)) };
        }
    }
}

/// Copies bytes, of which there are few most of the time: then it costs less than to call for it.
///
/// # Safety
/// There is room for them at `to`, where none of them are.
#[inline]
unsafe fn copy(bytes: &[u8], to: *mut u8) {
    // SAFETY: as the function's contract says; both pieces lie within the bytes.
    unsafe {
        match bytes.len() {
            0 => {}
            1..4 => {
                let (middle, last) = (bytes.len() / 2, bytes.len() - 1);
                to.write(bytes[0]);
                to.add(middle).write(bytes[middle]);
                to.add(last).write(bytes[last]);
            }
            4..8 => copy_ends::<4>(bytes, to),
            8..17 => copy_ends::<8>(bytes, to),
            // In words, though there are few of them: numbers were just written in parts, and a load of several parts waits.
            17..25 => {
                copy_ends::<8>(&bytes[..16], to);
                copy_ends::<8>(&bytes[8..], to.add(8));
            }
            25..33 => copy_ends::<16>(bytes, to),
            _ => ptr::copy_nonoverlapping(bytes.as_ptr(), to, bytes.len()),
        }
    }
}

/// Copies the first and the last `N` bytes.
///
/// # Safety
/// As for [`copy`]; there are from `N` to twice as many.
#[inline]
unsafe fn copy_ends<const N: usize>(bytes: &[u8], to: *mut u8) {
    let rest = bytes.len() - N;
    // SAFETY: as the function's contract says.
    unsafe {
        let first = bytes.as_ptr().cast::<[u8; N]>().read_unaligned();
        let last = bytes.as_ptr().add(rest).cast::<[u8; N]>().read_unaligned();
        to.cast::<[u8; N]>().write_unaligned(first);
        to.add(rest).cast::<[u8; N]>().write_unaligned(last);
    }
}

/// The last `length` bytes, fewer than eight and more than none, in a word, with zeros after them.
#[inline]
fn last_word(bytes: &[u8], length: usize) -> u64 {
    if let Some(last) = bytes.last_chunk::<8>() {
        return u64::from_le_bytes(*last) >> (64 - 8 * length);
    }
    let rest = &bytes[bytes.len() - length..];
    match (rest.first_chunk::<4>(), rest.last_chunk::<4>()) {
        (Some(first), Some(last)) => {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            u64::from(first) | u64::from(last) << (8 * (length - 4))
        }
        _ => {
            let at = |index: usize| u64::from(rest[index]) << (8 * index);
            at(0) | at(length / 2) | at(length - 1)
        }
    }
}

/// Bytes need no alignment.
fn layout(capacity: usize) -> Layout {
    // SAFETY: at most SMALL bytes, aligned to 1.
    unsafe { Layout::from_size_align_unchecked(capacity, 1) }
}

impl Default for BinaryBuilder {
    fn default() -> Self {
        BinaryBuilder::new()
    }
}

impl Drop for BinaryBuilder {
    #[inline]
    fn drop(&mut self) {
        match &mut self.binary {
            // SAFETY: the binary is not used again.
            Some(binary) => unsafe { enif_release_binary(binary) },
            None => self.free_small(),
        }
    }
}

impl std::fmt::Debug for BinaryBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BinaryBuilder({} bytes)", self.length)
    }
}
