//! Loading when the file has changed.
//!
//! Its folder is watched rather than itself: editors and Kubernetes put another file, or another link, in its place. What happens in
//! the folder only says when to look; whether there is anything to load, the text of the file says.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::{Reloader, attempt};
use crate::config;

/// How long the file has to stay as it is before it is read: whoever writes it may not be done.
const REST: Duration = Duration::from_millis(300);
/// Looks at a file that never comes to rest, after which it is read all the same.
const MOST_LOOKS: u32 = 20;

/// Loads the configuration when its file has changed. Runs without end if there is a file: its owner spawns it once and aborts it.
pub(crate) async fn at_change(reloader: Arc<Reloader>) {
    let Some(file) = reloader.file().map(Path::to_owned) else { return };
    // One is enough to say that something has happened.
    let (tell, mut told) = mpsc::channel(1);
    // The file may have changed since it was read at the start.
    let _is_empty = tell.try_send(());
    let _watcher = match watcher(&file, tell) {
        Ok(watcher) => watcher,
        Err(error) => {
            tracing::warn!(%error, "the configuration file cannot be watched: SIGHUP and `paceway reload` load it");
            return;
        }
    };
    while told.recv().await.is_some() {
        if !reloader.watches() {
            continue;
        }
        let text = at_rest(&file).await;
        if !reloader.has_read(text.as_ref()) {
            attempt(&reloader, "file").await;
        }
    }
}

/// The text of the file once it stays as it is; `None` if it cannot be read.
async fn at_rest(file: &Path) -> Option<String> {
    let mut before = config::read(file).ok();
    for _ in 0..MOST_LOOKS {
        tokio::time::sleep(REST).await;
        let now = config::read(file).ok();
        if now == before {
            break;
        }
        before = now;
    }
    before
}

fn watcher(file: &Path, tell: mpsc::Sender<()>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Reading the file is an event too.
        if !event.is_ok_and(|event| matches!(event.kind, EventKind::Access(_))) {
            // If it is full, somebody is about to look anyway.
            let _full = tell.try_send(());
        }
    })?;
    for folder in folders(file) {
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

/// The folder of the file, and that of what it links to.
fn folders(file: &Path) -> BTreeSet<PathBuf> {
    let real = file.canonicalize();
    let folder = |file: &Path| {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
    };
    std::iter::once(folder(file)).chain(real.iter().map(|real| folder(real))).collect()
}
