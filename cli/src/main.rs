//! The `comptoir` binary. All of it is in the library of this package.

fn main() -> std::process::ExitCode {
    comptoir::main()
}
