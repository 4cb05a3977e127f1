//! What stands between the parentheses of `#[cantilever::nif(…)]`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::parse::{Parse, Parser};
use syn::{Error, LitInt, LitStr, Result};

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
    /// How many calls of a dirty function may run at once.
    pub(crate) limit: Option<u32>,
}

impl Attributes {
    /// Reads the attribute of the function `signature`.
    pub(crate) fn parse(tokens: TokenStream, signature: &syn::Signature) -> Result<Self> {
        let mut schedule: Option<LitStr> = None;
        let mut name: Option<LitStr> = None;
        let mut limit: Option<LitInt> = None;
        syn::meta::parser(|meta| {
            if meta.path.is_ident("schedule") {
                read_once(&meta, &mut schedule)
            } else if meta.path.is_ident("name") {
                read_once(&meta, &mut name)
            } else if meta.path.is_ident("limit") {
                read_once(&meta, &mut limit)
            } else {
                Err(meta.error("unknown option: `schedule`, `name` and `limit` are known"))
            }
        })
        .parse2(tokens)?;

        let schedule = read_schedule(schedule.as_ref(), signature.asyncness.is_some())?;
        Ok(Attributes {
            schedule,
            limit: limit
                .map(|limit| read_limit(&limit, schedule))
                .transpose()?,
            name: match name {
                Some(name) => read_name(&name.value(), name.span())?,
                None => read_name(&signature.ident.unraw().to_string(), signature.ident.span())?,
            },
        })
    }
}

/// Reads the value of an option that is given once at most.
pub(crate) fn read_once<T: Parse>(meta: &ParseNestedMeta<'_>, slot: &mut Option<T>) -> Result<()> {
    if slot.is_some() {
        return Err(meta.error("this option is given twice"));
    }
    *slot = Some(meta.value()?.parse()?);
    Ok(())
}

fn read_limit(literal: &LitInt, schedule: Schedule) -> Result<u32> {
    let fail = |message| Err(Error::new(literal.span(), message));
    if !matches!(schedule, Schedule::DirtyCpu | Schedule::DirtyIo) {
        return fail(
            "only a dirty function has a limit: add `schedule = \"DirtyCpu\"` or leave it out",
        );
    }
    match literal.base10_parse() {
        Ok(0) => fail("with a limit of 0 the function would never run: write 1 or more"),
        limit => limit,
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
