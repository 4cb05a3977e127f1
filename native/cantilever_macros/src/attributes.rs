//! What stands between the parentheses of `#[cantilever::nif(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::Parser;
use syn::{Error, LitStr, Result};

/// How the VM runs a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schedule {
    Normal,
    DirtyCpu,
    DirtyIo,
    Yielding,
}

impl Schedule {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Schedule::Normal => "Normal",
            Schedule::DirtyCpu => "DirtyCpu",
            Schedule::DirtyIo => "DirtyIo",
            Schedule::Yielding => "Yielding",
        }
    }
}

pub(crate) struct Attributes {
    pub(crate) schedule: Schedule,
    pub(crate) name: String,
}

impl Attributes {
    /// Reads the attribute of the function `signature`.
    pub(crate) fn parse(tokens: TokenStream, signature: &syn::Signature) -> Result<Self> {
        let mut schedule: Option<LitStr> = None;
        let mut name: Option<LitStr> = None;
        syn::meta::parser(|meta| {
            let slot = if meta.path.is_ident("schedule") {
                &mut schedule
            } else if meta.path.is_ident("name") {
                &mut name
            } else {
                return Err(meta.error("unknown option: `schedule` and `name` are known"));
            };
            if slot.is_some() {
                return Err(meta.error("this option is given twice"));
            }
            *slot = Some(meta.value()?.parse()?);
            Ok(())
        })
        .parse2(tokens)?;

        Ok(Attributes {
            schedule: read_schedule(schedule.as_ref(), signature.asyncness.is_some())?,
            name: match name {
                Some(name) => read_name(&name.value(), name.span())?,
                None => read_name(&signature.ident.unraw().to_string(), signature.ident.span())?,
            },
        })
    }
}

fn read_schedule(schedule: Option<&LitStr>, is_async: bool) -> Result<Schedule> {
    let Some(literal) = schedule else {
        return Ok(if is_async {
            Schedule::Yielding
        } else {
            Schedule::Normal
        });
    };
    let fail = |message: String| Err(Error::new(literal.span(), message));
    match (literal.value().as_str(), is_async) {
        ("Normal", false) => Ok(Schedule::Normal),
        ("DirtyCpu", false) => Ok(Schedule::DirtyCpu),
        ("DirtyIo", false) => Ok(Schedule::DirtyIo),
        ("Yielding", true) => Ok(Schedule::Yielding),
        ("Yielding", false) => fail(
            "a Yielding function is an `async fn` that awaits `cantilever::checkpoint()` in its \
             loops: write `async fn`"
                .to_owned(),
        ),
        (known @ ("Normal" | "DirtyCpu" | "DirtyIo"), true) => fail(format!(
            "an `async fn` is Yielding and runs on the normal schedulers, a slice at a time: \
             leave out `schedule`, or write `fn` to run it as {known}"
        )),
        (unknown, _) => fail(format!(
            "unknown schedule {unknown:?}: write \"Normal\", \"DirtyCpu\" or \"DirtyIo\", or an \
             `async fn` without a schedule for Yielding"
        )),
    }
}

fn read_name(value: &str, span: Span) -> Result<String> {
    let plain = |c: char| c.is_ascii_graphic() && c != '/' && c != '=';
    if value.is_empty() || value.len() > 255 || !value.chars().all(plain) {
        return Err(Error::new(
            span,
            "a function's name has 1 to 255 printable ASCII characters, without spaces, `/` and `=`",
        ));
    }
    Ok(value.to_owned())
}
