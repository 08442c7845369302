//! Requests of HTTP as bytes on a socket, by either version, for tests that look below the level of calls.

use std::{io, net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures::future::{Either, select};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, Version};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// How long a response may take.
const LIMIT: Duration = Duration::from_secs(60);

/// Sends a request in the version that it names, on a connection of its own, and returns the whole response. The path is
/// sent as it is. Fails when the connection breaks.
pub async fn send(to: SocketAddr, request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
    send_until(to, request, |_| false).await
}

/// Sends a request and returns the response as far as `enough` asks for its body.
pub async fn send_until(
    to: SocketAddr,
    request: Request<Vec<u8>>,
    enough: impl Fn(&[u8]) -> bool,
) -> io::Result<Response<Vec<u8>>> {
    let sent = async {
        match request.version() {
            Version::HTTP_2 => by_http2(to, request, enough).await.map_err(io::Error::other),
            _ => by_http1(to, request, enough).await,
        }
    };
    tokio::time::timeout(LIMIT, sent)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn by_http1(
    to: SocketAddr,
    request: Request<Vec<u8>>,
    enough: impl Fn(&[u8]) -> bool,
) -> io::Result<Response<Vec<u8>>> {
    let (head, body) = request.into_parts();
    let mut text = format!("{} {} HTTP/1.1\r\n", head.method, head.uri).into_bytes();
    text.extend(format!("host: {to}\r\nconnection: close\r\n").into_bytes());
    if !body.is_empty() || head.method == http::Method::POST {
        text.extend(format!("content-length: {}\r\n", body.len()).into_bytes());
    }
    for (name, value) in &head.headers {
        text.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    text.extend(b"\r\n");
    text.extend(body);
    let mut tcp = TcpStream::connect(to).await?;
    // The server may refuse a request before it has read all of it.
    let _broken = tcp.write_all(&text).await;
    let mut received = Vec::new();
    loop {
        let ended = tcp.read_buf(&mut received).await? == 0;
        match response(&received) {
            Some((response, whole)) if ended || whole || enough(response.body()) => return Ok(response),
            None if ended => return Err(io::ErrorKind::UnexpectedEof.into()),
            _ => {}
        }
    }
}

/// The response in these bytes as far as they go, and whether it is whole; `None` without a whole head.
fn response(bytes: &[u8]) -> Option<(Response<Vec<u8>>, bool)> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let (head, body) = (bytes.get(..end)?, bytes.get(end + 4..)?);
    let mut lines = std::str::from_utf8(head).ok()?.lines();
    let status: u16 = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        headers.append(
            HeaderName::try_from(name).ok()?,
            HeaderValue::from_str(value.trim()).ok()?,
        );
    }
    let length = headers
        .get("content-length")
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    let (body, whole) = match length {
        Some(length) => (body.to_vec(), body.len() >= length),
        None => unchunked(body),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    *response.headers_mut() = headers;
    Some((response, whole))
}

/// The data of whole chunks, and whether the last one is there.
fn unchunked(mut bytes: &[u8]) -> (Vec<u8>, bool) {
    let mut data = Vec::new();
    while let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") {
        let line = bytes.get(..end).and_then(|line| std::str::from_utf8(line).ok());
        let Some(length) = line.and_then(|line| usize::from_str_radix(line, 16).ok()) else {
            break;
        };
        if length == 0 {
            return (data, true);
        }
        let Some(chunk) = bytes.get(end + 2..end + 2 + length) else {
            break;
        };
        data.extend_from_slice(chunk);
        bytes = bytes.get(end + length + 4..).unwrap_or_default();
    }
    (data, false)
}

async fn by_http2(
    to: SocketAddr,
    request: Request<Vec<u8>>,
    enough: impl Fn(&[u8]) -> bool,
) -> Result<Response<Vec<u8>>, h2::Error> {
    let tcp = TcpStream::connect(to).await.map_err(h2_error)?;
    let (send, connection) = h2::client::handshake(tcp).await?;
    let (mut head, body) = request.into_parts();
    head.uri = format!("http://{to}{}", head.uri).parse().unwrap();
    let request = Request::from_parts(head, ());
    let work = async {
        let mut send = send.ready().await?;
        let (response, mut stream) = send.send_request(request, body.is_empty())?;
        if !body.is_empty() {
            // The server may answer and reset the stream before it has read everything.
            let _reset = stream.send_data(Bytes::from(body), true);
        }
        let (head, mut data) = response.await?.into_parts();
        let mut received = Vec::new();
        while let Some(chunk) = data.data().await {
            let chunk = chunk?;
            received.extend_from_slice(&chunk);
            data.flow_control().release_capacity(chunk.len())?;
            if enough(&received) {
                break;
            }
        }
        Ok(Response::from_parts(head, received))
    };
    let (work, connection) = (std::pin::pin!(work), std::pin::pin!(connection));
    match select(work, connection).await {
        Either::Left((done, _)) => done,
        Either::Right((ended, work)) => {
            ended?;
            work.await
        }
    }
}

fn h2_error(error: io::Error) -> h2::Error {
    tracing::debug!(%error, "no connection");
    h2::Reason::CONNECT_ERROR.into()
}
