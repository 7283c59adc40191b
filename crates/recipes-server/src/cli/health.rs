//! `recipes health`: asks the service on this machine whether it works. For the health checks of containers, which may have neither
//! a shell nor curl.

use std::{
    io::{self, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context as _, bail};
use bytes::Bytes;
use clap::Args;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Collected, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{net::TcpStream, time::timeout};

use super::invalid_argument::InvalidArgument;
use crate::config::Config;
use crate::public_url::PublicUrl;
use crate::telemetry::escape::escape;

/// Ask the service on this machine whether it is ready: exit code 0 if it is, else 1
///
/// The service is the one at HOST and PORT. For all addresses (0.0.0.0 or ::) it is asked at the loopback address.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Health {
    /// Ask only whether the process answers (/healthz), not whether the database works, too (/readyz)
    #[arg(long)]
    live: bool,
    /// Seconds to wait for the answer
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    timeout: Duration,
}

const EXAMPLES: &str = "\
Examples:
  recipes health
  recipes health --live --timeout 2
  HEALTHCHECK CMD [\"recipes\", \"health\"]         in a Dockerfile";

/// An answer of another program on the port could be endless.
const MAX_ANSWER: usize = 64 << 10;

impl Health {
    pub(super) async fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let address = reachable(config.address()?);
        if address.port() == 0 {
            return Err(InvalidArgument("PORT is 0, so the port is unknown: give it by --port".into()).into());
        }
        let base = config.mail.public_url.as_ref().map_or("", PublicUrl::path);
        let path = format!("{base}{}", if self.live { "/healthz" } else { "/readyz" });
        let answer = timeout(self.timeout, ask(address, &path)).await;
        let answer = answer.unwrap_or_else(|_| bail!("no answer within {} s", self.timeout.as_secs()));
        let (status, body) = answer.with_context(|| format!("http://{address}{path} cannot be reached"))?;
        if status != StatusCode::OK {
            let answer: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
            let message =
                answer["message"].as_str().map(|why| format!(": {}", escape(why))).unwrap_or_default();
            bail!("http://{address}{path} answers {}{message}", status.as_u16());
        }
        writeln!(io::stdout(), "{}", if self.live { "alive" } else { "ready" })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The unspecified address stands for all addresses of the machine; a client cannot connect to it everywhere.
fn reachable(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}

async fn ask(address: SocketAddr, path: &str) -> anyhow::Result<(StatusCode, Bytes)> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(path).header(header::HOST, address.to_string()).body(Empty::<Bytes>::new())?;
    let answer = async {
        let (parts, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        Ok((parts.status, body.map(Collected::to_bytes).unwrap_or_default()))
    };
    tokio::select! {
        answer = answer => answer,
        ended = connection => {
            ended?;
            bail!("the connection was closed before the answer");
        }
    }
}

fn seconds(text: &str) -> Result<Duration, &'static str> {
    match text.parse() {
        Ok(seconds @ 1..=3_600) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a number of seconds from 1 to 3600"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_at_all_addresses_is_asked_at_the_loopback_address() {
        for (listener, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("192.0.2.1:80", "192.0.2.1:80"),
            ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ] {
            assert_eq!(reachable(listener.parse().unwrap()).to_string(), asked);
        }
    }
}
