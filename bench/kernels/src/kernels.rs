//! The three jobs of bench/responsiveness.exs, each in one go and in slices.

use cantilever_native::intensive_calculation::{CHUNK, Sum, chunks};
use responsiveness_jobs::records::{self, Seen};
use responsiveness_jobs::thumbnail::{self, Shrinking};

/// What the jobs are called.
pub const JOBS: [&str; 3] = ["arithmetic", "records", "thumbnail"];

const WIDTH: u32 = 320;

/// A job with its input.
pub enum Kernel {
    /// A sum of so many squares.
    Arithmetic(u64),
    /// A document to be decoded.
    Records(Vec<u8>),
    /// A picture to be shrunk.
    Thumbnail(Vec<u8>),
}

/// Whatever a job gives, so that results can be compared.
pub type Output = Result<Vec<u8>, String>;

impl Kernel {
    /// The job of this name with an input of this size: squares, bytes, or pixels of width. `None` where there is no
    /// such job, or it cannot have such a size.
    pub fn new(job: &str, size: u64) -> Option<Self> {
        match job {
            "arithmetic" => Some(Kernel::Arithmetic(size)),
            "records" => Some(Kernel::Records(records::document(
                usize::try_from(size).ok()?,
            ))),
            "thumbnail" => {
                let width = u32::try_from(size).ok()?;
                thumbnail::picture(width, width / 3 * 2)
                    .ok()
                    .map(Kernel::Thumbnail)
            }
            _ => None,
        }
    }

    /// Runs it in one go.
    pub fn run(&self) -> Output {
        match self {
            Kernel::Arithmetic(n) => Ok(crate::sum_of_squares(*n).to_bytes_be()),
            Kernel::Records(document) => records::decode(document).map(bytes),
            Kernel::Thumbnail(png) => thumbnail::shrink(png, WIDTH),
        }
    }

    /// Runs it with a checkpoint where bench/responsiveness has them, a slice at a time.
    pub fn run_in_slices(&self) -> Output {
        match self {
            Kernel::Arithmetic(n) => cantilever::bench::run_in_slices(sum(*n)),
            Kernel::Records(document) => cantilever::bench::run_in_slices(decode(document)),
            Kernel::Thumbnail(png) => cantilever::bench::run_in_slices(shrink(png)),
        }
    }
}

async fn sum(n: u64) -> Output {
    let mut sum = Sum::default();
    for chunk in chunks(0..n, CHUNK) {
        sum.add_squares(chunk);
        cantilever::checkpoint().await;
    }
    Ok(sum.total().to_bytes_be())
}

async fn decode(document: &[u8]) -> Output {
    let mut seen = Seen::default();
    for line in records::lines(document) {
        seen.line(line)?;
        cantilever::checkpoint().await;
    }
    Ok(bytes(seen))
}

async fn shrink(png: &[u8]) -> Output {
    let mut shrinking = Shrinking::new(png, WIDTH)?;
    while shrinking.step()? {
        cantilever::checkpoint().await;
    }
    Ok(shrinking.into_pixels())
}

fn bytes(seen: Seen) -> Vec<u8> {
    [seen.records.to_be_bytes(), seen.checksum.to_be_bytes()].concat()
}
