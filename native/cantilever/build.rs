//! Notes which compiler builds the crate: the layout of a Rust type is that compiler's choice.

use std::env;
use std::process::Command;

fn main() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc)
        .arg("--version")
        .arg("--verbose")
        .output();
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let compiler = match version {
        Ok(output) if output.status.success() && !flags.contains("randomize-layout") => {
            let text = String::from_utf8_lossy(&output.stdout);
            text.lines()
                .filter(|line| !line.starts_with("binary"))
                .collect::<Vec<_>>()
                .join(", ")
        }
        // Unlike any other, so that nothing is taken over from it, or by it.
        _ => format!("an unknown compiler at {:?}", std::time::SystemTime::now()),
    };
    println!("cargo::rustc-env=CANTILEVER_COMPILER={compiler}");
    println!("cargo::rerun-if-changed=build.rs");
}
