//! Shrinking a picture.

use cantilever::SharedBinary;
use responsiveness_jobs::thumbnail::{self, Shrinking};
use rustler::{Atom, Binary, Env};

use crate::bytes::Bytes;

type Small = Result<Bytes, String>;

/// The picture that all of them shrink.
#[rustler::nif(schedule = "DirtyCpu")]
fn picture(width: u32, height: u32) -> Small {
    thumbnail::picture(width, height).map(Bytes)
}

#[rustler::nif]
fn shrink_rustler_normal(png: Binary<'_>, width: u32) -> Small {
    thumbnail::shrink(&png, width).map(Bytes)
}

#[rustler::nif(schedule = "DirtyCpu")]
fn shrink_rustler_dirty(png: Binary<'_>, width: u32) -> Small {
    thumbnail::shrink(&png, width).map(Bytes)
}

#[rustler::nif]
fn shrink_rustler_thread(env: Env<'_>, png: Binary<'_>, width: u32) -> Atom {
    crate::spawned::run_on(env, png, move |png| {
        thumbnail::shrink(png, width).map(Bytes)
    })
}

#[cantilever::nif]
async fn shrink_kit_yielding(png: SharedBinary, width: u32) -> Small {
    let mut shrinking = Shrinking::new(png, width)?;
    while shrinking.step()? {
        cantilever::checkpoint().await;
    }
    Ok(Bytes(shrinking.into_pixels()))
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn shrink_kit_dirty(png: Binary<'_>, width: u32) -> Small {
    thumbnail::shrink(&png, width).map(Bytes)
}

#[cantilever::nif(schedule = "DirtyCpu")]
fn shrink_kit_parallel(png: Binary<'_>, width: u32) -> Small {
    let png = png.as_slice();
    cantilever::parallel(|| thumbnail::shrink_parallel(png, width)).map(Bytes)
}
