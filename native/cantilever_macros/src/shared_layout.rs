//! `#[derive(SharedLayout)]` and `#[cantilever::resource]`.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::parse::Parser;
use syn::{Attribute, Data, DeriveInput, Error, Fields, LitInt, Result, Variant};

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
    let parts = match &input.data {
        Data::Struct(data) => fields(&data.fields, true),
        Data::Enum(data) => {
            let variants = data
                .variants
                .iter()
                .map(variant)
                .collect::<Result<Vec<_>>>()?;
            let repr = repr(&input.attrs);
            quote!(.text(#repr) #(#variants)*)
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
    })
}

fn variant(variant: &Variant) -> Result<TokenStream> {
    let name = variant.ident.to_string();
    let fields = fields(&variant.fields, false);
    let discriminant = match &variant.discriminant {
        None => String::new(),
        Some((_, value)) => {
            let text = value.to_token_stream().to_string().replace(' ', "");
            let digits = text.strip_prefix('-').unwrap_or(&text);
            if !digits.starts_with(|c: char| c.is_ascii_digit()) {
                return Err(Error::new_spanned(
                    value,
                    "what another build is to understand must be a literal number",
                ));
            }
            text
        }
    };
    Ok(quote!(.text(#name) .text(#discriminant) #fields))
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
    let parts = fields.iter().enumerate().map(|(index, field)| {
        let ty = &field.ty;
        let (name, member) = match &field.ident {
            Some(ident) => (ident.to_string(), quote!(#ident)),
            None => {
                let index = syn::Index::from(index);
                (
                    format_ident!("_{}", index.index).to_string(),
                    quote!(#index),
                )
            }
        };
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
        if layout.is_some() {
            return Err(meta.error("this option is given twice"));
        }
        layout = Some(meta.value()?.parse()?);
        Ok(())
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
    let implementation = expand(input)?;
    Ok(quote! {
        #input

        #implementation

        ::cantilever::__private::inventory::submit!(::cantilever::__private::Resource {
            id: ::core::any::TypeId::of::<#ident>,
            declared: ::cantilever::__private::Declared::of::<#ident>(#number),
        });
    })
}
