//! The parameters of a native function: what the VM passes, and what the kit adds.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, GenericArgument, GenericParam, Pat, PathArguments, Result, Safety, Signature,
    Type,
};

/// Where a parameter's value comes from.
pub(crate) enum Parameter {
    Env,
    CancelToken,
    Argument {
        name: String,
        wanted: String,
        span: Span,
    },
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
            wanted: wanted(&typed.ty),
            span: typed.ty.span(),
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

/// The type as its author wrote it, without lifetimes and spaces.
fn wanted(ty: &Type) -> String {
    fn strip(tokens: TokenStream, text: &mut String) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                    tokens.next();
                    // `Pair<'a, T>` is `Pair<T>`.
                    tokens.next_if(|next| next.to_string() == ",");
                }
                TokenTree::Group(group) => {
                    // What a `macro_rules!` has put in stands in a group without delimiters.
                    let (open, close) = match group.delimiter() {
                        Delimiter::Parenthesis => ("(", ")"),
                        Delimiter::Bracket => ("[", "]"),
                        Delimiter::Brace => ("{", "}"),
                        Delimiter::None => ("", ""),
                    };
                    text.push_str(open);
                    strip(group.stream(), text);
                    text.push_str(close);
                }
                other => text.push_str(&other.to_string()),
            }
        }
    }
    let mut text = String::new();
    strip(ty.to_token_stream(), &mut text);
    text.replace("<>", "")
}

/// Whether decoding a value of the type takes about the same time for any term.
pub(crate) fn decodes_at_once(wanted: &str) -> bool {
    const SHORT: [&str; 21] = [
        "u8",
        "u16",
        "u32",
        "u64",
        "usize",
        "i8",
        "i16",
        "i32",
        "i64",
        "isize",
        "f32",
        "f64",
        "bool",
        "Atom",
        "LocalPid",
        "Reference",
        "Handle",
        "ResourceArc",
        "SharedBinary",
        "u128",
        "i128",
    ];
    let inner = wanted
        .strip_prefix("Option<")
        .and_then(|rest| rest.strip_suffix('>'));
    let name = inner
        .unwrap_or(wanted)
        .split('<')
        .next()
        .unwrap_or_default();
    SHORT.contains(&name.rsplit("::").next().unwrap_or(name))
}

/// An `async fn` outlives the call in which its arguments were terms.
fn check_owned(ty: &Type, errors: &mut Errors) {
    let advice = match ty {
        Type::Reference(reference) => match reference.elem.to_token_stream().to_string().as_str() {
            "str" => "write `String`",
            "[u8]" | "[u8 ;]" => "write `cantilever::SharedBinary`",
            _ => "take it by value",
        },
        Type::Group(group) => return check_owned(&group.elem, errors),
        Type::Tuple(tuple) => return tuple.elems.iter().for_each(|ty| check_owned(ty, errors)),
        Type::Path(path) => {
            match path
                .path
                .segments
                .last()
                .map(|segment| segment.ident.to_string())
                .as_deref()
            {
                Some("Binary") => {
                    "write `cantilever::SharedBinary`, which is kept without a copy when it is large"
                }
                Some("Term") => "decode it: write the type that you want",
                Some("Env") => "return a value to have it encoded",
                Some("ListIterator") => "write `Vec<…>`",
                Some("MapIterator") => "write `HashMap<…>`",
                _ => return inner_types(path).for_each(|ty| check_owned(ty, errors)),
            }
        }
        _ => return,
    };
    errors.push(
        ty.span(),
        &format!(
            "an `async fn` cannot borrow from its call, which it outlives when it yields: {advice}"
        ),
    );
}

/// The `T`s of `Vec<T>`, `HashMap<T, T>` and the like.
fn inner_types(path: &syn::TypePath) -> impl Iterator<Item = &Type> {
    path.path
        .segments
        .iter()
        .filter_map(|segment| match &segment.arguments {
            PathArguments::AngleBracketed(arguments) => Some(&arguments.args),
            _ => None,
        })
        .flatten()
        .filter_map(|argument| match argument {
            GenericArgument::Type(ty) => Some(ty),
            _ => None,
        })
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
    fn push(&mut self, span: Span, message: &str) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_without_lifetimes() {
        for (ty, text) in [
            ("&'a str", "&str"),
            ("Binary<'_>", "Binary"),
            ("Vec<Option<u8>>", "Vec<Option<u8>>"),
            ("Pair<'a, (i64, String)>", "Pair<(i64,String)>"),
        ] {
            let ty: Type = syn::parse_str(ty).unwrap();
            assert_eq!(wanted(&ty), text);
        }
    }

    #[test]
    fn lists_and_strings_take_as_long_as_they_are() {
        assert!(decodes_at_once("u64"));
        assert!(decodes_at_once("Option<cantilever::Atom>"));
        assert!(decodes_at_once("Handle<Scene>"));
        assert!(!decodes_at_once("Vec<u8>"));
        assert!(!decodes_at_once("String"));
        assert!(!decodes_at_once("Scene"));
    }
}
