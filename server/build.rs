//! Builds the binary anew when the web client that it embeds was built, rebuilt or removed.

use std::path::Path;

fn main() {
    // The second is for a client that is not built yet: naming a path that does not exist would make every build a
    // rebuild. Not `../clients`, which holds every npm package.
    let candidates = ["../clients/web/dist", "../clients/web", "build.rs"];
    let watched = candidates.into_iter().find(|path| Path::new(path).exists());
    println!("cargo::rerun-if-changed={}", watched.unwrap_or("build.rs"));
}
