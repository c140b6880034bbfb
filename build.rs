//! Lets `./pg2duck` find libduckdb without LD_LIBRARY_PATH: beside itself, in `../lib` (the Docker image), or where it
//! was built. With the feature `bundled` DuckDB is inside the binary and nothing is needed.

fn main() {
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    if std::env::var_os("CARGO_FEATURE_BUNDLED").is_some() {
        return;
    }
    println!("cargo:rustc-link-arg=-Wl,-rpath,$ORIGIN:$ORIGIN/../lib");
    match std::env::var("DUCKDB_LIB_DIR") {
        Ok(dir) => {
            let dir = std::path::absolute(&dir).unwrap_or_else(|_| dir.into());
            println!("cargo:rustc-link-arg=-Wl,-rpath,{}", dir.display());
        }
        Err(_) => println!(
            "cargo:warning=DUCKDB_LIB_DIR is not set: run `make libduckdb`, or build with `--features bundled`"
        ),
    }
}
