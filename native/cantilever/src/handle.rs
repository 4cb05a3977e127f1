//! Rust values that Elixir holds on to.

use std::any::{Any, type_name};
use std::ffi::c_void;
use std::fmt;
use std::mem::needs_drop;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, Ordering};

use rustler::{Decoder, Encoder, Env, Error, NifResult, Term};

use crate::build::{BUILD, Build, Foreign};
use crate::reclaim;
use crate::resource::{Kind, Object, Reference, Shared};
use crate::shared_layout;
use crate::stale_handle::StaleHandle;

/// How many handles of this build are alive.
static ALIVE: AtomicU64 = AtomicU64::new(0);

/// A Rust value that Elixir code holds as a reference and hands back in later calls.
///
/// Any `T` that is `Send + Sync + 'static` will do, without a registration. The value is shared
/// and immutable; what must change goes into a `Mutex` or an atomic. When the last reference is
/// gone it is dropped on a thread of the kit's, so a large value costs no scheduler anything; that
/// thread is one for the whole library, so a `Drop` should not wait for long.
///
/// After an upgrade of the library, a handle that the old build has made raises a `Cantilever.StaleHandle` in
/// the new one, unless the type is a [`resource`](macro@crate::resource) that is declared in both.
///
/// ```no_run
/// use cantilever::Handle;
///
/// struct Dictionary { words: Vec<String> }
///
/// #[cantilever::nif(schedule = "DirtyCpu")]
/// fn parse_dictionary(text: String) -> Handle<Dictionary> {
///     Handle::new(Dictionary { words: text.lines().map(str::to_owned).collect() })
/// }
///
/// #[cantilever::nif]
/// fn word(dictionary: Handle<Dictionary>, index: usize) -> Option<String> {
///     dictionary.words.get(index).cloned()
/// }
/// ```
pub struct Handle<T> {
    object: Reference,
    /// Lives as long as the object.
    value: NonNull<T>,
}

// SAFETY: a handle only shares its value, which is both, see `Handle::new`; the VM counts references atomically.
unsafe impl<T> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Handle<T> {}

impl<T> RefUnwindSafe for Handle<T> {}
impl<T> UnwindSafe for Handle<T> {}

impl<T: Send + Sync + 'static> Handle<T> {
    /// Moves `value` to where Elixir can refer to it.
    ///
    /// # Panics
    /// Where no `cantilever::init!` has registered the kit's resources.
    ///
    /// ```no_run
    /// let numbers = cantilever::Handle::new(vec![1, 2, 3]);
    /// assert_eq!(numbers.len(), 3);
    /// ```
    pub fn new(value: T) -> Self {
        let value = Box::new(value);
        let address = NonNull::from(&*value);
        match Shared::new(Boxed::new(value)) {
            Some(object) => Handle {
                object: object.into_reference(),
                value: address,
            },
            None => panic!("a Handle needs a library that `cantilever::init!` has initialised"),
        }
    }
}

impl<T: 'static> Deref for Handle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the value belongs to the object, which is alive, as `self` counts for it, and is only shared.
        unsafe { self.value.as_ref() }
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Handle {
            object: self.object.clone(),
            value: self.value,
        }
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&**self).finish()
    }
}

impl<T> Encoder for Handle<T> {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        self.object.to_term(env)
    }
}

impl<'a, T: 'static> Decoder<'a> for Handle<T> {
    fn decode(term: Term<'a>) -> NifResult<Self> {
        let object = Boxed::kind().find(term).ok_or(Error::BadArg)?;
        // SAFETY: `term` refers to the object, and the value is as long-lived.
        unsafe {
            let value = match maker(object) {
                build if build.is_this() => object.as_ref().get::<T>().ok_or(Error::BadArg)?.into(),
                build => take_over::<T>(build.describe(object.as_ptr().cast()))?,
            };
            Ok(Handle {
                object: Reference::new(object),
                value,
            })
        }
    }
}

/// The value of another build, if this one may use it as a `T`.
fn take_over<T: 'static>(foreign: Foreign) -> NifResult<NonNull<T>> {
    if foreign.type_name != type_name::<T>() {
        return Err(Error::BadArg);
    }
    let objection = shared_layout::objection::<T>(&foreign);
    NonNull::new(foreign.value.cast_mut().cast())
        .filter(|_| objection.is_none())
        .ok_or_else(|| Error::RaiseTerm(Box::new(StaleHandle::new(&foreign, objection.as_deref()))))
}

/// What is known of the object that `term` refers to, if it is a handle that another build has made.
pub(crate) fn foreign(term: Term<'_>) -> Option<Foreign> {
    let object = Boxed::kind().find(term)?;
    // SAFETY: `term` refers to the object.
    unsafe {
        let build = maker(object);
        (!build.is_this()).then(|| build.describe(object.as_ptr().cast()))
    }
}

/// How many handles of this build are alive.
pub(crate) fn alive() -> u64 {
    ALIVE.load(Ordering::Relaxed)
}

/// The value in an object of this build, and the name of its type.
///
/// # Safety
/// `object` is alive, and a [`Boxed`] that this build has made.
pub(crate) unsafe fn value_of<'a>(object: *const c_void) -> (&'a dyn Any, &'static str) {
    // SAFETY: as the function's contract says.
    let boxed = unsafe { &*object.cast::<Boxed>() };
    match &boxed.value {
        Some(value) => (&**value, boxed.type_name),
        None => (&(), boxed.type_name),
    }
}

/// # Safety
/// As for [`value_of`], and nobody refers to the object any more.
pub(crate) unsafe fn drop_object(object: *mut c_void) {
    // SAFETY: as the function's contract says.
    unsafe { object.cast::<Boxed>().drop_in_place() };
}

/// Which build has made the object, and alone knows what it is.
///
/// # Safety
/// `object` is alive, and of the resource type of handles.
unsafe fn maker<'a>(object: NonNull<Boxed>) -> &'a Build {
    // SAFETY: as the function's contract says; in every build, this comes first.
    unsafe { object.cast::<&Build>().as_ref() }
}

/// The object behind a handle. Other builds know of it what comes first, and nothing else.
#[repr(C)]
pub(crate) struct Boxed {
    build: &'static Build,
    value: Option<Box<dyn Any + Send + Sync>>,
    type_name: &'static str,
    /// Whether there is nothing to drop but memory to free, which need not wait for another thread.
    trivial: bool,
}

impl Boxed {
    fn new<T: Send + Sync + 'static>(value: Box<T>) -> Self {
        ALIVE.fetch_add(1, Ordering::Relaxed);
        Boxed {
            build: &BUILD,
            value: Some(value),
            type_name: type_name::<T>(),
            trivial: !needs_drop::<T>(),
        }
    }

    fn get<T: 'static>(&self) -> Option<&T> {
        self.value.as_ref()?.downcast_ref()
    }
}

impl Object for Boxed {
    const NAME: &'static str = "cantilever.handle/1";

    fn kind() -> &'static Kind<Self> {
        static KIND: Kind<Boxed> = Kind::new();
        &KIND
    }

    /// The same in every build, so that each recognises the handles of the others.
    fn type_name(_build: &str) -> String {
        Self::NAME.to_owned()
    }

    unsafe fn is_ours(object: NonNull<Self>) -> bool {
        // SAFETY: as the function's contract says.
        unsafe { maker(object) }.is_this()
    }

    unsafe fn drop_in_place(object: NonNull<Self>) {
        // SAFETY: as the function's contract says.
        unsafe { maker(object).drop_object(object.as_ptr().cast()) };
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        ALIVE.fetch_sub(1, Ordering::Relaxed);
        if self.trivial {
            return;
        }
        if let Some(value) = self.value.take() {
            reclaim::drop_later(value);
        }
    }
}
