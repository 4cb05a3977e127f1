//! Stand-ins for the VM's functions, so that unit tests link without one. Tests run on threads
//! that the VM does not manage, and there is no Logger; nothing else may be asked for.

use rustler::sys::{ERL_NIF_THR_UNDEFINED, ErlNifBinary, c_int};

macro_rules! absent {
    ($($name:ident),* $(,)?) => {
        $(
            #[unsafe(no_mangle)]
            extern "C" fn $name() {
                eprintln!("a unit test called {}, which needs a VM", stringify!($name));
                std::process::abort();
            }
        )*
    };
}

#[unsafe(no_mangle)]
extern "C" fn enif_thread_type() -> c_int {
    ERL_NIF_THR_UNDEFINED
}

#[unsafe(no_mangle)]
extern "C" fn enif_whereis_pid() -> c_int {
    0
}

#[unsafe(no_mangle)]
extern "C" fn enif_alloc_env() -> *mut u8 {
    std::ptr::dangling_mut()
}

#[unsafe(no_mangle)]
extern "C" fn enif_free_env() {}

#[unsafe(no_mangle)]
extern "C" fn enif_make_atom_len() -> usize {
    0
}

#[unsafe(no_mangle)]
extern "C" fn enif_is_exception() -> c_int {
    0
}

#[unsafe(no_mangle)]
extern "C" fn enif_alloc_binary(size: usize, binary: *mut ErlNifBinary) -> c_int {
    // SAFETY: the kit passes memory for a binary, of which these fields are looked at.
    unsafe {
        (*binary).size = size;
        (*binary).data = libc::malloc(size).cast();
    }
    1
}

#[unsafe(no_mangle)]
extern "C" fn enif_realloc_binary(binary: *mut ErlNifBinary, size: usize) -> c_int {
    // SAFETY: the binary is one of `enif_alloc_binary`.
    unsafe {
        (*binary).size = size;
        (*binary).data = libc::realloc((*binary).data.cast(), size).cast();
    }
    1
}

#[unsafe(no_mangle)]
extern "C" fn enif_release_binary(binary: *mut ErlNifBinary) {
    // SAFETY: as above, and it is not used again.
    unsafe { libc::free((*binary).data.cast()) };
}

absent!(
    enif_make_binary,
    enif_alloc_resource,
    enif_make_copy,
    enif_make_list_from_array,
    enif_make_long,
    enif_make_new_binary,
    enif_make_pid,
    enif_self,
    enif_make_resource,
    enif_make_tuple_from_array,
    enif_make_uint,
    enif_make_ulong,
    enif_release_resource,
    enif_send,
);
