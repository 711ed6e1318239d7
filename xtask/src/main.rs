//! Chores of the repository: `cargo xtask tidy` holds the house to what its documents say, `cargo xtask train-complexity`
//! makes the weights by which a prompt's difficulty is judged.
#![allow(clippy::print_stdout)] // A chore answers on standard output.

mod complexity;
mod tidy;

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let chore = std::env::args().nth(1);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace");
    match chore.as_deref() {
        Some("tidy") => report(&tidy::problems(root)),
        Some("train-complexity") => match complexity::train(root) {
            Ok(told) => {
                print!("{told}");
                ExitCode::SUCCESS
            }
            Err(problem) => {
                println!("train-complexity: {problem}");
                ExitCode::FAILURE
            }
        },
        _ => {
            println!("usage: cargo xtask tidy | train-complexity");
            ExitCode::FAILURE
        }
    }
}

fn report(problems: &[String]) -> ExitCode {
    for problem in problems {
        println!("tidy: {problem}");
    }
    if problems.is_empty() {
        println!("tidy: the house is as its documents say");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
