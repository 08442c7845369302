//! A bare tonic service in a process of its own, which decodes the request of SubmitResponse and returns a fixed
//! response.

use std::{
    convert::Infallible,
    task::{Context, Poll},
};

use prima_proto::survey::v1::{SubmitResponseRequest, SubmitResponseResponse};
use prima_tests::bench::ChildProcess;
use tonic::{
    Status,
    body::Body,
    codegen::{BoxFuture, Service, http},
};
use tonic_prost::ProstCodec;

/// The argument with which this program runs as that service.
pub const ARGUMENT: &str = "echo-server";

#[derive(Clone)]
struct Echo;

impl tonic::server::NamedService for Echo {
    const NAME: &'static str = "prima.survey.v1.SurveyService";
}

impl Service<tonic::Request<SubmitResponseRequest>> for Echo {
    type Response = tonic::Response<SubmitResponseResponse>;
    type Error = Status;
    type Future = std::future::Ready<Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<SubmitResponseRequest>) -> Self::Future {
        let request = request.into_inner();
        std::future::ready(Ok(tonic::Response::new(SubmitResponseResponse {
            name: format!("{}/responses/{}", request.survey, request.request_id),
            accept_time: request.response.and_then(|r| r.submit_time),
            ..SubmitResponseResponse::default()
        })))
    }
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::default());
            Ok(grpc.unary(Echo, request).await)
        })
    }
}

/// Serves until standard input ends, which it does at the latest when the parent process ends.
pub async fn serve() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    println!("http://{}", listener.local_addr().unwrap());
    let incoming = tonic::transport::server::TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::select! {
        served = tonic::transport::Server::builder().add_service(Echo).serve_with_incoming(incoming) => served.unwrap(),
        () = ChildProcess::parent_ended() => std::process::exit(0),
    }
}
