//! Binaries that outlive the call that brought them.

use std::fmt;
use std::ops::Deref;

use rustler::sys::{ErlNifEnv, ErlNifTerm, enif_alloc_env, enif_free_env, enif_make_copy};
use rustler::{Binary, Decoder, Encoder, Env, NifResult, Term};

/// The VM keeps binaries up to this size on the heap of their process, and counts references to
/// larger ones (`ERL_ONHEAP_BIN_LIMIT` in its sources).
const ON_HEAP: usize = 64;

/// An immutable binary that can be kept: across the slices of an `async fn`, in a
/// [`Handle`](crate::Handle), on another thread.
///
/// Binaries of more than 64 bytes are not copied: the VM counts one more reference. Smaller ones
/// are.
///
/// ```no_run
/// use cantilever::SharedBinary;
///
/// #[cantilever::nif]
/// async fn count_newlines(text: SharedBinary) -> usize {
///     let mut lines = 0;
///     for chunk in text.chunks(16 * 1024) {
///         lines += chunk.iter().filter(|byte| **byte == b'\n').count();
///         cantilever::checkpoint().await;
///     }
///     lines
/// }
/// ```
pub struct SharedBinary(Repr);

enum Repr {
    Copied { length: u8, bytes: [u8; ON_HEAP] },
    Counted(Counted),
}

/// A binary in an environment of its own, which holds the reference.
struct Counted {
    env: *mut ErlNifEnv,
    term: ErlNifTerm,
    bytes: *const [u8],
}

// SAFETY: the environment belongs to this value alone and is only read between its creation and
// its end; the VM counts the references to the bytes atomically, and they never change.
unsafe impl Send for Counted {}
// SAFETY: as above.
unsafe impl Sync for Counted {}

impl Counted {
    fn new(term: Term<'_>) -> NifResult<Self> {
        // SAFETY: a new environment, to which the term is copied (the bytes of a binary above
        // ON_HEAP are shared by that). They live as long as the copy does, which ends with the
        // environment in `Drop`; nothing else can reach or collect that environment.
        unsafe {
            let env = enif_alloc_env();
            let mut counted = Counted {
                env,
                term: enif_make_copy(env, term.as_c_arg()),
                bytes: std::ptr::slice_from_raw_parts(std::ptr::null(), 0),
            };
            let scope = ();
            let kept = Term::new(Env::new(&scope, env), counted.term);
            counted.bytes = std::ptr::from_ref::<[u8]>(kept.decode::<Binary<'_>>()?.as_slice());
            Ok(counted)
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        // SAFETY: `env` was allocated by `new` and is not used again.
        unsafe { enif_free_env(self.env) };
    }
}

impl<'a> Decoder<'a> for SharedBinary {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        let binary: Binary<'a> = term.decode()?;
        if binary.len() > ON_HEAP {
            return Counted::new(term).map(|counted| SharedBinary(Repr::Counted(counted)));
        }
        let mut bytes = [0; ON_HEAP];
        bytes[..binary.len()].copy_from_slice(&binary);
        Ok(SharedBinary(Repr::Copied {
            length: binary.len() as u8,
            bytes,
        }))
    }
}

impl Encoder for SharedBinary {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match &self.0 {
            Repr::Copied { .. } => {
                let mut copy = rustler::NewBinary::new(env, self.len());
                copy.as_mut_slice().copy_from_slice(self);
                copy.into()
            }
            // SAFETY: the term lives in the environment that `self` owns; copying it to another
            // one shares the bytes.
            Repr::Counted(counted) => unsafe {
                Term::new(env, enif_make_copy(env.as_c_arg(), counted.term))
            },
        }
    }
}

impl Deref for SharedBinary {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Repr::Copied { length, bytes } => &bytes[..usize::from(*length)],
            // SAFETY: the bytes live as long as `counted` does, and never change.
            Repr::Counted(counted) => unsafe { &*counted.bytes },
        }
    }
}

impl AsRef<[u8]> for SharedBinary {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for SharedBinary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedBinary({} bytes)", self.len())
    }
}
