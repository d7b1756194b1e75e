//! Builds the binary anew when the web client that it embeds was built, rebuilt or removed.

use std::path::Path;

fn main() {
    let dist = Path::new("../clients/web/dist");
    // A path that does not exist would make every build a rebuild: watch the nearest folder that does.
    let watched =
        dist.ancestors().find(|path| path.exists() && !path.ends_with("..")).unwrap_or(dist);
    if watched == dist {
        println!("cargo::rerun-if-changed={}", dist.display());
    } else {
        println!("cargo::rerun-if-changed=build.rs");
    }
}
