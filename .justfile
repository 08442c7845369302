# Recipes for just (https://just.systems). They call cargo, tests/run.sh and .ci/run, and nothing else.

[private]
default:
    @just --list

# What a change must pass, from a committed tree; installs what is missing
check:
    .ci/run

# The tests of one service (`just test survey`), or all of them on private servers
test service="":
    {{ if service == "" { "tests/run.sh" } else { "cargo test --locked -p prima-" + service } }}

# Every service in one process, in ./var
up *arguments:
    cargo run --bin prima -- up {{ arguments }}

# The same with demo data
demo: (up "--demo")

# A benchmark (attack, complaint, doors, import, intake, latency) on the release binary
bench name:
    cargo build --release --bin prima
    cargo bench -p prima-tests --bench {{ name }}

# Format, and mend what clippy can mend
fix:
    cargo clippy --workspace --all-targets --fix --allow-dirty --allow-staged
    cargo fmt --all
