//! `BufferBody`.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use axum::routing::post as on_post;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt, service_fn};
use tower_passport::{BufferBody, BufferedBody, Reason, Rejection};

use crate::answer::{answer, post};

/// Responds with the body that a strategy sees and the body that a handler gets.
async fn echo(request: Request<Full<Bytes>>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let BufferedBody(seen) = head.extensions.get().cloned().unwrap();
    let body = body.collect().await.unwrap().to_bytes();
    Ok(Response::new(Bytes::from([&seen[..], b"|", &body[..]].concat()).into()))
}

/// A body of these chunks with unknown length.
struct Pieces(Vec<Result<&'static str, &'static str>>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, &'static str>>> {
        let next = if self.0.is_empty() { None } else { Some(self.0.remove(0)) };
        Poll::Ready(next.map(|piece| piece.map(|text| Frame::data(text.into()))))
    }
}

const TOO_LARGE: &str = r#"413 {"error":"body_too_large","error_description":"The body is too large."}"#;

#[tokio::test]
async fn strategy_and_service_both_get_the_whole_body() {
    let service = || BufferBody::new(6).layer(service_fn(echo));
    for (pieces, want) in [
        (vec![], "200 |"),
        (vec![Ok("secret")], "200 secret|secret"),
        (vec![Ok("sec"), Ok(""), Ok("ret")], "200 secret|secret"),
        (vec![Ok("secrets")], TOO_LARGE),
        (vec![Ok("sec"), Ok("rets")], TOO_LARGE),
        (
            vec![Ok("sec"), Err("connection reset")],
            r#"400 {"error":"invalid_request","error_description":"The body ended too early."}"#,
        ),
    ] {
        assert_eq!(answer(service(), Request::new(Pieces(pieces.clone()))).await, want, "{pieces:?}");
    }
}

#[tokio::test]
async fn a_body_with_a_too_large_content_length_is_not_read() {
    /// A body with this announced length, which cannot be read.
    struct Announced;
    impl http_body::Body for Announced {
        type Data = Bytes;
        type Error = Infallible;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
            panic!("read")
        }

        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(7)
        }
    }
    let service = BufferBody::new(6).layer(service_fn(echo));
    assert_eq!(answer(service, Request::new(Announced)).await, TOO_LARGE);
}

#[tokio::test]
async fn the_response_carries_the_rejection() {
    async fn handler(body: String) -> String {
        body
    }
    let router = || Router::new().route("/", on_post(handler));
    let as_it_is = router().layer(BufferBody::new(6));
    assert_eq!(answer(as_it_is.clone(), post("", "secret")).await, "200 secret");
    let response = as_it_is.oneshot(post("", "secrets")).await.unwrap();
    assert_eq!(response.extensions().get::<Rejection>().unwrap().reason(), Reason::BodyTooLarge);

    let own = router().layer(BufferBody::new(6).respond_with(|rejection, request| {
        let mut response = Response::new(Body::from(format!("{} {rejection}", request.method)));
        *response.status_mut() = StatusCode::IM_A_TEAPOT;
        response
    }));
    assert_eq!(answer(own.clone(), post("", "secrets")).await, "418 POST The body is too large.");
    let response = own.oneshot(post("", "secrets")).await.unwrap();
    assert_eq!(response.extensions().get::<Rejection>().unwrap().reason(), Reason::BodyTooLarge);
}

#[test]
fn debug_of_a_buffered_body_shows_only_its_length() {
    assert_eq!(format!("{:?}", BufferedBody("password=secret".into())), "BufferedBody(15 bytes)");
}
