//! `#[cantilever::nif]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{ItemFn, Result};

use crate::attributes::{Attributes, Schedule};
use crate::signature::{Parameter, decodes_at_once, parameters};

pub(crate) fn expand(attributes: TokenStream, function: &ItemFn) -> Result<TokenStream> {
    let Attributes {
        schedule,
        name,
        limit,
    } = Attributes::parse(attributes, &function.sig)?;
    let parameters = parameters(&function.sig)?;

    let mut decoding = TokenStream::new();
    let mut values = Vec::new();
    let mut arity = 0_u32;
    let mut may_be_long = false;
    for parameter in &parameters {
        values.push(match parameter {
            Parameter::Env => quote!(__args.env()),
            Parameter::CancelToken => quote!(__args.cancel_token()?),
            Parameter::Argument { name, wanted, span } => {
                may_be_long |= !decodes_at_once(wanted);
                let value = format_ident!("__argument_{arity}");
                let index = arity as usize;
                arity += 1;
                let decode = match wanted.as_str() {
                    "u8" | "i8" | "u16" | "i16" => quote!(decode_narrow),
                    _ => quote!(decode),
                };
                decoding.extend(quote_spanned! {*span=>
                    let #value = __args.#decode(#index, #name, #wanted)?;
                });
                quote!(#value)
            }
        });
    }

    let ident = &function.sig.ident;
    let call = quote!(#ident(#(#values),*));
    let mut implementation = implementation(schedule, may_be_long, &decoding, &call);
    if let Some(kind) = dirty_kind(schedule) {
        implementation.extend(dirty_implementation(&kind, limit));
    }
    let entry = match schedule {
        Schedule::Normal => quote!(call_sync),
        Schedule::Yielding => quote!(call_yielding),
        Schedule::DirtyCpu | Schedule::DirtyIo => quote!(call_dirty),
    };
    let flags = match schedule {
        Schedule::Normal | Schedule::Yielding => quote!(ERL_NIF_NORMAL_JOB),
        Schedule::DirtyCpu => quote!(ERL_NIF_DIRTY_JOB_CPU_BOUND),
        Schedule::DirtyIo => quote!(ERL_NIF_DIRTY_JOB_IO_BOUND),
    };
    let schedule_name = schedule.name();
    let terminated = format!("{name}\0");
    // The VM reads up to the NUL; `Cantilever.Nif` finds the rest in the library's file.
    let described = format!("{name}\0cantilever.nif={name}/{arity} {schedule_name}\n\0");

    Ok(quote! {
        #function

        const _: () = {
            struct __Nif;

            const __INFO: &::cantilever::__private::NifInfo =
                &::cantilever::__private::NifInfo {
                    name: #terminated,
                    arity: #arity,
                    schedule: #schedule_name,
                };

            #implementation

            ::cantilever::__private::inventory::submit!(::cantilever::__private::Nif {
                name: #described.as_ptr() as *const ::cantilever::__private::c_char,
                arity: #arity,
                flags: ::cantilever::__private::#flags,
                raw_func: ::cantilever::__private::#entry::<__Nif>,
            });

            ::cantilever::__private::inventory::submit!(
                ::cantilever::__private::Listed(__INFO)
            );
        };
    })
}

fn implementation(
    schedule: Schedule,
    may_be_long: bool,
    decoding: &TokenStream,
    call: &TokenStream,
) -> TokenStream {
    if schedule == Schedule::Yielding {
        quote! {
            impl ::cantilever::__private::YieldingNif for __Nif {
                const INFO: &'static ::cantilever::__private::NifInfo = __INFO;

                #[inline]
                fn start(
                    __start: ::cantilever::__private::Start<'_, '_>,
                ) -> ::core::result::Result<
                    ::cantilever::__private::Started,
                    ::cantilever::__private::BadArgument,
                > {
                    __start.run(#may_be_long, |__args| {
                        #decoding
                        ::core::result::Result::Ok(#call)
                    })
                }
            }
        }
    } else {
        // Only on a normal scheduler there are slices, in which a call can go on.
        let finish = match schedule {
            Schedule::Normal => quote!(finish),
            _ => quote!(finish_at_once),
        };
        quote! {
            impl ::cantilever::__private::SyncNif for __Nif {
                const INFO: &'static ::cantilever::__private::NifInfo = __INFO;

                #[inline]
                fn call(
                    __args: &::cantilever::__private::Args<'_>,
                ) -> ::core::result::Result<
                    ::cantilever::__private::Returned,
                    ::cantilever::__private::BadArgument,
                > {
                    #decoding
                    ::core::result::Result::Ok(__args.#finish(#call))
                }
            }
        }
    }
}

fn dirty_kind(schedule: Schedule) -> Option<TokenStream> {
    match schedule {
        Schedule::DirtyCpu => Some(quote!(Cpu)),
        Schedule::DirtyIo => Some(quote!(Io)),
        Schedule::Normal | Schedule::Yielding => None,
    }
}

fn dirty_implementation(kind: &TokenStream, limit: Option<u32>) -> TokenStream {
    let limit = match limit {
        Some(limit) => quote!(#limit),
        None => quote!(::core::primitive::u32::MAX),
    };
    quote! {
        impl ::cantilever::__private::DirtyNif for __Nif {
            const KIND: ::cantilever::__private::DirtyKind =
                ::cantilever::__private::DirtyKind::#kind;

            fn limit() -> &'static ::cantilever::__private::FunctionLimit {
                static LIMIT: ::cantilever::__private::FunctionLimit =
                    ::cantilever::__private::FunctionLimit::new(#limit);
                &LIMIT
            }
        }
    }
}
