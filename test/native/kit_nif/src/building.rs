//! Terms that are built piece by piece, on the caller's heap and on one of their own, and work on a dirty scheduler.

use cantilever::{
    BinaryBuilder, Env, OwnTerm, OwnTermBuilder, SharedBinary, Term, TermBuilder, TermMessage,
    ThreadKind, checkpoint, offload, thread_kind,
};

/// One value of every kind that can be pushed, in a list.
#[cantilever::nif]
fn build_each<'a>(env: Env<'a>, source: SharedBinary, encoded: SharedBinary) -> Term<'a> {
    let mut builder = TermBuilder::new(env);
    push_each(&mut builder, &source, &encoded);
    builder.finish()
}

#[cantilever::nif]
async fn build_own_each(source: SharedBinary, encoded: SharedBinary, tag: OwnTerm) -> TermMessage {
    let mut builder = OwnTermBuilder::new();
    push_each(&mut builder, &source, &encoded);
    checkpoint().await;
    builder.finish().into_message(tag)
}

fn push_each(builder: &mut TermBuilder<'_>, source: &SharedBinary, encoded: &[u8]) {
    let before = builder.len();
    builder.push_integer(i64::MIN);
    assert!(builder.push_float(1.5));
    assert!(!builder.push_float(f64::NAN) && !builder.push_float(f64::INFINITY));
    builder.push_binary(b"bytes");
    builder.push(&"encoded");
    let mut built = BinaryBuilder::new();
    built.extend_from_slice(b"built");
    builder.push_built(&mut built);
    assert!(built.is_empty());
    assert!(builder.push_existing_atom("ok"));
    assert!(!builder.push_existing_atom("no such atom in any module of this node"));
    assert!(builder.push_new_atom("é"));
    assert!(
        !builder.push_new_atom(&"a".repeat(256)) && !builder.push_new_atom(&"a".repeat(70_000))
    );
    assert!(!builder.push_part(0, 0));
    builder.set_source(source);
    assert!(builder.push_part(1, source.len() - 2));
    assert!(!builder.push_external(b"no term"));
    assert!(builder.push_external(encoded));
    assert!(!builder.push_elements(encoded, &[]) || encoded[1] == b'h');
    builder.push_integer(1);
    builder.keep(3);
    builder.push_integer(2);
    builder.tuple(2);
    builder.push_kept(3);
    builder.push_integer(3);
    builder.list(0);
    builder.prepend(2);
    builder.push_integer(4);
    builder.push_integer(5);
    builder.list(0);
    builder.prepend_pairs(1);
    builder.push_integer(6);
    builder.push_integer(7);
    builder.swap();
    let count = builder.len() - before;
    builder.list(count);
}

/// A map of these keys, each with its place as the value, and whether there were duplicates.
#[cantilever::nif]
fn build_map<'a>(env: Env<'a>, keys: Vec<i64>) -> Term<'a> {
    let mut builder = TermBuilder::new(env);
    for (place, key) in keys.iter().enumerate() {
        builder.push_integer(*key);
        builder.push_integer(place as i64);
    }
    let has_duplicates = builder.has_duplicates(keys.len());
    assert_eq!(builder.len(), 2 * keys.len());
    builder.map_of_last(keys.len());
    builder.push(&has_duplicates);
    builder.tuple(2);
    builder.finish()
}

#[cantilever::nif]
fn build_from_nothing<'a>(env: Env<'a>) -> Term<'a> {
    let mut builder = TermBuilder::new(env);
    builder.push_integer(1);
    builder.list(2);
    builder.finish()
}

/// The elements of an encoded tuple, without those at some places.
#[cantilever::nif]
fn build_elements<'a>(env: Env<'a>, encoded: SharedBinary, without: Vec<usize>) -> Term<'a> {
    let mut builder = TermBuilder::new(env);
    assert!(builder.push_elements(&encoded, &without));
    let count = builder.len();
    builder.list(count);
    builder.finish()
}

/// Sends `{tag, list}` of the numbers up to `last`.
#[cantilever::nif]
async fn build_own_list(last: i64, tag: OwnTerm) -> TermMessage {
    let mut builder = OwnTermBuilder::new();
    for number in 1..=last {
        builder.push_integer(number);
        checkpoint().await;
    }
    builder.list(0);
    while builder.len() > 1 {
        let some = 100.min(builder.len() - 1);
        builder.prepend(some);
        checkpoint().await;
    }
    let message = builder.finish().into_message(tag);
    if last < 0 {
        message.returning("nothing")
    } else {
        message
    }
}

fn kind() -> &'static str {
    match thread_kind() {
        ThreadKind::Normal => "normal",
        ThreadKind::DirtyCpu => "dirty_cpu",
        ThreadKind::DirtyIo => "dirty_io",
        ThreadKind::Unmanaged => "unmanaged",
    }
}

/// On which kinds of threads a call runs before, during and after work that is offloaded.
#[cantilever::nif]
async fn offload_kinds(slices: u32) -> Vec<&'static str> {
    for _ in 0..slices {
        checkpoint().await;
    }
    let mut kinds = vec![kind()];
    offload(|| kinds.push(kind())).await;
    checkpoint().await;
    kinds.push(kind());
    kinds
}

#[cantilever::nif]
async fn offload_panic() -> u32 {
    offload(|| panic!("offloaded")).await
}

/// The result of offloaded work, returned without another checkpoint.
#[cantilever::nif]
async fn offload_sum(numbers: Vec<i64>) -> i64 {
    offload(|| {
        numbers
            .iter()
            .fold(0, |sum: i64, number| sum.wrapping_add(*number))
    })
    .await
}
