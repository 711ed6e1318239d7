//! Settings that are of use at a start only.

use std::fmt::Display;

use crate::config::Config;

/// A sentence for each that is another than that of the start.
pub(super) fn needed(started: &Config, wanted: &Config) -> Vec<String> {
    let (was, is) = (&started.server, &wanted.server);
    let all = [
        changed("server.listen", &was.listen, &is.listen),
        changed("server.max_connections", &was.max_connections, &is.max_connections),
        changed("storage.data_dir", &started.storage.data_dir, &wanted.storage.data_dir),
        changed("storage.node", &started.storage.node, &wanted.storage.node),
        // A URL may hold a password: it is not told.
        (started.storage.postgres != wanted.storage.postgres)
            .then(|| "`storage.postgres` changed: takes effect at the next start".to_owned()),
    ];
    all.into_iter().flatten().collect()
}

fn changed<T: PartialEq + Display>(key: &str, was: &T, is: &T) -> Option<String> {
    (was != is).then(|| format!("`{key}` changed from `{was}` to `{is}`: takes effect at the next start"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn only_what_a_start_reads_needs_one() {
        let started = config::defaults();
        let mut wanted = started.clone();
        wanted.server.drain_s += 1;
        wanted.queue.max_waiting += 1;
        assert!(needed(&started, &wanted).is_empty());
        wanted.server.max_connections = 7;
        assert_eq!(
            needed(&started, &wanted),
            ["`server.max_connections` changed from `10000` to `7`: takes effect at the next start"]
        );
    }
}
