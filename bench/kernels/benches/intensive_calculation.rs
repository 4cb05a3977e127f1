//! The throughput of the kernel without the BEAM: `cargo bench` in bench/kernels.

use std::hint::black_box;

use cantilever_bench::sum_of_squares;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn intensive_calculation(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("intensive_calculation");
    for input in [10_000_u64, 1_000_000, 100_000_000] {
        group.throughput(Throughput::Elements(input));
        group.bench_with_input(
            BenchmarkId::from_parameter(input),
            &input,
            |bencher, &input| {
                bencher.iter(|| sum_of_squares(black_box(input)));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, intensive_calculation);
criterion_main!(benches);
