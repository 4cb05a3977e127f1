//! Handles that the builds agree on, and such that they do not.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use cantilever::{Handle, SharedLayout};

static DROPPED: AtomicU64 = AtomicU64::new(0);

/// The same in all builds.
#[cantilever::resource(layout = 1)]
struct Counters {
    by_name: Mutex<HashMap<String, Count>>,
    kind: Kind,
}

#[derive(SharedLayout)]
struct Count {
    value: u64,
}

#[derive(Clone, Copy, Debug, SharedLayout)]
enum Kind {
    Plain,
    Named { length: u32 },
}

/// The second build has a variant that the first has not, of the same size as another.
#[cantilever::resource(layout = 1)]
#[allow(dead_code)]
enum Shape {
    Point([u64; 3]),
    #[cfg(feature = "second")]
    Name(String),
    Line([u64; 3]),
}

impl Drop for Counters {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, Ordering::SeqCst);
    }
}

/// Nothing is declared.
struct Undeclared(u64);

/// The second build gives it another number.
#[cfg_attr(not(feature = "second"), cantilever::resource(layout = 1))]
#[cfg_attr(feature = "second", cantilever::resource(layout = 2))]
struct Renumbered(u64);

/// The second build has other fields, and forgets to say so.
#[cantilever::resource(layout = 1)]
struct Forgotten {
    part: Part,
}

#[derive(SharedLayout)]
struct Part {
    #[cfg(not(feature = "second"))]
    value: u64,
    #[cfg(feature = "second")]
    value: Box<u64>,
}

#[cantilever::nif]
fn counters_new(name: Option<String>) -> Handle<Counters> {
    Handle::new(Counters {
        by_name: Mutex::default(),
        kind: match name {
            Some(name) => Kind::Named {
                length: name.len() as u32,
            },
            None => Kind::Plain,
        },
    })
}

#[cantilever::nif]
fn counters_add(counters: Handle<Counters>, name: String) -> u64 {
    let mut by_name = counters
        .by_name
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let count = by_name.entry(name).or_insert(Count { value: 0 });
    count.value += 1;
    count.value
}

#[cantilever::nif]
fn counters_kind(counters: Vec<Handle<Counters>>) -> Vec<String> {
    counters
        .iter()
        .map(|counters| match counters.kind {
            Kind::Named { length } => format!("named, {length}"),
            Kind::Plain => "plain".to_owned(),
        })
        .collect()
}

/// How many counters this build has dropped.
#[cantilever::nif]
fn counters_dropped() -> u64 {
    DROPPED.load(Ordering::SeqCst)
}

#[cantilever::nif]
fn undeclared_new() -> Handle<Undeclared> {
    Handle::new(Undeclared(1))
}

#[cantilever::nif]
fn undeclared_get(undeclared: Option<Handle<Undeclared>>) -> Option<u64> {
    undeclared.map(|undeclared| undeclared.0)
}

#[cantilever::nif]
fn renumbered_new() -> Handle<Renumbered> {
    Handle::new(Renumbered(1))
}

#[cantilever::nif]
async fn renumbered_get(renumbered: Handle<Renumbered>) -> u64 {
    renumbered.0
}

#[cantilever::nif]
fn shape_new() -> Handle<Shape> {
    Handle::new(Shape::Line([1, 2, 3]))
}

#[cantilever::nif]
fn shape_kind(shape: Handle<Shape>) -> String {
    match &*shape {
        Shape::Point(_) => "point".to_owned(),
        #[cfg(feature = "second")]
        Shape::Name(name) => name.clone(),
        Shape::Line(_) => "line".to_owned(),
    }
}

#[cantilever::nif]
fn forgotten_new() -> Handle<Forgotten> {
    Handle::new(Forgotten {
        part: Part {
            #[cfg(not(feature = "second"))]
            value: 1,
            #[cfg(feature = "second")]
            value: Box::new(1),
        },
    })
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn forgotten_get(forgotten: Handle<Forgotten>) -> u64 {
    #[cfg(not(feature = "second"))]
    return forgotten.part.value;
    #[cfg(feature = "second")]
    return *forgotten.part.value;
}
