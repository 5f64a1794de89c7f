//! The `comptoir` binary. All of it is in the library of this package.

/// A sixth of a request's time went into the system's allocator. `docs/adr/dependencies.md` has the figures.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    comptoir::main()
}
