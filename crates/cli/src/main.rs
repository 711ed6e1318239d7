//! The binary `paceway`: reads the command line and runs one command.
//!
//! The only crate that knows all others, and the only place that knows configuration.

mod admin;
mod alerts;
mod bounds;
mod budgets;
mod chance;
mod commands;
mod config;
mod house;
mod limits;
mod log;
mod prices;
mod providers;
mod reload;
mod routing;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match commands::CommandLine::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("paceway: {error:#}");
            ExitCode::FAILURE
        }
    }
}
