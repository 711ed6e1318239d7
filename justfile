# What CI checks, without the parts that need other software.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo xtask tidy
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps
    cargo deny check bans licenses sources
    cargo test --workspace

# More seeds than CI runs: just simulate 12345
simulate seed:
    PACEWAY_SEED={{seed}} cargo test --release -p paceway-scheduler --test simulation

# What Paceway costs on top of nginx (needs nginx): just bench overhead
bench what:
    cargo build --release --package paceway --package paceway-bench
    target/release/paceway-bench {{what}}
