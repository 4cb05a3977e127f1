//! What Elixir can ask a library about itself, and about the builds before it: a function that the module of
//! `use Cantilever.Nif` has, and others that load the library need not have.

use std::ffi::{CStr, CString};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use rustler::codegen_runtime::{c_int, inventory};
use rustler::sys::{
    ERL_NIF_DIRTY_JOB_CPU_BOUND, ERL_NIF_DIRTY_JOB_IO_BOUND, ErlNifEnv, ErlNifTerm,
    NIF_MAJOR_VERSION, NIF_MINOR_VERSION,
};
use rustler::{Atom, Encoder, Env, Nif, NifResult, Term};

use crate::args::{Args, BadArgument, Listed, NifInfo};
use crate::build::{BUILD, Build, BuildInfo, ENTRY};
use crate::returned::Returned;
use crate::sync::{SyncNif, conclude};
use crate::{init, panics};

const NIF_VERSION: (i32, i32) = (NIF_MAJOR_VERSION, NIF_MINOR_VERSION);

static WANTED: AtomicBool = AtomicBool::new(false);

/// Whether the library is to have the function.
pub(crate) fn is_wanted() -> bool {
    WANTED.load(Ordering::Acquire)
}

/// Has the library have the function when it is loaded next.
pub(crate) fn want() {
    WANTED.store(true, Ordering::Release);
}

/// The function, as the VM sees it.
pub(crate) fn nif() -> Nif {
    Nif {
        name: Builds::INFO.name.as_ptr().cast(),
        arity: Builds::INFO.arity,
        // The system's loader has a lock, which another library may hold for as long as it is being loaded.
        flags: ERL_NIF_DIRTY_JOB_IO_BOUND,
        raw_func: call,
    }
}

struct Builds;

impl SyncNif for Builds {
    const INFO: &'static NifInfo = &NifInfo {
        name: "__cantilever_builds__\0",
        arity: 1,
        schedule: "DirtyIo",
    };

    /// Takes the files of other builds. Returns what is known of this build, of each of those (nil if it is none
    /// or was never loaded), and the functions of this one with the NIF version that they need.
    fn call(args: &Args<'_>) -> Result<Returned, BadArgument> {
        let paths: Vec<String> = args.decode(0, "paths", "Vec<String>")?;
        let others: Vec<Option<BuildInfo>> = paths.iter().map(|path| find(path)).collect();
        let env = args.env();
        Ok(args
            .finish(functions(env).map(|functions| (BUILD.info(), others, functions, NIF_VERSION))))
    }
}

/// # Safety
/// Only the VM may call it, as a native function of one argument.
unsafe extern "C" fn call(env: *mut ErlNifEnv, argc: c_int, argv: *const ErlNifTerm) -> ErlNifTerm {
    let scope = ();
    init::settle();
    // SAFETY: the VM passes its environment for this call and `argc` terms of it; `scope` gives
    // the environment a lifetime of its own, that of this call.
    unsafe {
        let env = Env::new(&scope, env);
        let args = Args::new(env, Builds::INFO, argc, argv);
        conclude::<Builds>(env, panics::guard(|| Builds::call(&args)))
    }
}

/// What is known of the build that was loaded from this file, if it was.
fn find(path: &str) -> Option<BuildInfo> {
    let path = CString::new(path).ok()?;
    // SAFETY: a library that is not mapped is not opened, and one that is stays, so closing it only counts down.
    // A function of this name is the one that `init!` makes, of which the build lives for ever.
    unsafe {
        let library = libc::dlopen(path.as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD);
        if library.is_null() {
            return None;
        }
        let symbol = libc::dlsym(library, ENTRY.as_ptr());
        let info = (!symbol.is_null()).then(|| {
            let entry: extern "C" fn() -> &'static Build = mem::transmute(symbol);
            entry().info()
        });
        libc::dlclose(library);
        info
    }
}

fn functions(env: Env<'_>) -> NifResult<Vec<(Atom, u32, &'static str)>> {
    let name = |name: &str| Atom::from_str(env, name);
    let mut functions = Vec::new();
    for Listed(info) in inventory::iter::<Listed>() {
        functions.push((name(info.display_name())?, info.arity, info.schedule));
    }
    for nif in inventory::iter::<Nif>() {
        // SAFETY: the name of a native function ends in NUL, and lives as long as the library.
        let text = unsafe { CStr::from_ptr(nif.name) }.to_string_lossy();
        let key = (name(&text)?, nif.arity);
        if !functions
            .iter()
            .any(|(name, arity, _)| (*name, *arity) == key)
        {
            let schedule = match nif.flags {
                ERL_NIF_DIRTY_JOB_CPU_BOUND => "DirtyCpu",
                ERL_NIF_DIRTY_JOB_IO_BOUND => "DirtyIo",
                _ => "Normal",
            };
            functions.push((key.0, key.1, schedule));
        }
    }
    Ok(functions)
}

impl Encoder for BuildInfo {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        (self.version, self.path, self.loaded_at_ms, self.handles).encode(env)
    }
}
