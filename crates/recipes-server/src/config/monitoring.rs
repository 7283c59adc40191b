//! Settings of what operators watch: the log and the metrics.

use std::{net::SocketAddr, time::Duration};

use clap::Args;
use http::Uri;

use super::values::{self, HEADING};
use crate::telemetry::LogFormat;

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = HEADING)]
pub struct Monitoring {
    /// Log level: off, error, warn, info, debug or trace, also by module, as in warn,recipes=debug
    #[arg(long, env, global = true, value_name = "LEVEL", default_value = "info", value_parser = values::log)]
    pub log: String,

    /// Log format: text or json
    #[arg(
        long,
        env,
        global = true,
        value_name = "FORMAT",
        default_value = "text",
        hide_possible_values = true
    )]
    pub log_format: LogFormat,

    /// Milliseconds from which requests and transactions of the database are logged as slow, with their cause, or off
    #[arg(long, env, global = true, value_name = "MILLISECONDS", default_value = "1000", value_parser = slow)]
    pub log_slow: Duration,

    /// Address and port of the metrics for Prometheus, at /metrics; without it there are none
    #[arg(long, env, global = true, value_name = "ADDRESS:PORT", value_parser = metrics_address)]
    pub metrics_addr: Option<SocketAddr>,

    /// HTTP address of an OpenTelemetry collector, to which traces are sent; for programs that were built with the feature otel
    #[arg(long, env, global = true, value_name = "URL", value_parser = collector)]
    pub otel_exporter_otlp_endpoint: Option<String>,
}

fn slow(text: &str) -> Result<Duration, &'static str> {
    match text {
        "off" => Ok(Duration::MAX),
        number => match number.parse() {
            Ok(milliseconds @ 1..=3_600_000) => Ok(Duration::from_millis(milliseconds)),
            _ => Err("must be a number of milliseconds from 1 to 3600000, or off"),
        },
    }
}

fn metrics_address(text: &str) -> Result<SocketAddr, &'static str> {
    text.parse().map_err(|_| "must be an IP address and a port, as in 127.0.0.1:9090 or [::1]:9090")
}

fn collector(text: &str) -> Result<String, &'static str> {
    let uri: Uri = text.parse().unwrap_or_default();
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let is_plain = uri.query().is_none() && !text.contains(['@', '#']);
    let is_address = is_http && is_plain && uri.host().is_some_and(|host| !host.is_empty());
    is_address
        .then(|| text.to_owned())
        .ok_or("must be an http:// or https:// address, as in http://127.0.0.1:4318")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_is_a_time_or_off() {
        assert_eq!(slow("250"), Ok(Duration::from_millis(250)));
        assert_eq!(slow("off"), Ok(Duration::MAX));
        for bad in ["", "0", "-1", "1s", "3600001", "OFF"] {
            assert!(slow(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn address_of_the_metrics_has_a_port() {
        for good in ["127.0.0.1:9090", "[::]:9090", "0.0.0.0:0"] {
            assert_eq!(metrics_address(good).unwrap().to_string(), good);
        }
        for bad in ["", "9090", ":9090", "127.0.0.1", "localhost:9090", "http://127.0.0.1:9090", "::1:9090x"]
        {
            assert!(metrics_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn collector_is_an_http_address() {
        for good in ["http://127.0.0.1:4318", "https://otel.example/otlp", "http://[::1]:4318/"] {
            assert_eq!(collector(good).unwrap(), good);
        }
        for bad in
            ["", "127.0.0.1:4318", "grpc://a:4317", "http://", "http://u:p@a", "http://a?b", "http://a#b"]
        {
            assert!(collector(bad).is_err(), "{bad}");
        }
    }
}
