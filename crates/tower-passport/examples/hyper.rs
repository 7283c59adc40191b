//! A hyper server in the layer, without a router and a framework.
//!
//!     curl -i localhost:3000/                                      # 401, WWW-Authenticate: Bearer
//!     curl -i localhost:3000/ -H "Authorization: Bearer <a key>"   # 200 Hello, printer
use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tower::{Layer, service_fn};
use tower_passport::{ApiKey, ApiKeyFormat, Authenticate, CurrentUser, ProblemJson, TokenDigest};

async fn greet(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let user = request.extensions().get::<CurrentUser<&'static str>>();
    let name = user.map_or("guest", |CurrentUser(name)| name);
    Ok(Response::new(Full::from(format!("Hello, {name}\n"))))
}

pub(crate) async fn serve(
    listener: TcpListener,
    format: ApiKeyFormat,
    known: TokenDigest,
) -> std::io::Result<()> {
    let api_key = ApiKey::new(format, move |key: TokenDigest| async move {
        Ok::<_, Infallible>((key == known).then_some("printer")) // yours looks the digest up in a store
    });
    let service = Authenticate::new(api_key).respond_as(ProblemJson).layer(service_fn(greet));
    loop {
        let (connection, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        let http = hyper::server::conn::http1::Builder::new();
        // Broken connections are not logged here.
        tokio::spawn(http.serve_connection(TokioIo::new(connection), service));
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let format = ApiKeyFormat::new("example")?;
    // Use random bytes: `getrandom::fill(&mut bytes)`.
    let key = format.generate(b"An example. Yours is random too.");
    println!("{}", key.expose_secret());
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    Ok(serve(listener, format, TokenDigest::of(key.expose_secret())).await?)
}
