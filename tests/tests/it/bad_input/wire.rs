//! Calls below the generated clients: messages as bytes, and whole requests as HTTP/2 frames.

use std::time::Duration;

use futures::future::{Either, select};
use http::HeaderMap;
use prima_tests::process::Process;
use prost::bytes::Bytes;
use tokio::net::TcpStream;
use tonic::Status;

/// A message in its gRPC frame.
pub fn frame(message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap();
    let mut frame = vec![0];
    frame.extend(length.to_be_bytes());
    frame.extend(message);
    frame
}

/// The response: the HTTP status, and the gRPC status when there is one.
#[derive(Debug)]
pub struct Exchange {
    pub http: http::StatusCode,
    pub headers: HeaderMap,
    pub grpc: Option<Status>,
}

impl Exchange {
    /// The result as a client library would return it.
    pub fn answer(self) -> Result<(), Status> {
        let status = self
            .grpc
            .unwrap_or_else(|| panic!("no gRPC status: {:?}", self.headers));
        if status.code() == tonic::Code::Ok {
            Ok(())
        } else {
            Err(status)
        }
    }
}

/// Sends one request on a connection of its own, by a client that has no deadline and checks nothing.
pub async fn exchange(
    process: &Process,
    path: &str,
    headers: &[(&str, &[u8])],
    body: Vec<u8>,
) -> Result<Exchange, h2::Error> {
    let address = process.url().trim_start_matches("http://").to_owned();
    let tcp = TcpStream::connect(&address).await.unwrap();
    let (send, connection) = h2::client::handshake(tcp).await?;
    let mut request = http::Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).unwrap();
    let work = async {
        let mut send = send.ready().await?;
        let (response, mut stream) = send.send_request(request, false)?;
        // The server may answer and reset the stream before it has read everything.
        let _reset = stream.send_data(Bytes::from(body), true);
        let (head, mut data) = response.await?.into_parts();
        let mut grpc = Status::from_header_map(&head.headers);
        while let Some(chunk) = data.data().await {
            let length = chunk?.len();
            data.flow_control().release_capacity(length)?;
        }
        if let Some(trailers) = data.trailers().await? {
            grpc = grpc.or_else(|| Status::from_header_map(&trailers));
        }
        Ok(Exchange {
            http: head.status,
            headers: head.headers,
            grpc,
        })
    };
    let (work, connection) = (std::pin::pin!(work), std::pin::pin!(connection));
    let both = async {
        match select(work, connection).await {
            Either::Left((done, _)) => done,
            Either::Right((ended, work)) => {
                ended?;
                work.await
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), both)
        .await
        .expect("an answer in time")
}
