//! A term as Elixir writes it, cut short: an error message must not cost more than its call.

use rustler::sys::{c_int, enif_get_tuple};
use rustler::{Atom, Binary, MapIterator, Term, TermType};

const MOST_ITEMS: usize = 5;
const MOST_BYTES: usize = 60;
const MOST_DEPTH: usize = 3;
/// Beyond this many bytes nothing more is written, but what was begun is ended.
const MOST_TEXT: usize = 1_000;

/// Writes `term` as Elixir would, with at most a few items of each collection.
pub(crate) fn inspect(term: Term<'_>) -> String {
    let mut out = String::new();
    write(&mut out, term, 0);
    out
}

fn write(out: &mut String, term: Term<'_>, depth: usize) {
    if depth > MOST_DEPTH || out.len() > MOST_TEXT {
        out.push_str("...");
        return;
    }
    match term.get_type() {
        TermType::Atom => write_atom(out, term),
        TermType::Integer => write_integer(out, term),
        TermType::Float => match term.decode::<f64>() {
            Ok(value) => out.push_str(&format!("{value:?}")),
            Err(_) => out.push_str("a float"),
        },
        TermType::Binary => write_binary(out, term),
        TermType::List => write_items(out, ["[", "]"], list_items(term), depth),
        TermType::Tuple => write_items(out, ["{", "}"], tuple_items(term), depth),
        TermType::Map => write_map(out, term, depth),
        TermType::Fun => out.push_str("a function"),
        TermType::Pid => out.push_str(&format!("#PID{term:?}")),
        TermType::Port | TermType::Ref => out.push_str(&format!("{term:?}")),
        TermType::Unknown => out.push_str("a bitstring"),
    }
}

fn write_atom(out: &mut String, term: Term<'_>) {
    let Ok(name) = term.atom_to_string() else {
        out.push_str(&format!(":{term:?}"));
        return;
    };
    let plain = !name.is_empty()
        && name.chars().enumerate().all(|(i, c)| {
            c == '_' || c.is_alphabetic() || (i > 0 && (c.is_alphanumeric() || c == '@'))
        });
    match name.as_str() {
        "nil" | "true" | "false" => out.push_str(&name),
        module if module.starts_with("Elixir.") => out.push_str(&module["Elixir.".len()..]),
        _ if plain => out.push_str(&format!(":{name}")),
        _ => out.push_str(&format!(":{name:?}")),
    }
}

fn write_integer(out: &mut String, term: Term<'_>) {
    if let Ok(value) = term.decode::<i64>() {
        out.push_str(&value.to_string());
    } else if let Ok(value) = term.decode::<u64>() {
        out.push_str(&value.to_string());
    } else {
        // Writing one out takes time quadratic in its length.
        out.push_str("an integer of more than 64 bits");
    }
}

fn write_binary(out: &mut String, term: Term<'_>) {
    let Ok(binary) = term.decode::<Binary<'_>>() else {
        out.push_str("a bitstring");
        return;
    };
    let head = &binary[..binary.len().min(MOST_BYTES)];
    let text = match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        // The cut may have gone through a character.
        Err(error) if error.error_len().is_none() && head.len() < binary.len() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    match text {
        Some(text) => out.push_str(&format!("{text:?}")),
        None => {
            let bytes: Vec<String> = head.iter().take(16).map(u8::to_string).collect();
            out.push_str(&format!("<<{}", bytes.join(", ")));
            out.push_str(if bytes.len() < binary.len() {
                ", ...>>"
            } else {
                ">>"
            });
        }
    }
    if head.len() < binary.len() {
        out.push_str(&format!(" (the start of {} bytes)", binary.len()));
    }
}

/// The items of a list, the tail of an improper one included.
fn list_items(list: Term<'_>) -> impl Iterator<Item = Term<'_>> {
    let mut rest = Some(list);
    std::iter::from_fn(move || {
        let term = rest.take()?;
        match term.list_get_cell() {
            Ok((head, tail)) => {
                rest = Some(tail);
                Some(head)
            }
            Err(_) => (!term.is_empty_list()).then_some(term),
        }
    })
}

fn tuple_items<'a>(tuple: Term<'a>) -> impl Iterator<Item = Term<'a>> {
    let env = tuple.get_env();
    let mut arity: c_int = 0;
    let mut items = std::ptr::null();
    // SAFETY: `tuple` is a term of `env`; when the call succeeds, `items` points to `arity` terms
    // of `env`, which live as long as it does.
    let items: &'a [_] = unsafe {
        let found = enif_get_tuple(env.as_c_arg(), tuple.as_c_arg(), &mut arity, &mut items) != 0;
        if found && arity > 0 {
            std::slice::from_raw_parts(items, arity as usize)
        } else {
            &[]
        }
    };
    // SAFETY: as above.
    items
        .iter()
        .map(move |item| unsafe { Term::new(env, *item) })
}

fn write_items<'a>(
    out: &mut String,
    [open, close]: [&str; 2],
    mut items: impl Iterator<Item = Term<'a>>,
    depth: usize,
) {
    out.push_str(open);
    for (i, item) in items.by_ref().take(MOST_ITEMS).enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write(out, item, depth + 1);
    }
    if items.next().is_some() {
        out.push_str(", ...");
    }
    out.push_str(close);
}

fn write_map(out: &mut String, term: Term<'_>, depth: usize) {
    let Some(mut entries) = MapIterator::new(term) else {
        out.push_str("a map");
        return;
    };
    let struct_name = Atom::from_str(term.get_env(), "__struct__")
        .ok()
        .and_then(|key| term.map_get(key).ok())
        .filter(|name| name.is_atom());
    match struct_name {
        Some(name) => {
            out.push('%');
            write_atom(out, name);
            out.push_str("{...}");
        }
        None => {
            out.push_str("%{");
            for (i, (key, value)) in entries.by_ref().take(MOST_ITEMS).enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write(out, key, depth + 1);
                out.push_str(" => ");
                write(out, value, depth + 1);
            }
            out.push_str(if entries.next().is_some() {
                ", ...}"
            } else {
                "}"
            });
        }
    }
}
