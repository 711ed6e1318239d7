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

# One fuzz target for so many seconds, with the number of cases at its end: just fuzz streams_gemini 600
# The names: just fuzz --list 0. The engine is random and needs nothing but stable Rust.
fuzz target seconds:
    BOLERO_RANDOM_TEST_TIME_MS=$(( {{seconds}} * 1000 )) \
        cargo test --profile fuzz --package paceway-fuzz --test targets -- --nocapture {{target}}

# Every target for so many seconds, one on each core, by an engine that follows coverage: just fuzz-all 600
# Needs a nightly toolchain and `cargo install cargo-bolero`. What it finds is kept in fuzz/tests/targets/__fuzz__.
fuzz-all seconds:
    cargo test --profile fuzz --package paceway-fuzz --test targets -- --list | sed -n 's/: test$//p' | \
        xargs -P "$(nproc)" -I TARGET cargo +nightly bolero test --package paceway-fuzz TARGET --engine libfuzzer \
        --sanitizer NONE -T {{seconds}}s "--engine-args=-rss_limit_mb=512 -len_control=0"

# What Paceway costs on top of nginx (needs nginx): just bench overhead
# How well it paces: just bench pacing [SCENARIO …] [--seeds N] [--clients a,b] [--minutes F] [--json FILE]
# How well it tells hard tasks from easy ones: just bench route [--data DIR] [--cheap RATIO] [--rows all|even|odd] [--signs]
# What becomes of requests when providers fail: just bench faults [--scenario a,b] [--providers 1,2,3] [--streams end,continue] [--seconds N] [--rate N]
#   [--seed N] [--json FILE]
# What a row of the ledger costs and how long questions take: just bench ledger [--rows N] [--postgres URL]
bench what *args:
    cargo build --release --package paceway --package paceway-bench
    "${CARGO_TARGET_DIR:-target}/release/paceway-bench" {{what}} {{args}}

# What is allocated in place of how long it takes: just allocations translate, just allocations scheduler
allocations what:
    cargo run --release --package paceway-bench --features allocations -- {{what}}
