//! Traces with the SDK of OpenTelemetry.
//!
//! Spans are made here and not with `tracing`: a span of `tracing` costs every request about a microsecond, also where nothing is
//! sent.

use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use http::{HeaderMap, StatusCode, Version};
use opentelemetry::{
    Context, KeyValue, SpanId, TraceId,
    propagation::TextMapPropagator as _,
    trace::{SpanKind, Status, TraceContextExt as _, Tracer as _, TracerProvider as _},
};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{
    Resource,
    propagation::TraceContextPropagator,
    trace::{IdGenerator, SdkTracer, SdkTracerProvider},
};
use store::Waited;
use tokio::task::spawn_blocking;

use super::collector::Collector;
use super::{NewRequest, TraceConfig};
use crate::entropy::Entropy;
use crate::http::conditional::system_time;
use crate::telemetry::routes::Routes;

/// How long the end of the service waits for the last spans.
const LAST_SPANS: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub struct Traces(Option<Arc<Tracing>>);

struct Tracing {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    routes: Routes,
    scheme: &'static str,
}

impl Traces {
    pub fn off() -> Self {
        Self(None)
    }

    /// Begins to send traces, if there is an address for them. The other settings are the `OTEL_` variables of the SDK.
    ///
    /// # Errors
    /// If one of those settings is invalid, or if no HTTP client can be made.
    pub fn start(config: TraceConfig) -> Result<Self, String> {
        let TraceConfig { endpoint, routes, entropy, is_https } = config;
        let Some(endpoint) = endpoint else { return Ok(Self::off()) };
        let url = format!("{}/v1/traces", endpoint.trim_end_matches('/'));
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(Collector::new(&url)?)
            .with_endpoint(&url)
            .build()
            .map_err(|error| error.to_string())?;
        tracing::info!("Traces are sent to {url}");
        let provider = SdkTracerProvider::builder()
            .with_id_generator(Ids(entropy))
            .with_resource(resource())
            .with_batch_exporter(exporter)
            .build();
        store::observe_waits(database_waited);
        let tracer = provider.tracer("recipes");
        let scheme = if is_https { "https" } else { "http" };
        Ok(Self(Some(Arc::new(Tracing { provider, tracer, routes, scheme }))))
    }

    /// Begins the span of a request, below that of the client if the request names one.
    pub fn begin(&self, new: &NewRequest<'_>) -> RequestSpan {
        let Some(tracing) = &self.0 else { return RequestSpan(None) };
        let NewRequest { request, id, client, received, started } = *new;
        let received = system_time(received);
        let method = request.method().as_str();
        let path = request.uri().path();
        let route = tracing.routes.number(path).and_then(|number| tracing.routes.template(number));
        let name = route.map_or(method.to_owned(), |route| format!("{method} {route}"));
        let mut attributes = vec![
            KeyValue::new("http.request.method", method.to_owned()),
            KeyValue::new("url.path", path.to_owned()),
            KeyValue::new("url.scheme", tracing.scheme),
            KeyValue::new(
                "network.protocol.version",
                if request.version() == Version::HTTP_2 { "2" } else { "1.1" },
            ),
            KeyValue::new("request.id", id.to_str().unwrap_or_default().to_owned()),
        ];
        attributes.extend(route.map(|route| KeyValue::new("http.route", route.to_owned())));
        attributes.extend(client.map(|client| KeyValue::new("client.address", client.to_string())));

        let parent = TraceContextPropagator::new()
            .extract_with_context(&Context::new(), &HeaderExtractor(request.headers()));
        let span = tracing.tracer.span_builder(name);
        let span = span.with_kind(SpanKind::Server).with_start_time(received).with_attributes(attributes);
        let span = span.start_with_context(&tracing.tracer, &parent);
        let times = Times { received, started, tracer: tracing.tracer.clone() };
        RequestSpan(Some(parent.with_span(span).with_value(times)))
    }

    /// Sends the last spans.
    pub async fn close(self) {
        let Some(tracing) = self.0 else { return };
        // It waits for its thread, which sends on this runtime.
        let closed = spawn_blocking(move || tracing.provider.shutdown_with_timeout(LAST_SPANS)).await;
        if !matches!(closed, Ok(Ok(()))) {
            tracing::warn!("The last traces could not be sent");
        }
    }
}

fn resource() -> Resource {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let named = Resource::builder().build().get(&"service.name".into());
    let resource = Resource::builder().with_attribute(version);
    // What the SDK makes of the name of the program, if neither OTEL_SERVICE_NAME nor OTEL_RESOURCE_ATTRIBUTES is set.
    let is_named = named.is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    if is_named { resource.build() } else { resource.with_service_name("recipes").build() }
}

/// Ids from the one source of randomness.
#[derive(Debug)]
struct Ids(Entropy);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        TraceId::from_bytes(self.0.bytes())
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from_bytes(self.0.bytes())
    }
}

/// Beside the span of a request, for the spans below it.
struct Times {
    received: SystemTime,
    started: Instant,
    tracer: SdkTracer,
}

impl Times {
    /// The clock is read once a request: a span cannot end before it began.
    fn at(&self, time: Instant) -> SystemTime {
        self.received + time.saturating_duration_since(self.started)
    }
}

/// The span of a request. Clones are the same span.
#[derive(Clone, Debug, Default)]
pub struct RequestSpan(Option<Context>);

impl RequestSpan {
    #[cfg(test)]
    pub fn none() -> Self {
        Self(None)
    }

    /// For the log.
    pub fn trace_id(&self) -> Option<TraceId> {
        self.0.as_ref().map(|context| context.span().span_context().trace_id())
    }

    /// Runs `poll`. Its spans are below this one.
    pub fn scope<T>(&self, poll: impl FnOnce() -> T) -> T {
        let _current = self.0.clone().map(Context::attach);
        poll()
    }

    /// Ends the span with the status of the response.
    pub fn end(&self, status: StatusCode) {
        let Some(context) = &self.0 else { return };
        let span = context.span();
        span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        if status.is_server_error() {
            span.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            span.set_status(Status::error(""));
        }
        if let Some(times) = context.get::<Times>() {
            span.end_with_timestamp(times.at(Instant::now()));
        }
    }
}

/// Adds a span below that of the current request: what it has waited for since `begun`.
pub fn waited(name: &'static str, begun: Instant) {
    add_wait(name, SpanKind::Internal, begun, None);
}

fn database_waited(waited: &Waited) {
    let system = KeyValue::new("db.system.name", waited.system);
    add_wait(waited.operation, SpanKind::Client, waited.begun, Some(system));
}

fn add_wait(name: &'static str, kind: SpanKind, begun: Instant, attribute: Option<KeyValue>) {
    Context::map_current(|context| {
        let Some(times) = context.get::<Times>() else { return };
        let span = times.tracer.span_builder(name).with_kind(kind).with_start_time(times.at(begun));
        let span = span.with_attributes(attribute);
        let mut span = span.start_with_context(&times.tracer, context);
        opentelemetry::trace::Span::end_with_timestamp(&mut span, times.at(Instant::now()));
    });
}

/// Adds the headers that continue the trace of the current request at another server.
pub fn propagate(headers: &mut HeaderMap) {
    TraceContextPropagator::new().inject(&mut HeaderInjector(headers));
}
