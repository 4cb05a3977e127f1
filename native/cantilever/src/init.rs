//! Loading, upgrading and unloading the library.

use std::ffi::CStr;
use std::fmt::Display;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustler::codegen_runtime::{ResourceRegistration, c_int, c_void, inventory};
use rustler::sys::{
    ErlNifEntry, ErlNifEnv, ErlNifResourceFlags, ErlNifTerm, internal_write_symbols,
};
use rustler::{Encoder, Env, Nif, Term};

use crate::admission::Ticket;
use crate::call::Call;
use crate::cancel::Flag;
use crate::handle::Boxed;
use crate::outbox::Credit;
use crate::resource::Object;
use crate::settings::{self, Settings};
use crate::suspended::Suspended;
use crate::{build, builds, mailbox, module, outbox, panics, pool, watchdog};

mod atoms {
    rustler::atoms! { load_error = "$cantilever_load_error", again }
}

/// Why a library is not loaded.
enum Refusal {
    /// It is to be loaded once more: only then it is asked anew for its functions.
    Again,
    Because(String),
}

impl<S: Into<String>> From<S> for Refusal {
    fn from(reason: S) -> Self {
        Refusal::Because(reason.into())
    }
}

impl Encoder for Refusal {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match self {
            Refusal::Again => atoms::again().encode(env),
            Refusal::Because(reason) => reason.encode(env),
        }
    }
}

static LIBRARY: OnceLock<Library> = OnceLock::new();
static LOADED: AtomicUsize = AtomicUsize::new(0);
static GENERATION: AtomicUsize = AtomicUsize::new(0);
static UNSETTLED: AtomicBool = AtomicBool::new(false);

macro_rules! for_each_kind {
    ($kind:ident => $action:expr) => {
        for_each_kind!(@ $kind => $action; Flag Boxed Call Suspended Ticket Credit)
    };
    (@ $kind:ident => $action:expr; $($object:ty)*) => {
        $({
            let $kind = <$object>::kind();
            $action;
        })*
    };
}

/// What `init!` says of a library.
pub struct Library {
    /// The Elixir module, ending in NUL.
    pub module: &'static CStr,
    /// Tells `Cantilever.Nif`, which looks for it in the file, whose `init!` this is.
    pub mark: &'static str,
    /// The version of the crate.
    pub version: &'static str,
    /// The user's own initialisation.
    pub load: Option<LoadFn>,
}

/// The user's own initialisation, with its outcome made uniform.
pub type LoadFn = for<'a> fn(Env<'a>, Term<'a>) -> Result<(), String>;

/// What a function given to `init!` may return: a `bool`, or a `Result` whose error says why.
pub trait LoadOutcome {
    /// Makes the outcome uniform.
    ///
    /// # Errors
    /// The reason why the library cannot be used.
    fn into_result(self) -> Result<(), String>;
}

impl LoadOutcome for bool {
    fn into_result(self) -> Result<(), String> {
        self.then_some(())
            .ok_or_else(|| "the library's load function returned false".to_owned())
    }
}

impl<E: Display> LoadOutcome for Result<(), E> {
    fn into_result(self) -> Result<(), String> {
        self.map_err(|error| error.to_string())
    }
}

/// The entry that the VM reads each time it loads the library. The VM keeps it for as long as the
/// library is mapped, which is for ever (see `pin`), so there is one with the function that tells of builds,
/// and one without.
pub fn entry(library: Library) -> *const ErlNifEntry {
    static ENTRY: OnceLock<Entry> = OnceLock::new();
    static ENTRY_WITH_BUILDS: OnceLock<Entry> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| library);
    // Nothing else reads it here, and what nobody reads a linker may leave out.
    std::hint::black_box(library.mark);
    let (entry, own) = if builds::is_wanted() {
        (&ENTRY_WITH_BUILDS, Some(builds::nif()))
    } else {
        (&ENTRY, None)
    };
    let entry = entry.get_or_init(|| {
        let own = own.as_ref().map(Nif::get_def);
        let functions: Vec<_> = inventory::iter::<Nif>()
            .map(Nif::get_def)
            .chain(own)
            .collect();
        let mut entry = ErlNifEntry::new(library.module, functions.leak(), load);
        entry.upgrade = Some(upgrade);
        entry.unload = Some(unload);
        // SAFETY: this is the library's entry function, called before any other.
        unsafe { internal_write_symbols() };
        Entry(entry)
    });
    &entry.0
}

struct Entry(ErlNifEntry);

// SAFETY: the VM only reads it, and what its pointers lead to lives as long as the library.
unsafe impl Send for Entry {}
// SAFETY: as above.
unsafe impl Sync for Entry {}

/// # Safety
/// Called by the VM.
unsafe extern "C" fn load(
    env: *mut ErlNifEnv,
    priv_data: *mut *mut c_void,
    load_info: ErlNifTerm,
) -> c_int {
    // SAFETY: as the VM calls it.
    unsafe {
        *priv_data = this_file();
        start(
            env,
            load_info,
            &[ErlNifResourceFlags::ERL_NIF_RT_CREATE],
            false,
        )
    }
}

/// # Safety
/// Called by the VM, when the module has old code that has loaded a library too: the one before
/// this, or this same file once more, whose resources are then taken over.
unsafe extern "C" fn upgrade(
    env: *mut ErlNifEnv,
    priv_data: *mut *mut c_void,
    old_priv_data: *mut *mut c_void,
    load_info: ErlNifTerm,
) -> c_int {
    use ErlNifResourceFlags::{ERL_NIF_RT_CREATE, ERL_NIF_RT_TAKEOVER};
    // SAFETY: as the VM calls it.
    unsafe {
        *priv_data = this_file();
        let beside_itself = *old_priv_data == this_file();
        start(
            env,
            load_info,
            &[ERL_NIF_RT_TAKEOVER, ERL_NIF_RT_CREATE],
            beside_itself,
        )
    }
}

/// What tells this library from others in the VM's private data.
fn this_file() -> *mut c_void {
    ptr::from_ref(&LIBRARY).cast_mut().cast()
}

/// # Safety
/// Called by the VM when no object of the library lives: thus only where none of its functions was
/// ever called, see [`Kind`](crate::resource::Kind).
unsafe extern "C" fn unload(_env: *mut ErlNifEnv, _priv_data: *mut c_void) {
    if LOADED.fetch_sub(1, Ordering::AcqRel) == 1 {
        watchdog::set_limit(None);
        let _ = panics::guard(pool::stop);
    }
}

/// # Safety
/// `env` and `load_info` are what the VM passed to `load` or `upgrade`.
unsafe fn start(
    env: *mut ErlNifEnv,
    load_info: ErlNifTerm,
    flags: &[ErlNifResourceFlags],
    beside_itself: bool,
) -> c_int {
    panics::install_hook();
    let scope = ();
    let outcome = panics::guard(|| {
        // SAFETY: as the function's contract says.
        unsafe {
            let env = Env::new_init_env(&scope, env);
            initialise(env, Term::new(env, load_info), flags, beside_itself)
        }
    });
    let _settling = settling();
    for_each_kind!(kind => kind.end_load(matches!(outcome, Ok(Ok(())))));
    let reason = match outcome {
        Ok(Ok(())) => {
            LOADED.fetch_add(1, Ordering::AcqRel);
            UNSETTLED.store(true, Ordering::Release);
            return 0;
        }
        Ok(Err(refusal)) => refusal,
        Err(report) => Refusal::Because(report.to_string()),
    };
    // The VM passes on no more than a number. The loading process finds the reason in its mailbox.
    let _ = panics::guard(|| {
        // SAFETY: as the function's contract says; `env` belongs to the process that loads.
        unsafe {
            let env = Env::new_init_env(&scope, env);
            let message = (atoms::load_error(), reason).encode(env);
            mailbox::send_in(env, &env.pid(), message);
        }
    });
    1
}

/// # Safety
/// `env` is that of `load` or `upgrade`.
unsafe fn initialise<'a>(
    env: Env<'a>,
    load_info: Term<'a>,
    flags: &[ErlNifResourceFlags],
    beside_itself: bool,
) -> Result<(), Refusal> {
    let library = LIBRARY
        .get()
        .ok_or("the library was loaded without its entry")?;
    module::set(library.module.to_str().unwrap_or("a native library"));
    let Pinned { path, build } = pin()?;
    let (vm, load_data) = settings::unwrap(load_info);
    if !builds::is_wanted() && settings::has_builds(env, vm) {
        builds::want();
        return Err(Refusal::Again);
    }
    build::loaded(library.version, &path);
    let settings = Settings::read(env, vm, load_data)?;
    // SAFETY: as the function's contract says.
    unsafe {
        for_each_kind!(kind => kind.register(env, &build, flags)?);
        register_rustler_resources(env, &build, beside_itself)?;
    }
    if let Some(load) = library.load {
        load(env, load_data)?;
    }
    settings.apply();
    Ok(())
}

/// To be called at the beginning of each native call: from the first one after a load on, what that
/// has registered is used.
#[inline]
pub(crate) fn settle() {
    if UNSETTLED.load(Ordering::Acquire) {
        settle_now();
    }
}

#[cold]
fn settle_now() {
    let _settling = settling();
    // Also who finds this done already must find all of it done.
    if UNSETTLED.load(Ordering::Acquire) {
        // SAFETY: only the code of a load that the VM has accepted is called.
        for_each_kind!(kind => unsafe { kind.settle() });
        UNSETTLED.store(false, Ordering::Release);
        outbox::open();
    }
}

fn settling() -> MutexGuard<'static, ()> {
    static SETTLING: Mutex<()> = Mutex::new(());
    SETTLING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Registers the types of `#[rustler::resource_impl]`.
///
/// Rustler can only create them, not take them over. So a file with such types is not loaded beside
/// itself; once its old code is purged, it is, with new types of new names.
///
/// # Safety
/// `env` is that of `load` or `upgrade`.
unsafe fn register_rustler_resources(
    env: Env<'_>,
    build: &str,
    beside_itself: bool,
) -> Result<(), String> {
    let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
    for (index, collected) in inventory::iter::<ResourceRegistration>().enumerate() {
        if beside_itself {
            return Err(
                "this file is loaded already, and has types of #[rustler::resource_impl], \
                        which cannot be taken over: delete and purge the module first, as \
                        recompiling it with Mix does, or use cantilever::Handle"
                    .to_owned(),
            );
        }
        let name: &'static str = format!("resource {index}@{build}.{generation}").leak();
        // SAFETY: a registration consists of plain function pointers and names, and has no `Drop`.
        let registration = unsafe { ptr::read(collected) }.with_name(name);
        registration
            .register(env)
            .map_err(|_| format!("the VM refused the {name}"))?;
    }
    Ok(())
}

/// What is known of the library once it is pinned.
struct Pinned {
    /// The file that it was loaded from.
    path: String,
    /// What tells it from every other build in this node: the name of the file, and where it is mapped.
    /// (`load_from` may give two builds one name.)
    build: String,
}

/// Keeps the library mapped for as long as the node runs.
///
/// Unmapping a Rust library is not safe: threads of it may be running, and what it keeps in
/// thread-local storage is dropped by code that would be gone.
///
/// # Errors
/// Says that the loader does not find the library again.
fn pin() -> Result<Pinned, String> {
    let mut info = std::mem::MaybeUninit::<libc::Dl_info>::zeroed();
    // SAFETY: the address is that of a function in this library; `info` is written on success. The
    // path that it then holds belongs to the loader. Opening what is open already only counts it.
    unsafe {
        if libc::dladdr(pin as *const libc::c_void, info.as_mut_ptr()) == 0 {
            return Err("the system's loader does not know the library".to_owned());
        }
        let info = info.assume_init();
        let path = CStr::from_ptr(info.dli_fname);
        let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
        if libc::dlopen(path.as_ptr(), flags).is_null() {
            return Err(format!("the system's loader has no library {path:?} open"));
        }
        let path = path.to_string_lossy().into_owned();
        let stem = Path::new(&path).file_stem().unwrap_or_default();
        let build = format!("{}@{:p}", stem.to_string_lossy(), info.dli_fbase);
        Ok(Pinned { path, build })
    }
}

/// Makes the crate a native library of the Elixir module that it names.
///
/// Every `#[cantilever::nif]` and `#[rustler::nif]` of the crate becomes a function of the module.
/// With `load = function`, that function is called when the library is loaded or upgraded, with
/// the `load_data` of `use Cantilever.Nif`; it returns a `bool`, or a `Result` whose error says
/// why the library cannot be used.
///
/// ```no_run
/// use cantilever::{Env, Term};
///
/// #[cantilever::nif]
/// fn add(a: i64, b: i64) -> i64 {
///     a + b
/// }
///
/// fn on_load(_env: Env<'_>, load_data: Term<'_>) -> Result<(), String> {
///     match load_data.decode::<u32>() {
///         Ok(_) => Ok(()),
///         Err(_) => Err("load_data must be an integer".to_owned()),
///     }
/// }
///
/// cantilever::init!("Elixir.MyApp.Native", load = on_load);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! init {
    ($module:literal $(,)?) => {
        $crate::init!(@ $module, ::core::option::Option::None);
    };
    ($module:literal, load = $load:expr $(,)?) => {
        $crate::init!(@ $module, ::core::option::Option::Some({
            // Not a name that the user's function may have.
            fn __cantilever_load<'a>(
                env: $crate::Env<'a>,
                load_data: $crate::Term<'a>,
            ) -> ::core::result::Result<(), ::std::string::String> {
                $crate::__private::LoadOutcome::into_result(($load)(env, load_data))
            }
            __cantilever_load as $crate::__private::LoadFn
        }));
    };
    (@ $module:literal, $load:expr) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub extern "C" fn nif_init() -> *const $crate::__private::ErlNifEntry {
            const MODULE: &::core::ffi::CStr =
                match ::core::ffi::CStr::from_bytes_with_nul(::core::concat!($module, "\0").as_bytes()) {
                    ::core::result::Result::Ok(module) => module,
                    ::core::result::Result::Err(_) => ::core::panic!("a module's name has no NUL"),
                };
            $crate::__private::entry($crate::__private::Library {
                module: MODULE,
                mark: "cantilever.init=1\n",
                version: ::core::env!("CARGO_PKG_VERSION"),
                load: $load,
            })
        }

        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub extern "C" fn cantilever_build_1() -> &'static $crate::__private::Build {
            $crate::__private::this_build()
        }
    };
}
