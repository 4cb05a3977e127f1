//! The VM's resources: typed, reference-counted objects that terms can refer to.

use std::ffi::CString;
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit};
use std::ops::Deref;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

use rustler::sys::{
    ErlNifEnv, ErlNifMonitor, ErlNifPid, ErlNifResourceDown, ErlNifResourceDtor,
    ErlNifResourceFlags, ErlNifResourceType, ErlNifResourceTypeInit, c_void, enif_alloc_resource,
    enif_demonitor_process, enif_get_resource, enif_keep_resource, enif_make_resource,
    enif_monitor_process, enif_open_resource_type_x, enif_release_resource, enif_self,
};
use rustler::{Env, Term};

use crate::panics;

/// A kind of object that the kit itself keeps in resources.
///
/// Dropping it must be quick, as the VM does that wherever the last reference goes away: what
/// belongs to users is handed to `reclaim::drop_later`.
pub(crate) trait Object: Send + Sync + Sized + 'static {
    const NAME: &'static str;

    fn kind() -> &'static Kind<Self>;

    /// Called when a monitored process has died; flips atomics at most.
    fn down(&self) {}

    /// The name of the resource type. With the build in it, objects of other builds are of other types.
    fn type_name(build: &str) -> String {
        format!("{}@{build}", Self::NAME)
    }

    /// Whether this build of the library has made `object`.
    ///
    /// # Safety
    /// `object` is alive, and of a type of this name.
    unsafe fn is_ours(_object: NonNull<Self>) -> bool {
        true
    }

    /// Drops `object` in its place.
    ///
    /// # Safety
    /// As for [`is_ours`](Self::is_ours), and nobody uses the object any more.
    unsafe fn drop_in_place(object: NonNull<Self>) {
        // SAFETY: as the function's contract says.
        unsafe { object.drop_in_place() }
    }
}

/// The VM's handle for a kind of object.
///
/// The VM frees a type when it purges the code that opened it and no object of it lives, although
/// native code of the library may still run: a dirty call, a thread. And while the library is being
/// loaded its types are not there yet. So a type is used from the first native call on, and from then
/// on one object of it lives for ever.
pub(crate) struct Kind<T> {
    raw: AtomicPtr<ErlNifResourceType>,
    /// What was used before: after a purge, the VM knows its objects by no other name.
    older: Mutex<Vec<AtomicPtr<ErlNifResourceType>>>,
    /// What a load has opened that has succeeded.
    opened: AtomicPtr<ErlNifResourceType>,
    /// What the load that is under way has opened.
    opening: AtomicPtr<ErlNifResourceType>,
    object: PhantomData<fn(T)>,
}

impl<T: Object> Kind<T> {
    pub(crate) const fn new() -> Self {
        assert!(
            align_of::<T>() <= 8,
            "the VM aligns objects for its own words only"
        );
        Kind {
            raw: AtomicPtr::new(ptr::null_mut()),
            older: Mutex::new(Vec::new()),
            opened: AtomicPtr::new(ptr::null_mut()),
            opening: AtomicPtr::new(ptr::null_mut()),
            object: PhantomData,
        }
    }

    /// Whether objects of the kind can be made.
    pub(crate) fn is_settled(&self) -> bool {
        !self.raw.load(Ordering::Acquire).is_null()
    }

    /// Keeps what was opened, or not, as the load has ended.
    pub(crate) fn end_load(&self, succeeded: bool) {
        let opening = self.opening.swap(ptr::null_mut(), Ordering::AcqRel);
        if succeeded {
            self.opened.store(opening, Ordering::Release);
        }
    }

    /// Uses what the last load has opened.
    ///
    /// # Safety
    /// The VM has accepted that load, as it has when a native function is called.
    pub(crate) unsafe fn settle(&self) {
        let opened = self.opened.swap(ptr::null_mut(), Ordering::AcqRel);
        if opened.is_null() || opened == self.raw.load(Ordering::Acquire) {
            return;
        }
        // SAFETY: as the function's contract says. The object is never released, so that nobody
        // looks at what is in it.
        unsafe { enif_alloc_resource(opened, size_of::<T>()) };
        let older = self.raw.swap(opened, Ordering::AcqRel);
        if !older.is_null() {
            let mut all = self.older.lock().unwrap_or_else(PoisonError::into_inner);
            all.push(AtomicPtr::new(older));
        }
    }

    /// Registers the kind under a name that carries the library's build.
    ///
    /// # Errors
    /// Says which kind the VM refused.
    ///
    /// # Safety
    /// Only to be called from the library's `load` or `upgrade`, with their environment.
    pub(crate) unsafe fn register(
        &self,
        env: Env<'_>,
        build: &str,
        flags: &[ErlNifResourceFlags],
    ) -> Result<(), String> {
        let name = CString::new(T::type_name(build)).map_err(|e| e.to_string())?;
        let init = ErlNifResourceTypeInit {
            dtor: drop_object::<T> as *const ErlNifResourceDtor,
            stop: ptr::null(),
            down: object_down::<T> as *const ErlNifResourceDown,
        };
        for flag in flags {
            let mut tried = MaybeUninit::uninit();
            // SAFETY: as the function's contract says; name and callbacks are valid, and a type
            // of this name has always had objects that `T` deals with.
            let raw = unsafe {
                enif_open_resource_type_x(
                    env.as_c_arg(),
                    name.as_ptr(),
                    &init,
                    *flag,
                    tried.as_mut_ptr(),
                )
            };
            if !raw.is_null() {
                self.opening.store(raw.cast_mut(), Ordering::Release);
                return Ok(());
            }
        }
        Err(format!("the VM refused the resource type {name:?}"))
    }

    /// The object that `term` refers to, if it is of this type, whichever build has made it.
    pub(crate) fn find(&self, term: Term<'_>) -> Option<NonNull<T>> {
        let kind = self.raw.load(Ordering::Acquire);
        if kind.is_null() {
            return None;
        }
        // SAFETY: a type that was used once lives for ever.
        unsafe { get(term, kind) }.or_else(|| {
            let older = self.older.lock().unwrap_or_else(PoisonError::into_inner);
            // SAFETY: as above.
            (older.iter()).find_map(|kind| unsafe { get(term, kind.load(Ordering::Relaxed)) })
        })
    }
}

/// The object that `term` refers to, if it is one of `kind`.
///
/// # Safety
/// `kind` is a resource type with objects of type `T`.
unsafe fn get<T>(term: Term<'_>, kind: *mut ErlNifResourceType) -> Option<NonNull<T>> {
    let mut object: *const c_void = ptr::null();
    // SAFETY: `term` belongs to its environment; the rest is as the function's contract says.
    let found = unsafe {
        let env = term.get_env().as_c_arg();
        enif_get_resource(env, term.as_c_arg(), kind, &mut object) != 0
    };
    NonNull::new(object.cast_mut().cast()).filter(|_| found)
}

/// A counted reference to an object that lives in a resource, whatever it is.
pub(crate) struct Reference {
    object: NonNull<c_void>,
}

impl Reference {
    /// One more reference to `object`.
    ///
    /// # Safety
    /// `object` is alive in a resource.
    pub(crate) unsafe fn new<T>(object: NonNull<T>) -> Self {
        // SAFETY: as the function's contract says.
        unsafe { enif_keep_resource(object.as_ptr().cast()) };
        Reference {
            object: object.cast(),
        }
    }

    pub(crate) fn to_term<'a>(&self, env: Env<'a>) -> Term<'a> {
        // SAFETY: the object is alive, as `self` counts for it.
        unsafe { Term::new(env, enif_make_resource(env.as_c_arg(), self.as_raw())) }
    }

    fn as_raw(&self) -> *const c_void {
        self.object.as_ptr()
    }
}

impl Clone for Reference {
    fn clone(&self) -> Self {
        // SAFETY: the object is alive, as `self` counts for it.
        unsafe { Reference::new(self.object) }
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        // SAFETY: `self` counted for the object and is not used again.
        unsafe { enif_release_resource(self.as_raw()) };
    }
}

/// A counted reference to an object that this build has made.
pub(crate) struct Shared<T: Object> {
    reference: Reference,
    object: PhantomData<T>,
}

// SAFETY: `Object` requires `Send + Sync`, and the VM counts references atomically.
unsafe impl<T: Object> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Object> Sync for Shared<T> {}

// The object is only ever shared, and its locks poison themselves.
impl<T: Object> std::panic::RefUnwindSafe for Shared<T> {}
impl<T: Object> std::panic::UnwindSafe for Shared<T> {}

impl<T: Object> Shared<T> {
    /// Moves `object` into a new resource; `None` outside of a loaded library.
    pub(crate) fn new(object: T) -> Option<Self> {
        let kind = T::kind().raw.load(Ordering::Acquire);
        if kind.is_null() {
            return None;
        }
        // SAFETY: `kind` was opened by the VM for this type; the VM gives back memory of the size
        // asked for, aligned as `Kind::new` has checked, or ends the node where there is none.
        unsafe {
            let memory = enif_alloc_resource(kind, size_of::<T>()).cast::<T>();
            memory.write(object);
            NonNull::new(memory).map(|object| Shared::counted(object))
        }
    }

    /// An object outside of any resource, for benches outside of a VM, which must never drop or clone it.
    #[cfg(feature = "bench")]
    pub(crate) fn leaked(object: T) -> Self {
        // SAFETY: the benches see to it, as above.
        unsafe { Shared::counted(NonNull::from(Box::leak(Box::new(object)))) }
    }

    /// Takes over a reference that counts.
    ///
    /// # Safety
    /// `object` is alive in a resource, made by this build, and somebody's reference to it becomes this.
    unsafe fn counted(object: NonNull<T>) -> Self {
        Shared {
            reference: Reference {
                object: object.cast(),
            },
            object: PhantomData,
        }
    }

    /// The same, for as long as the term lives, which counts for the object.
    pub(crate) fn borrow(term: Term<'_>) -> Option<Borrowed<'_, T>> {
        let object = T::kind().find(term)?;
        // SAFETY: the object is alive, as `term` refers to it, and of the kind's type. The reference does
        // not count, and is never dropped.
        unsafe {
            T::is_ours(object).then(|| Borrowed {
                shared: ManuallyDrop::new(Shared::counted(object)),
                term: PhantomData,
            })
        }
    }

    pub(crate) fn to_term<'a>(&self, env: Env<'a>) -> Term<'a> {
        self.reference.to_term(env)
    }

    /// A reference for whoever does not need to know what it is.
    pub(crate) fn into_reference(self) -> Reference {
        self.reference
    }

    /// Has `down` called when the calling process dies. `None` if it has already.
    pub(crate) fn monitor_caller(&self, env: Env<'_>) -> Option<Monitor> {
        let mut pid = MaybeUninit::uninit();
        let mut monitor = MaybeUninit::uninit();
        // SAFETY: `env` is that of a call, whose process is monitored for a live object. Pid and
        // monitor are written when the calls succeed.
        unsafe {
            let env = env.as_c_arg();
            if enif_self(env, pid.as_mut_ptr()).is_null() {
                return None;
            }
            let started = enif_monitor_process(
                env,
                self.reference.as_raw(),
                pid.as_ptr(),
                monitor.as_mut_ptr(),
            );
            (started == 0).then(|| Monitor(monitor.assume_init()))
        }
    }

    pub(crate) fn demonitor(&self, env: Env<'_>, monitor: &Monitor) {
        // SAFETY: `env` is that of a call, the object is alive, and the monitor is its own.
        unsafe { enif_demonitor_process(env.as_c_arg(), self.reference.as_raw(), &monitor.0) };
    }
}

/// A [`Shared`] that does not count, because a term does.
pub(crate) struct Borrowed<'a, T: Object> {
    shared: ManuallyDrop<Shared<T>>,
    term: PhantomData<Term<'a>>,
}

impl<T: Object> Deref for Borrowed<'_, T> {
    type Target = Shared<T>;

    fn deref(&self) -> &Shared<T> {
        &self.shared
    }
}

/// A monitor that an object has on a process.
pub(crate) struct Monitor(ErlNifMonitor);

impl<T: Object> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: the object is alive, as `self` counts for it, only ever shared, and of this build.
        unsafe { self.reference.object.cast().as_ref() }
    }
}

impl<T: Object> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared {
            reference: self.reference.clone(),
            object: PhantomData,
        }
    }
}

/// # Safety
/// Called by the VM, once, with an object of this kind that nothing refers to any more.
unsafe extern "C" fn drop_object<T: Object>(_env: *mut ErlNifEnv, object: *mut c_void) {
    // SAFETY: as the function's contract says. No panic may leave this function.
    let _ = panics::guard(|| unsafe {
        if let Some(object) = NonNull::new(object.cast()) {
            T::drop_in_place(object);
        }
    });
}

/// # Safety
/// Called by the VM with a live object of this kind.
unsafe extern "C" fn object_down<T: Object>(
    _env: *mut ErlNifEnv,
    object: *mut c_void,
    _pid: *const ErlNifPid,
    _monitor: *const ErlNifMonitor,
) {
    // SAFETY: as the function's contract says.
    unsafe { &*object.cast::<T>() }.down();
}
