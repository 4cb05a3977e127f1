//! The system's priority of single threads.

/// What `nice` calls 19.
#[cfg(target_os = "linux")]
const LOWEST: i32 = 19;

/// Lowers this thread's priority.
///
/// # Errors
/// Says why the system refuses.
#[cfg(target_os = "linux")]
pub(crate) fn lower() -> Result<(), String> {
    let thread = rustix::thread::gettid();
    rustix::process::setpriority_process(Some(thread), LOWEST).map_err(|error| error.to_string())
}

/// Lowers this thread's priority.
///
/// # Errors
/// Says why the system refuses.
#[cfg(not(target_os = "linux"))]
pub(crate) fn lower() -> Result<(), String> {
    Err("only Linux gives single threads a priority of their own".to_owned())
}
