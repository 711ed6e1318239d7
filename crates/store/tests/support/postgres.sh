# A PostgreSQL of the tests' own, in a directory of its own, reached by a socket in it. Prints the directory when it serves. Then does
# what it is told, a word a line: `kill` (as kill -9 kills), `start`, `tls PORT` (then it also listens at that port of localhost, with a
# certificate that `ca.crt` in the directory vouches for, and takes the user `secured` by TLS and password only). Ends, and removes everything, when its input ends, which it does
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
listen="-c listen_addresses="
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
            postgres -D "$dir/data" -k "$dir" $listen -c fsync=off -c max_connections=200 \
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
# Keys and certificates of an hour's life.
tls() {
    new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    openssl req -x509 $new -subj "/CN=a test" -keyout "$dir/ca.key" -out "$dir/ca.crt"
    openssl req $new -subj /CN=localhost -keyout "$dir/server.key" -out "$dir/server.csr"
    printf 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n' >"$dir/server.ext"
    openssl x509 -req -days 2 -in "$dir/server.csr" -CA "$dir/ca.crt" -CAkey "$dir/ca.key" -CAcreateserial \
        -extfile "$dir/server.ext" -out "$dir/server.crt"
    chmod 755 "$dir"
    printf 'hostssl all secured all scram-sha-256\nhost all secured all reject\n' >"$dir/hba"
    cat "$dir/data/pg_hba.conf" >>"$dir/hba"
    mv "$dir/hba" "$dir/data/pg_hba.conf"
    psql -q -h "$dir" -U paceway postgres -c "create role secured superuser login password 'hunter2'"
    kill -INT "$pid"
    wait "$pid" || true
    listen="-c listen_addresses=localhost -c ssl=on -c ssl_cert_file=$dir/server.crt -c ssl_key_file=$dir/server.key"
    listen="$listen -c port=$1"
    # Its socket has the port's name, too.
    export PGPORT="$1"
    start
}
while read -r word port; do
    case $word in
    tls) tls "$port" >>"$dir/log" 2>&1 ;;
    kill)
        kill -9 "$pid" $(ps -o pid= --ppid "$pid") 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
        pid=
        ;;
    start) start ;;
    esac
    echo "done"
done
