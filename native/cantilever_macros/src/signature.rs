//! The parameters of a native function: what the VM passes, and what the kit adds.

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Error, FnArg, GenericParam, Pat, Result, Safety, Signature, Type};

/// Where a parameter's value comes from.
pub(crate) enum Parameter {
    Env,
    CancelToken,
    Argument { name: String, wanted: String },
}

/// Reads the parameters of `signature`; all that is wrong with them is reported at once.
pub(crate) fn parameters(signature: &Signature) -> Result<Vec<Parameter>> {
    let mut errors = Errors::default();
    check_form(signature, &mut errors);
    let is_async = signature.asyncness.is_some();
    let parameters = signature
        .inputs
        .iter()
        .enumerate()
        .filter_map(|(index, input)| match input {
            FnArg::Typed(typed) => {
                if is_async {
                    check_owned(&typed.ty, &mut errors);
                }
                Some(classify(index, typed, &mut errors))
            }
            FnArg::Receiver(receiver) => {
                errors.push(
                    receiver.span(),
                    "a native function has no `self`: write a plain `fn`",
                );
                None
            }
        })
        .collect();
    errors.into_result().map(|()| parameters)
}

fn classify(index: usize, typed: &syn::PatType, errors: &mut Errors) -> Parameter {
    match last_segment(&typed.ty).as_deref() {
        Some("Env") => {
            if index > 0 {
                errors.push(typed.span(), "`Env` must be the first parameter");
            }
            Parameter::Env
        }
        Some("CancelToken") => Parameter::CancelToken,
        _ => Parameter::Argument {
            name: match typed.pat.as_ref() {
                Pat::Ident(pattern) => pattern.ident.to_string().trim_start_matches('_').to_owned(),
                _ => "pattern".to_owned(),
            },
            wanted: typed.ty.to_token_stream().to_string().replace(' ', ""),
        },
    }
}

fn check_form(signature: &Signature, errors: &mut Errors) {
    for parameter in &signature.generics.params {
        if !matches!(parameter, GenericParam::Lifetime(_)) {
            errors.push(
                parameter.span(),
                "a native function cannot be generic: the VM calls one function, of known types",
            );
        }
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        errors.push(
            unsafety.span(),
            "a native function must be safe to call with any term",
        );
    }
    if let Some(abi) = &signature.abi {
        errors.push(
            abi.span(),
            "the macro writes the `extern \"C\"` function: write a plain `fn`",
        );
    }
}

/// An `async fn` outlives the call in which its arguments were terms.
fn check_owned(ty: &Type, errors: &mut Errors) {
    let advice = match ty {
        Type::Reference(reference) => match reference.elem.to_token_stream().to_string().as_str() {
            "str" => "write `String`",
            "[u8]" | "[u8 ;]" => "write `cantilever::SharedBinary`",
            _ => "take it by value",
        },
        _ => match last_segment(ty).as_deref() {
            Some("Binary") => {
                "write `cantilever::SharedBinary`, which is kept without a copy when it is large"
            }
            Some("Term") => "decode it: write the type that you want",
            Some("Env") => "return a value to have it encoded",
            Some("ListIterator") => "write `Vec<…>`",
            Some("MapIterator") => "write `HashMap<…>`",
            _ => return,
        },
    };
    errors.push(
        ty.span(),
        &format!(
            "an `async fn` cannot borrow from its call, which it outlives when it yields: {advice}"
        ),
    );
}

fn last_segment(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => path
            .path
            .segments
            .last()
            .map(|segment| segment.ident.to_string()),
        _ => None,
    }
}

#[derive(Default)]
struct Errors(Option<Error>);

impl Errors {
    fn push(&mut self, span: proc_macro2::Span, message: &str) {
        let error = Error::new(span, message);
        match &mut self.0 {
            Some(all) => all.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn into_result(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}
