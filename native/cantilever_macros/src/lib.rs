//! The macros of the crate `cantilever`, which re-exports and documents them.

#![forbid(unsafe_code)]

mod attributes;
mod nif;
mod nif_error;
mod shared_layout;
mod signature;

use proc_macro::TokenStream;
use syn::parse_macro_input;

/// Makes a function a native function of the module that [`init!`](../cantilever/macro.init.html)
/// names.
///
/// | the function | runs | for |
/// |---|---|---|
/// | `fn` | on the scheduler, in one go (Normal) | what is sure to end within a millisecond |
/// | `async fn` | on the schedulers, a slice at a time (Yielding) | loops of your own, however long |
/// | `fn`, `schedule = "DirtyCpu"` | on a dirty CPU scheduler | foreign code that cannot yield, rayon |
/// | `fn`, `schedule = "DirtyIo"` | on a dirty I/O scheduler | what waits for files or devices |
///
/// `name = "…"` gives it another name in Elixir. Arguments are decoded and the result is encoded
/// as rustler does it; an `Env` may come first and a `CancelToken` anywhere, neither counting
/// towards the arity. An argument that does not decode raises an `ArgumentError` that names it,
/// a panic a `Cantilever.NativePanic`.
///
/// Of the dirty schedulers of each kind, the calls of a library hold at most one fewer than there are
/// (`dirty_cpu_limit` and `dirty_io_limit` in the load data say otherwise): the VM needs them too, for
/// files and for large collections. `limit = n` lets at most `n` calls of one function run at once,
/// within that. Further calls wait, first come first served, with their processes suspended, so that
/// they hold no thread. A dirty call must therefore not wait for another one of its library.
///
/// An `async fn` owns its arguments, as it outlives the call's first slice: `String` instead of
/// `&str`, `SharedBinary` instead of `Binary`. It yields where it awaits `cantilever::checkpoint()`;
/// while it awaits something else, such as a channel, its process is suspended.
/// Decoding and encoding do not yield: a list costs about 30 ns for each item, so one that may have
/// more than some 10,000 is better passed as a binary, or to a dirty function.
///
/// No term outlives a slice of an `async fn`. What reads or builds terms of any size, a slice at a time, is a
/// [`Continuation`](../cantilever/trait.Continuation.html), with which a Normal function goes on by returning a
/// [`Continue`](../cantilever/struct.Continue.html).
///
/// Where there is no memory for a binary or a `Vec`, the node ends, as it does for the VM's own: give
/// a length that comes from a caller a limit. A `Drop` that panics while another panic unwinds ends
/// it too, as in any Rust program.
///
/// ```no_run
/// use cantilever::SharedBinary;
///
/// #[cantilever::nif(name = "count_lines")]
/// async fn count(text: SharedBinary) -> usize {
///     let mut lines = 0;
///     for chunk in text.chunks(16 * 1024) {
///         lines += chunk.iter().filter(|byte| **byte == b'\n').count();
///         cantilever::checkpoint().await;
///     }
///     lines
/// }
/// ```
#[proc_macro_attribute]
pub fn nif(attributes: TokenStream, function: TokenStream) -> TokenStream {
    let function = parse_macro_input!(function as syn::ItemFn);
    nif::expand(attributes.into(), &function)
        .unwrap_or_else(|error| {
            let error = error.into_compile_error();
            quote::quote!(#error #function)
        })
        .into()
}

/// Encodes an error enum as `{kind, message}`, so that a function which returns it in a `Result`
/// gives `{:error, {kind, message}}`.
///
/// The kind is the variant's name in snake case, or what `#[nif_error("kind")]` on the variant
/// says; the message is what `Display` says, as derived by `thiserror`.
///
/// ```no_run
/// #[derive(Debug, thiserror::Error, cantilever::NifError)]
/// enum ThumbnailError {
///     #[error("{0} is not a format that can be read")]
///     UnsupportedFormat(String),
///     #[error("the picture has {pixels} pixels, more than {limit}")]
///     #[nif_error("too_large")]
///     TooManyPixels { pixels: u64, limit: u64 },
/// }
///
/// #[cantilever::nif]
/// fn check(format: String) -> Result<bool, ThumbnailError> {
///     match format.as_str() {
///         "png" => Ok(true),
///         // {:error, {:unsupported_format, "gif is not a format that can be read"}}
///         _ => Err(ThumbnailError::UnsupportedFormat(format)),
///     }
/// }
/// ```
#[proc_macro_derive(NifError, attributes(nif_error))]
pub fn nif_error(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    nif_error::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Declares the layout of a type, so that handles to its values survive an upgrade of the library.
///
/// A [`Handle`](../cantilever/struct.Handle.html) that one build has made raises a `Cantilever.StaleHandle` in the
/// next. If both builds declare the type with the same number, and its fields are the same in both, the new build
/// takes the value over, and goes on working with it: with the very value, which calls in flight in the old build
/// may be using too.
///
/// The number is the author's promise that the values *mean* the same to both builds: give it another one when the
/// meaning of a field changes. What they look like is checked, down to the last field: another type, name, order or
/// size of a field, another compiler, other flags for it, or an allocator of a library's own, and the handle is
/// stale, with the reason in its message. Every field must be
/// [`SharedLayout`](../cantilever/trait.SharedLayout.html). A value is dropped by the build that has made it.
///
/// ```no_run
/// use std::sync::Mutex;
/// use std::collections::HashMap;
/// use cantilever::Handle;
///
/// #[cantilever::resource(layout = 1)]
/// struct Counters {
///     by_name: Mutex<HashMap<String, u64>>,
/// }
///
/// #[cantilever::nif]
/// fn increment(counters: Handle<Counters>, name: String) -> u64 {
///     let mut by_name = counters.by_name.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
///     let count = by_name.entry(name).or_default();
///     *count += 1;
///     *count
/// }
/// # fn main() {}
/// ```
#[proc_macro_attribute]
pub fn resource(attribute: TokenStream, item: TokenStream) -> TokenStream {
    let input = parse_macro_input!(item as syn::DeriveInput);
    shared_layout::expand_resource(attribute.into(), &input)
        .unwrap_or_else(|error| {
            let error = error.into_compile_error();
            quote::quote!(#error #input)
        })
        .into()
}

/// Lets a type be part of a [`resource`](macro@resource): each of its fields must be `SharedLayout` too.
#[proc_macro_derive(SharedLayout)]
pub fn shared_layout(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as syn::DeriveInput);
    shared_layout::expand(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
