//! What a build of the library is, and what other builds of it in the same node can learn of this one.
//!
//! After an upgrade, objects that the old build has made live on, and the new one meets them: in the arguments
//! of calls, and when the last reference to one goes away. All that it may know of them is what the old
//! build says, which stays mapped for ever.

use std::any::Any;
use std::ffi::c_void;
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::handle;
use crate::shared_layout::{self, Declared};

/// The name of the function that every library exports to be found by others.
pub(crate) const ENTRY: &std::ffi::CStr = c"cantilever_build_1";

/// This build.
pub(crate) static BUILD: Build = Build {
    version,
    path,
    loaded_at_ms,
    handles,
    describe,
    drop_object,
};

static VERSION: OnceLock<&'static str> = OnceLock::new();
static PATH: OnceLock<String> = OnceLock::new();
static LOADED_AT_MS: AtomicU64 = AtomicU64::new(0);

/// The compiler that has built this.
pub(crate) const COMPILER: &str = env!("CANTILEVER_COMPILER");

/// What a build says of itself.
///
/// Builds may have been compiled by different compilers and with different versions of the kit, so this and
/// whatever it leads to is laid out as C does it, and never changes. A kit that must say something else takes
/// another number in the name of the library's function and of the handles' resource type.
#[repr(C)]
pub struct Build {
    version: extern "C" fn() -> Text,
    path: extern "C" fn() -> Text,
    loaded_at_ms: extern "C" fn() -> u64,
    handles: extern "C" fn() -> u64,
    describe: unsafe extern "C" fn(object: *const c_void) -> Description,
    drop_object: unsafe extern "C" fn(object: *mut c_void),
}

/// A text that lives as long as the node.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Text {
    bytes: *const u8,
    length: usize,
}

/// What a build says of an object of its own.
#[repr(C)]
pub(crate) struct Description {
    value: *const c_void,
    type_name: Text,
    compiler: Text,
    declared: Declared,
    /// 1 where memory comes from the system.
    system_allocator: u32,
}

/// This build, for those that ask for it by name.
pub fn this_build() -> &'static Build {
    &BUILD
}

impl Text {
    fn new(text: &'static str) -> Self {
        Text {
            bytes: text.as_ptr(),
            length: text.len(),
        }
    }

    /// # Safety
    /// A build's function has returned it.
    unsafe fn as_str(self) -> &'static str {
        // SAFETY: as the function's contract says. A build is mapped for ever.
        let bytes = unsafe { std::slice::from_raw_parts(self.bytes, self.length) };
        std::str::from_utf8(bytes).unwrap_or("?")
    }
}

/// What is known of a build, this or another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildInfo {
    /// The version of the crate.
    pub(crate) version: &'static str,
    /// The file that the library was loaded from.
    pub(crate) path: &'static str,
    /// When it was loaded last, in ms since 1970.
    pub(crate) loaded_at_ms: u64,
    /// How many of the handles that it has made are alive.
    pub(crate) handles: u64,
}

impl BuildInfo {
    /// The version, and the name of the file, which tells it from others of the same version.
    pub(crate) fn label(&self) -> String {
        let path = std::path::Path::new(self.path);
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        format!("{} ({name})", self.version)
    }
}

/// What is known of an object that another build has made.
pub(crate) struct Foreign {
    pub(crate) build: BuildInfo,
    pub(crate) type_name: &'static str,
    pub(crate) compiler: &'static str,
    pub(crate) declared: Declared,
    pub(crate) system_allocator: bool,
    pub(crate) value: *const c_void,
}

impl Build {
    pub(crate) fn is_this(&self) -> bool {
        ptr::eq(self, &BUILD)
    }

    pub(crate) fn info(&self) -> BuildInfo {
        // SAFETY: the texts come from a build.
        unsafe {
            BuildInfo {
                version: (self.version)().as_str(),
                path: (self.path)().as_str(),
                loaded_at_ms: (self.loaded_at_ms)(),
                handles: (self.handles)(),
            }
        }
    }

    /// # Safety
    /// `object` is a live object of a handle that this build has made.
    pub(crate) unsafe fn describe(&self, object: *const c_void) -> Foreign {
        // SAFETY: as the function's contract says; the texts come from a build.
        unsafe {
            let described = (self.describe)(object);
            Foreign {
                build: self.info(),
                type_name: described.type_name.as_str(),
                compiler: described.compiler.as_str(),
                declared: described.declared,
                system_allocator: described.system_allocator == 1,
                value: described.value,
            }
        }
    }

    /// # Safety
    /// As for [`describe`](Self::describe), and nobody refers to the object any more.
    pub(crate) unsafe fn drop_object(&self, object: *mut c_void) {
        // SAFETY: as the function's contract says.
        unsafe { (self.drop_object)(object) };
    }
}

/// Remembers what the library is, whenever it is loaded.
pub(crate) fn loaded(version: &'static str, path: &str) {
    VERSION.get_or_init(|| version);
    PATH.get_or_init(|| path.to_owned());
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    LOADED_AT_MS.store(
        u64::try_from(now.as_millis()).unwrap_or(u64::MAX),
        Ordering::Relaxed,
    );
}

extern "C" fn version() -> Text {
    Text::new(VERSION.get().copied().unwrap_or_default())
}

extern "C" fn path() -> Text {
    Text::new(PATH.get().map_or("", String::as_str))
}

extern "C" fn loaded_at_ms() -> u64 {
    LOADED_AT_MS.load(Ordering::Relaxed)
}

extern "C" fn handles() -> u64 {
    handle::alive()
}

/// # Safety
/// As for [`Build::describe`], of this build.
unsafe extern "C" fn describe(object: *const c_void) -> Description {
    // SAFETY: as the function's contract says.
    let (value, type_name) = unsafe { handle::value_of(object) };
    Description {
        value: ptr::from_ref(value).cast(),
        type_name: Text::new(type_name),
        compiler: Text::new(COMPILER),
        declared: shared_layout::declared(Any::type_id(value)),
        system_allocator: u32::from(shared_layout::allocates_as_the_system_does()),
    }
}

/// # Safety
/// As for [`Build::drop_object`], of this build.
unsafe extern "C" fn drop_object(object: *mut c_void) {
    // SAFETY: as the function's contract says.
    let _ = crate::panics::guard(|| unsafe { handle::drop_object(object) });
}
