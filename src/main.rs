//! The program.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First of all: the supervisor must be alone in its process.
    if std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == monologue::sandbox::SUPERVISE)
    {
        return monologue::sandbox::supervise_main();
    }
    monologue::cli::main()
}
