//! The `comptoir` binary; its code is the library of this package.

/// A sixth of a request's time went into the system's allocator. `docs/adr/dependencies.md` has the figures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    comptoir::main()
}
