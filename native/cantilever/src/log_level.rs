//! Levels of the `log` crate by the names that Elixir has for them.

use log::LevelFilter;
use rustler::Atom;

mod atoms {
    rustler::atoms! {
        off, none, emergency, alert, critical, error, warn, warning, notice, info, debug, trace, all,
    }
}

/// A level as the setting names it.
pub(crate) fn of_setting(atom: Atom) -> Option<LevelFilter> {
    let known = [
        (atoms::off(), LevelFilter::Off),
        (atoms::error(), LevelFilter::Error),
        (atoms::warn(), LevelFilter::Warn),
        (atoms::warning(), LevelFilter::Warn),
        (atoms::info(), LevelFilter::Info),
        (atoms::debug(), LevelFilter::Debug),
        (atoms::trace(), LevelFilter::Trace),
    ];
    find(&known, atom)
}

/// A level as the VM's logger names it: what passes there is let through here. A record has no level between
/// `info` and `warn`, nor one above `error`.
pub(crate) fn of_vm(atom: Atom) -> Option<LevelFilter> {
    let known = [
        (atoms::none(), LevelFilter::Off),
        (atoms::emergency(), LevelFilter::Off),
        (atoms::alert(), LevelFilter::Off),
        (atoms::critical(), LevelFilter::Off),
        (atoms::notice(), LevelFilter::Warn),
        (atoms::all(), LevelFilter::Trace),
    ];
    find(&known, atom).or_else(|| of_setting(atom))
}

fn find(known: &[(Atom, LevelFilter)], atom: Atom) -> Option<LevelFilter> {
    known
        .iter()
        .find(|(name, _)| *name == atom)
        .map(|(_, level)| *level)
}
