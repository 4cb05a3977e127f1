//! Stand-ins for the VM's functions, so that unit tests link without one. Tests run on threads
//! that the VM does not manage, and there is no Logger; nothing else may be asked for.

use rustler::sys::{ERL_NIF_THR_UNDEFINED, c_int};

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

absent!(
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
