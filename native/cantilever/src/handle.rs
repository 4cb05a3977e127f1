//! Rust values that Elixir holds on to.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::mem::needs_drop;
use std::ops::Deref;

use rustler::{Decoder, Encoder, Env, Error, NifResult, Term};

use crate::reclaim;
use crate::resource::{Kind, Object, Shared};

/// A Rust value that Elixir code holds as a reference and hands back in later calls.
///
/// Any `T` that is `Send + Sync + 'static` will do, without a registration. The value is shared
/// and immutable; what must change goes into a `Mutex` or an atomic. When the last reference is
/// gone it is dropped on a thread of the kit's, so a large value costs no scheduler anything; that
/// thread is one for the whole library, so a `Drop` should not wait for long. A handle that another build of the library has made does not decode.
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
    object: Shared<Boxed>,
    value: PhantomData<fn() -> T>,
}

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
        match Shared::new(Boxed {
            value: Some(Box::new(value)),
            trivial: !needs_drop::<T>(),
        }) {
            Some(object) => Handle {
                object,
                value: PhantomData,
            },
            None => panic!("a Handle needs a library that `cantilever::init!` has initialised"),
        }
    }
}

impl<T: 'static> Deref for Handle<T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self.object.get() {
            Some(value) => value,
            None => unreachable!("a handle is made or decoded with the type of its value"),
        }
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Handle {
            object: self.object.clone(),
            value: PhantomData,
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
        Shared::<Boxed>::from_term(term)
            .filter(|object| object.get::<T>().is_some())
            .map(|object| Handle {
                object,
                value: PhantomData,
            })
            .ok_or(Error::BadArg)
    }
}

pub(crate) struct Boxed {
    value: Option<Box<dyn Any + Send + Sync>>,
    /// Whether there is nothing to drop but memory to free, which need not wait for another thread.
    trivial: bool,
}

impl Boxed {
    fn get<T: 'static>(&self) -> Option<&T> {
        self.value.as_ref()?.downcast_ref()
    }
}

impl Object for Boxed {
    const NAME: &'static str = "cantilever.handle";

    fn kind() -> &'static Kind<Self> {
        static KIND: Kind<Boxed> = Kind::new();
        &KIND
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        if self.trivial {
            return;
        }
        if let Some(value) = self.value.take() {
            reclaim::drop_later(value);
        }
    }
}
