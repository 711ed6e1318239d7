# A PostgreSQL of the tests' own, in a directory of its own, reached by a socket in it. Prints the directory when it serves. Then does
# what it is told, a word a line: `kill` (as kill -9 kills), `start`. Ends, and removes everything, when its input ends, which it does
# however the tests end.
set -eu
for bin in /usr/lib/postgresql/*/bin; do
    if [ -x "$bin/initdb" ]; then PATH=$bin:$PATH; fi
done
if ! command -v initdb >/dev/null || ! command -v postgres >/dev/null || ! command -v pg_isready >/dev/null; then
    echo "missing"
    exit 0
fi
cd /
dir=$(mktemp -d /tmp/paceway-postgres-XXXXXX)
pid=
finish() {
    if [ -n "$pid" ]; then kill -QUIT "$pid" 2>/dev/null && wait "$pid" || true; fi
    rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP
start() {
    # After kill -9 the last of its processes may still hold its memory: it is tried until they are gone.
    until pg_isready -q -h "$dir"; do
        if [ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null; then
            postgres -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=off -c max_connections=200 \
                -c shared_buffers=64MB >>"$dir/log" 2>&1 &
            pid=$!
        fi
        sleep 0.05
    done
}
LC_ALL=C initdb -D "$dir/data" -U paceway --auth=trust --no-sync --encoding=UTF8 >"$dir/log" 2>&1 || {
    cat "$dir/log" >&2
    exit 1
}
start
echo "$dir"
while read -r word; do
    case $word in
    kill)
        kill -9 "$pid" $(ps -o pid= --ppid "$pid") 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        pid=
        ;;
    start) start ;;
    esac
    echo "done"
done
