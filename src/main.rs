//! Parlor: composes, and prints the one error that ends it.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match parlor::cli::run(parlor::cli::Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "parlor: {error:#}");
            ExitCode::from(parlor::cli::exit_code(&error))
        }
    }
}
