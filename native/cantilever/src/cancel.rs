//! Telling native work that nobody waits for it any more.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use rustler::{Encoder, Env, Term};

use crate::resource::{Kind, Object, Shared};

mod atoms {
    rustler::atoms! { cancelled }
}

/// Set the moment the calling process dies, so that its work can stop.
///
/// A `#[cantilever::nif]` function of any schedule gets one by having a parameter of this type; it
/// does not count towards the arity. Clones may go to other threads. An `async fn` rarely needs
/// one: it is dropped at its next checkpoint when its caller dies.
///
/// ```no_run
/// use cantilever::{CancelToken, Cancelled};
///
/// #[cantilever::nif(schedule = "DirtyCpu")]
/// fn collatz(limit: u64, cancel: CancelToken) -> Result<u64, Cancelled> {
///     let mut longest = 0;
///     for start in 1..limit {
///         cancel.check()?;
///         let steps = std::iter::successors(Some(start), |n| match n {
///             1 => None,
///             n if n % 2 == 0 => Some(n / 2),
///             n => n.checked_mul(3)?.checked_add(1),
///         });
///         longest = longest.max(steps.count() as u64);
///     }
///     Ok(longest)
/// }
/// ```
#[derive(Clone)]
pub struct CancelToken {
    flag: Shared<Flag>,
}

impl CancelToken {
    pub(crate) fn for_caller(env: Env<'_>) -> Result<Self, &'static str> {
        let flag = Shared::new(Flag(AtomicBool::new(false)))
            .ok_or("a CancelToken needs a library that `cantilever::init!` has initialised")?;
        flag.monitor_caller(env)
            .ok_or("the calling process has exited")?;
        Ok(CancelToken { flag })
    }

    #[cfg(feature = "bench")]
    pub(crate) fn leaked() -> Self {
        CancelToken {
            flag: Shared::leaked(Flag(AtomicBool::new(false))),
        }
    }

    /// Whether the calling process has died.
    ///
    /// ```no_run
    /// # use cantilever::CancelToken;
    /// fn work(cancel: &CancelToken) {
    ///     while !cancel.is_cancelled() {
    ///         // the next piece
    ///     }
    /// }
    /// ```
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.flag.0.load(Ordering::Relaxed)
    }

    /// Ends the work with `?` once the calling process has died.
    ///
    /// # Errors
    /// [`Cancelled`], which a `thiserror` enum can take over with `#[from]`.
    ///
    /// ```no_run
    /// # use cantilever::{CancelToken, Cancelled};
    /// fn work(cancel: &CancelToken) -> Result<(), Cancelled> {
    ///     for _ in 0..1_000 {
    ///         cancel.check()?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    #[inline]
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled() {
            Err(Cancelled)
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken")
            .field("cancelled", &self.is_cancelled())
            .finish()
    }
}

/// The work was given up because its caller died. Encodes as `{:cancelled, message}`.
///
/// ```
/// assert_eq!(cantilever::Cancelled.to_string(), "cancelled: the calling process has exited");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("cancelled: the calling process has exited")
    }
}

impl std::error::Error for Cancelled {}

impl Encoder for Cancelled {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        (atoms::cancelled(), self.to_string()).encode(env)
    }
}

pub(crate) struct Flag(AtomicBool);

impl Object for Flag {
    const NAME: &'static str = "cantilever.cancel_token";

    fn kind() -> &'static Kind<Self> {
        static KIND: Kind<Flag> = Kind::new();
        &KIND
    }

    fn down(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
