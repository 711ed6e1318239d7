//! Where things are kept, as settings. What each means stands in `config/default.toml`, not here.
#![allow(missing_docs)]

use paceway_domain::Secret;
use paceway_store::SharedDatabase;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Storage {
    pub data_dir: String,
    /// A URL that may hold a password, so it is not part of what is shown.
    #[serde(skip_serializing)]
    #[schemars(with = "String")]
    pub postgres: Secret,
    pub node: String,
}

impl Storage {
    /// The database that nodes share, if there is one.
    pub(crate) fn shared_database(&self) -> Option<SharedDatabase> {
        let host = || rustix::system::uname().nodename().to_string_lossy().into_owned();
        let node = if self.node.is_empty() { host() } else { self.node.clone() };
        (!self.postgres.is_empty()).then(|| SharedDatabase { url: self.postgres.clone(), node })
    }

    /// What is wrong with it, if anything is.
    pub(super) fn problem(&self) -> Option<String> {
        self.shared_database().and_then(|shared| shared.check().err()).map(|error| error.to_string())
    }
}
