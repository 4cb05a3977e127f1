//! What the kit's own parts cost where they have nothing to do: a checkpoint that does not yield, the bookkeeping of a
//! slice, a look at a token.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use cantilever::bench;
use criterion::{Criterion, criterion_group, criterion_main};

fn pass_checkpoint(context: &mut Context<'_>) -> Poll<()> {
    pin!(cantilever::checkpoint()).poll(context)
}

fn checkpoint(criterion: &mut Criterion) {
    let mut context = Context::from_waker(Waker::noop());
    let mut group = criterion.benchmark_group("checkpoint");
    group.bench_function("outside of a call", |bencher| {
        bencher.iter(|| pass_checkpoint(&mut context));
    });
    group.bench_function("within a slice", |bencher| {
        bench::in_long_slice(|| bencher.iter(|| pass_checkpoint(&mut context)));
    });
    group.finish();
}

fn slice(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("slice");
    group.bench_function("the first of a call", |bencher| {
        bencher.iter(bench::begin_and_end_slice);
    });
    group.bench_function("a later one", |bencher| {
        bencher.iter(|| bench::resume_and_end_slice(black_box(8)));
    });
    group.finish();
}

fn cancel(criterion: &mut Criterion) {
    let token = bench::cancel_token();
    criterion.bench_function("cancel check", |bencher| {
        bencher.iter(|| black_box(token).check());
    });
}

criterion_group!(benches, checkpoint, slice, cancel);
criterion_main!(benches);
