//! `#[derive(NifError)]`.

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, LitStr, Result, Variant};

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(Error::new_spanned(
            &input.ident,
            "NifError is derived for an enum, whose variants are the kinds of error",
        ));
    };
    let ident = &input.ident;
    let (impl_generics, type_generics, where_clause) = input.generics.split_for_impl();
    let variants: Vec<_> = data.variants.iter().map(|variant| &variant.ident).collect();
    let kinds = data.variants.iter().map(kind).collect::<Result<Vec<_>>>()?;

    Ok(quote! {
        impl #impl_generics ::cantilever::Encoder for #ident #type_generics #where_clause {
            fn encode<'__env>(
                &self,
                env: ::cantilever::Env<'__env>,
            ) -> ::cantilever::Term<'__env> {
                let kind: &'static str = match self {
                    #(Self::#variants { .. } => #kinds,)*
                };
                ::cantilever::__private::encode_error(env, kind, self)
            }
        }
    })
}

fn kind(variant: &Variant) -> Result<String> {
    for attribute in &variant.attrs {
        if attribute.path().is_ident("nif_error") {
            let literal: LitStr = attribute.parse_args()?;
            let kind = literal.value();
            if kind.is_empty() || kind.len() > 255 || !kind.is_ascii() {
                return Err(Error::new(
                    literal.span(),
                    "a kind has 1 to 255 ASCII characters",
                ));
            }
            return Ok(kind);
        }
    }
    Ok(variant.ident.to_string().to_snake_case())
}
