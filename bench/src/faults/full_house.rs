//! An address to which no connection can be made, and where nothing says so: a firewall that drops packets, on one machine.
//!
//! Nobody accepts there and the queue for it is full, so that Linux drops every further attempt. Other systems may refuse
//! it instead; then this is a dead address.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// Enough for any queue of the shortest length that can be asked for.
const MOST_GUESTS: usize = 16;
/// By then a connection on one machine has come to be, or does not.
const PATIENCE: Duration = Duration::from_millis(300);

/// It lasts as long as this value.
pub(crate) struct FullHouse {
    pub(crate) address: SocketAddr,
    _listener: TcpListener,
    _guests: Vec<TcpStream>,
}

impl FullHouse {
    pub(crate) async fn start() -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
        let listener = socket.listen(1)?;
        let address = listener.local_addr()?;
        let mut guests = Vec::new();
        while let Ok(guest) = timeout(PATIENCE, TcpStream::connect(address)).await {
            guests.push(guest?);
            if guests.len() > MOST_GUESTS {
                bail!("{address} lets everybody in");
            }
        }
        Ok(Self { address, _listener: listener, _guests: guests })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_gets_in_and_nobody_is_told() {
        let house = FullHouse::start().await.expect("it fills up");
        assert!(timeout(PATIENCE, TcpStream::connect(house.address)).await.is_err());
    }
}
