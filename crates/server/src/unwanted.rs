//! Refusals of requests whose bodies nobody reads.
//!
//! A connection whose client is still sending when it is answered breaks: the client may see that instead of the answer, or at its
//! next request. So a body that comes at once is passed over first; one that does not is told that the connection ends.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};

/// How much of a body is passed over, in bytes, and for how long.
const MOST: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(1);

/// Passes over the body of a request that is refused with `response`.
pub(crate) async fn refused(body: Body, mut response: Response) -> Response {
    let mut body = Limited::new(body, MOST);
    let reading = async {
        while let Some(frame) = body.frame().await {
            if frame.is_err() {
                return false;
            }
        }
        true
    };
    if !tokio::time::timeout(PATIENCE, reading).await.unwrap_or(false) {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
