# What the tests with real clients have in common; sourced. Sets $root, $work, $installed and $paceway.

root=$(cd "$here/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
paceway=$target/debug/paceway
# The clients, installed once for all tests.
installed=$target/clients
work=$(mktemp -d)
pids=()
cleanup() {
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    # They write until they have ended.
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
    rm -rf "$work"
}
trap cleanup EXIT

# Usage: install_python NAME REQUIREMENTS
install_python() {
    python3 -m venv "$installed/$1"
    "$installed/$1/bin/pip" install --quiet --disable-pip-version-check -r "$here/$2"
}

# Installs what package.json and the requirements name, unless it is there already.
install() {
    local wanted
    wanted=$(cat "$here"/requirements*.txt "$here/package.json" | sha256sum)
    if [[ $(cat "$installed/of" 2>/dev/null) != "$wanted" ]]; then
        rm -rf "$installed"
        mkdir -p "$installed"
        install_python venv requirements.txt
        install_python older requirements-older.txt
        cp "$here/package.json" "$installed/"
        (cd "$installed" && npm install --no-package-lock --no-audit --no-fund --loglevel=error >/dev/null)
        echo "$wanted" >"$installed/of"
    fi
    # A script finds packages beside itself.
    ln -s "$installed/node_modules" "$work/node_modules"
}

# Starts a process with an empty environment and waits for the address that it prints.
# Usage: start NAME ARGUMENTS…; the address is then in $address.
start() {
    local name=$1
    shift
    mkdir -p "$work/$name"
    env -i HOME="$work/$name" "$paceway" "$@" >"$work/$name/out" 2>"$work/$name/log" &
    pids+=($!)
    for _ in $(seq 200); do
        address=$(grep -o 'http://[0-9.:]*[0-9]' "$work/$name/out" | head -n 1 || true)
        [[ -n $address ]] && [[ $name != paceway* || $(grep -c "\-d '{" "$work/$name/out") -gt 0 ]] && return
        sleep 0.05
    done
    cat "$work/$name/out" "$work/$name/log"
    echo "$name did not start"
    exit 1
}

# Starts Paceway with the configuration in $work/NAME.toml; its address is then in $address, a key of it in $key.
start_paceway() {
    start "$1" serve --config "$work/$1.toml"
    key=$(grep -m 1 -o 'pw_[a-z0-9]*' "$work/$1/out")
}

cargo build --quiet --manifest-path "$root/Cargo.toml" --package paceway
install
