//! A gRPC service in the layer: rejections are gRPC statuses, and the method gets the user.
//! The service is written by hand, so that the example needs no `protoc`; tonic generates yours.
use std::convert::Infallible;
use std::task::{Context, Poll};

use http::{Request, Response};
use strict_jose::{Key, Rules};
use tokio::net::TcpListener;
use tonic::transport::{Server, server::TcpIncoming};
use tonic::{Status, body::Body, server::Grpc, server::NamedService};
use tonic_prost::ProstCodec;
use tower::{Service, service_fn};
use tower_passport::{Authenticate, CurrentUser, GrpcStatus, Jwt};

#[derive(serde::Deserialize)]
struct Claims {
    sub: String,
}

/// `rpc Greet(google.protobuf.StringValue) returns (google.protobuf.StringValue)`
async fn greet(request: tonic::Request<String>) -> Result<tonic::Response<String>, Status> {
    let CurrentUser(name) =
        request.extensions().get::<CurrentUser<String>>().ok_or_else(|| Status::internal("no layer"))?;
    Ok(tonic::Response::new(format!("{}, {name}", request.get_ref())))
}

#[derive(Clone)]
struct Greeter;

impl NamedService for Greeter {
    const NAME: &'static str = "example.Greeter";
}

impl Service<Request<Body>> for Greeter {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = tonic::codegen::BoxFuture<Response<Body>, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(async { Ok(Grpc::new(ProstCodec::default()).unary(service_fn(greet), request).await) })
    }
}

pub(crate) async fn serve(listener: TcpListener, key: Key) -> Result<(), tonic::transport::Error> {
    let rules = Rules::typ("at+jwt").any_issuer().any_audience();
    let jwt = Jwt::new(key, rules, |claims: Claims| async { Ok::<_, Infallible>(Some(claims.sub)) });
    let door = Authenticate::new(jwt).respond_as(GrpcStatus);
    Server::builder().layer(door).add_service(Greeter).serve_with_incoming(TcpIncoming::from(listener)).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    Ok(serve(listener, Key::hs256(b"An example. Yours is 32 random bytes.")?).await?)
}
