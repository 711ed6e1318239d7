//! How commands reach the server of a data directory: its address, and the admin token, a file that only its owner may read.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use paceway_domain::Secret;
use paceway_policy::access::mint_admin;
use paceway_upstream::{Call, HttpUpstream, Upstream};

use crate::config::Config;
use crate::{bounds, chance};

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 20;

const FILE: &str = "admin.token";
/// Where the process that serves from a data directory listens.
const ADDRESS: &str = "paceway.address";
/// Where its admin API does.
const ADMIN_ADDRESS: &str = "paceway.admin-address";

/// The token of this data directory, made if there is none.
pub(crate) fn token(directory: &Path) -> Result<Secret> {
    let path = directory.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => Ok(Secret::new(text.trim())),
        Ok(_) | Err(_) => make(&path).with_context(|| path.display().to_string()),
    }
}

/// The token of this data directory, if a server has made one.
fn existing_token(directory: &Path) -> Result<Secret> {
    let path = directory.join(FILE);
    let text = fs::read_to_string(&path).with_context(|| {
        format!("{} cannot be read: is this the data directory of the Paceway that serves?", path.display())
    })?;
    Ok(Secret::new(text.trim()))
}

/// Notes where the server of this data directory listens, which configuration may leave open (port 0), and its admin API if it has one.
pub(crate) fn note_addresses(directory: &Path, address: SocketAddr, admin: Option<SocketAddr>) -> Result<()> {
    let admin = admin.map(|admin| admin.to_string()).unwrap_or_default();
    for (file, text) in [(ADDRESS, address.to_string()), (ADMIN_ADDRESS, admin)] {
        let path = directory.join(file);
        fs::write(&path, text).with_context(|| path.display().to_string())?;
    }
    Ok(())
}

/// Where the admin API of this data directory's server is, or was last: as it was noted, or else as it is configured.
fn address(directory: &Path, config: &Config) -> Result<SocketAddr> {
    let noted = fs::read_to_string(directory.join(ADMIN_ADDRESS));
    let text = noted.unwrap_or_else(|_| config.admin.listen.clone());
    let off =
        || anyhow!("this Paceway has no admin API: `admin.listen` is empty. Set it and start Paceway again");
    text.trim().parse().map_err(|_| off())
}

/// Asks the server of this data directory.
pub(crate) async fn ask(
    directory: &Path,
    config: &Config,
    (method, path): (Method, &str),
    body: Vec<u8>,
) -> Result<(StatusCode, Vec<u8>)> {
    let token = existing_token(directory)?;
    let address = address(directory, config)?;
    let uri = format!("http://{address}{path}").parse().context("admin.listen makes no address")?;
    let bearer =
        HeaderValue::from_str(&format!("Bearer {}", token.reveal())).context("admin.token is damaged")?;
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]);
    let call = Call { method, uri, headers, body: body.into() };
    let answer = HttpUpstream::new(bounds::timeouts(config))
        .call(call)
        .await
        .map_err(|failure| anyhow!("no Paceway answers at {address}: {failure}"))?;
    let status = answer.status;
    let body = answer.body.collect(MAX_ANSWER).await.map_err(|failure| anyhow!("{failure}"))?;
    Ok((status, body.to_vec()))
}

fn make(path: &Path) -> Result<Secret> {
    let random = chance::bytes().map_err(|why| anyhow!("the system has no random numbers: {why}"))?;
    let token = mint_admin(&random);
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(token.reveal().as_bytes())?;
    Ok(token)
}
