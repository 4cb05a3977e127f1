//! `#[derive(SharedLayout)]` and `#[cantilever::resource]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::parse::Parser;
use syn::{
    Attribute, Data, DeriveInput, Error, Expr, ExprGroup, ExprLit, ExprUnary, Fields, Lit, LitInt,
    Result, UnOp, Variant,
};

use crate::attributes::read_once;

/// Implements the trait with what the type consists of.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "a type that other builds of the library can use has no parameters",
        ));
    }
    let ident = &input.ident;
    let name = ident.to_string();
    let (parts, patterns) = match &input.data {
        Data::Struct(data) => {
            let pattern = pattern(&quote!(#ident), &data.fields);
            (fields(&data.fields, true), vec![pattern])
        }
        Data::Enum(data) => {
            let variants = data
                .variants
                .iter()
                .map(variant)
                .collect::<Result<Vec<_>>>()?;
            let patterns = data.variants.iter().map(|variant| {
                let name = &variant.ident;
                pattern(&quote!(#ident::#name), &variant.fields)
            });
            let repr = repr(&input.attrs);
            (quote!(.text(#repr) #(#variants)*), patterns.collect())
        }
        Data::Union(data) => {
            return Err(Error::new_spanned(
                data.union_token,
                "nothing tells what a union holds: use an enum",
            ));
        }
    };
    Ok(quote! {
        // SAFETY: what is hashed is all that the type consists of.
        unsafe impl ::cantilever::SharedLayout for #ident {
            const STRUCTURE: ::core::primitive::u64 =
                ::cantilever::__private::Structure::of::<Self>(#name) #parts .get();
        }

        // Does not compile where something has changed the type after this was derived.
        const _: fn(#ident) = |value| match value { #(#patterns => (),)* };
    })
}

fn pattern(path: &TokenStream, fields: &Fields) -> TokenStream {
    let members = fields.members();
    quote!(#path { #(#members: _),* })
}

fn variant(variant: &Variant) -> Result<TokenStream> {
    let name = variant.ident.to_string();
    let fields = fields(&variant.fields, false);
    let discriminant = match &variant.discriminant {
        None => String::new(),
        Some((_, value)) => discriminant(value)?.to_string(),
    };
    Ok(quote!(.text(#name) .text(#discriminant) #fields))
}

/// Constants may differ between builds.
fn discriminant(value: &Expr) -> Result<i128> {
    match value {
        Expr::Lit(ExprLit {
            lit: Lit::Int(number),
            ..
        }) => number.base10_parse(),
        Expr::Unary(ExprUnary {
            op: UnOp::Neg(_),
            expr,
            ..
        }) => discriminant(expr).map(|number| -number),
        Expr::Group(ExprGroup { expr, .. }) => discriminant(expr),
        _ => Err(Error::new_spanned(
            value,
            "what another build is to understand must be a literal number",
        )),
    }
}

fn repr(attributes: &[Attribute]) -> String {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("repr"))
        .map(|attribute| attribute.meta.to_token_stream().to_string())
        .collect()
}

/// Where each field is can be asked of structs only; a compiler lays out equal enums equally.
fn fields(fields: &Fields, with_offsets: bool) -> TokenStream {
    let parts = fields.iter().zip(fields.members()).map(|(field, member)| {
        let ty = &field.ty;
        let name = member.to_token_stream().to_string();
        let offset = with_offsets.then(
            || quote!(.number(::core::mem::offset_of!(Self, #member) as ::core::primitive::u64)),
        );
        quote!(.text(#name) #offset .part::<#ty>())
    });
    quote!(#(#parts)*)
}

/// Reads `layout = N`, and makes the type known.
pub(crate) fn expand_resource(attribute: TokenStream, input: &DeriveInput) -> Result<TokenStream> {
    let mut layout: Option<LitInt> = None;
    syn::meta::parser(|meta| {
        if !meta.path.is_ident("layout") {
            return Err(meta.error("unknown option: `layout` is known"));
        }
        read_once(&meta, &mut layout)
    })
    .parse2(attribute)?;
    let Some(layout) = layout else {
        return Err(Error::new_spanned(
            &input.ident,
            "say which layout it is, as `#[cantilever::resource(layout = 1)]`",
        ));
    };
    let number: u32 = layout.base10_parse()?;
    if number == 0 {
        return Err(Error::new_spanned(layout, "layouts are counted from 1"));
    }
    let ident = &input.ident;
    Ok(quote! {
        // Not an implementation: a derive gets to see what is left of the type when `cfg` has been looked at.
        #[derive(::cantilever::SharedLayout)]
        #input

        ::cantilever::__private::inventory::submit!(::cantilever::__private::Resource {
            id: ::core::any::TypeId::of::<#ident>,
            declared: ::cantilever::__private::Declared::of::<#ident>(#number),
        });
    })
}
