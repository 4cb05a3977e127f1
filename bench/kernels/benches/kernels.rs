//! The three jobs in one go and with checkpoints, both without the BEAM: what cutting them into slices costs.

use cantilever_bench::kernels::{JOBS, Kernel};
use criterion::{Criterion, criterion_group, criterion_main};

/// Some milliseconds each: squares, bytes, pixels of width.
const SIZES: [u64; 3] = [10_000_000, 500_000, 900];

fn kernels(criterion: &mut Criterion) {
    for (job, size) in JOBS.into_iter().zip(SIZES) {
        let Some(kernel) = Kernel::new(job, size) else {
            panic!("there is no job {job} of size {size}");
        };
        assert_eq!(kernel.run(), kernel.run_in_slices(), "{job}");
        let mut group = criterion.benchmark_group(job);
        group.bench_function("in one go", |bencher| bencher.iter(|| kernel.run()));
        group.bench_function("in slices", |bencher| {
            bencher.iter(|| kernel.run_in_slices())
        });
        group.finish();
    }
}

criterion_group!(benches, kernels);
criterion_main!(benches);
