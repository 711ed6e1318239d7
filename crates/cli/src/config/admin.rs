//! Settings of the admin API.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct AdminConfig {
    pub listen: String,
    /// In days; 0: for ever.
    pub audit_keep_days: u64,
}

impl AdminConfig {
    /// What is wrong with the address.
    pub(super) fn problem(&self) -> Option<String> {
        let is_right = self.listen.is_empty() || self.listen.parse::<SocketAddr>().is_ok();
        let told = || {
            format!("expected an address and port such as 127.0.0.1:4142, or nothing, got `{}`", self.listen)
        };
        (!is_right).then(told)
    }
}
