//! How commands reach the server of a data directory: its address, and the admin token, a file that only its owner may read.

use std::fs::{self, File};
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use paceway_domain::Secret;
use paceway_policy::access::mint;
use paceway_upstream::{Call, HttpUpstream, Timeouts, Upstream};

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 << 20;

const FILE: &str = "admin.token";
/// Where the process that serves from a data directory listens.
const ADDRESS: &str = "paceway.address";

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

/// Notes where the server of this data directory listens, which configuration may leave open (port 0).
pub(crate) fn note_address(directory: &Path, address: SocketAddr) -> Result<()> {
    let path = directory.join(ADDRESS);
    fs::write(&path, address.to_string()).with_context(|| path.display().to_string())
}

/// Where the server of this data directory listens, or listened last.
fn address(directory: &Path) -> Option<SocketAddr> {
    fs::read_to_string(directory.join(ADDRESS)).ok()?.trim().parse().ok()
}

/// Asks the server of this data directory, by default at `usual`.
pub(crate) async fn ask(
    directory: &Path,
    usual: SocketAddr,
    timeouts: Timeouts,
    (method, path): (Method, &str),
    body: Vec<u8>,
) -> Result<(StatusCode, Vec<u8>)> {
    let token = existing_token(directory)?;
    let address = address(directory).unwrap_or(usual);
    let uri = format!("http://{address}{path}").parse().context("server.listen makes no address")?;
    let bearer =
        HeaderValue::from_str(&format!("Bearer {}", token.reveal())).context("admin.token is damaged")?;
    let headers = HeaderMap::from_iter([(header::AUTHORIZATION, bearer)]);
    let call = Call { method, uri, headers, body: body.into() };
    let answer = HttpUpstream::new(timeouts)
        .call(call)
        .await
        .map_err(|failure| anyhow!("no Paceway answers at {address}: {failure}"))?;
    let status = answer.status;
    let body = answer.body.collect(MAX_ANSWER).await.map_err(|failure| anyhow!("{failure}"))?;
    Ok((status, body.to_vec()))
}

fn make(path: &Path) -> Result<Secret> {
    let mut random = [0; 32];
    getrandom::fill(&mut random)
        .map_err(|error| anyhow::anyhow!("the system has no random numbers: {error}"))?;
    let token = Secret::new(mint(&random).reveal().replacen("pw_", "pwadmin_", 1));
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(token.reveal().as_bytes())?;
    Ok(token)
}
