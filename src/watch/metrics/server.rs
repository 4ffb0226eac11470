//! `/metrics` and `/health` over HTTP.
//!
//! Whoever asks costs a bounded amount: so many connections, each for so long, and the state is asked at most every few
//! seconds, however many ask for it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Sleep;

use super::counts::{LogReading, WatchMetrics};
use super::exposition::exposition;
use super::health::{HealthStatus, health};
use crate::observe::clock::{self, Stopwatch};
use crate::watch::state::{RevocationLook, State, StateError, SurveyedLog, Waiting};

/// How many connections there are at a time.
const MOST_CONNECTIONS: usize = 64;
/// How long a connection lives, whatever it does.
const LONGEST_CONNECTION: Duration = Duration::from_mins(1);
/// How long the state has to answer.
const STATE_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an answer of the state is given again, in milliseconds.
const STATE_AGE: u64 = 5000;
/// How often the counters are looked at, for the entries a second.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long what is under way has to end once all are told to stop.
const LAST_MOMENTS: Duration = Duration::from_secs(2);

/// Serves `/metrics` (OpenMetrics) and `/health` (JSON; 200 where the status is `ok` or `degraded`, else 503), until
/// `stop` is true or its sender is gone.
pub async fn serve(
    listener: TcpListener,
    metrics: Arc<WatchMetrics>,
    state: Arc<State>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let asked = Arc::new(Asked { metrics, state, begun: Stopwatch::start(), told: Mutex::default() });
    let (for_metrics, for_health) = (Arc::clone(&asked), Arc::clone(&asked));
    let router = Router::new()
        .route("/metrics", get(move || async move { for_metrics.metrics().await }))
        .route("/health", get(move || async move { for_health.health().await }));
    let listener = Bounded { listener, free: Arc::new(Semaphore::new(MOST_CONNECTIONS)) };
    let mut stopped = stop.clone();
    let serving =
        axum::serve(listener, router).with_graceful_shutdown(async move { over(&mut stopped).await });
    let sampling = async {
        loop {
            let told = asked.told().await;
            asked.logs(told.as_ref().as_ref().ok());
            tokio::time::sleep(INTERVAL).await;
        }
    };
    tokio::select! {
        served = serving.into_future() => served,
        () = sampling => Ok(()),
        () = async { over(&mut stop).await; tokio::time::sleep(LAST_MOMENTS).await } => Ok(()),
    }
}

async fn over(stop: &mut watch::Receiver<bool>) {
    // Where the sender is gone, nobody is left who could want more.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What is asked about.
struct Asked {
    metrics: Arc<WatchMetrics>,
    state: Arc<State>,
    begun: Stopwatch,
    told: Mutex<Option<(u64, Answer)>>,
}

/// What the state says.
struct Told {
    waiting: Vec<Waiting>,
    logs: Vec<SurveyedLog>,
    revocations: Option<RevocationLook>,
}

/// What the state says, or why it says nothing.
type Answer = Arc<Result<Told, String>>;

impl Asked {
    async fn metrics(&self) -> Response {
        let told = self.told().await;
        let told = told.as_ref().as_ref().ok();
        let attempts: Vec<(String, u64, u64)> = self
            .metrics
            .channels()
            .into_iter()
            .map(|(name, channel)| (name, channel.delivered(), channel.failed()))
            .collect();
        let waiting = told.map(|told| told.waiting.as_slice());
        let revocations = told.and_then(|told| told.revocations.as_ref());
        let begun = (self.metrics.started(), self.metrics.policy());
        match exposition(begun, &self.logs(told), &attempts, (waiting, revocations), self.metrics.list()) {
            Ok(text) => {
                let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
                answer(StatusCode::OK, kind, text)
            }
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    async fn health(&self) -> Response {
        let told = self.told().await;
        let told = told.as_ref().as_ref().map_err(String::as_str);
        let channels: Vec<String> = self.metrics.channels().into_iter().map(|(name, _)| name).collect();
        let waiting = told.map(|told| told.waiting.as_slice());
        let logs = self.logs(told.ok());
        let begun = (self.metrics.started(), self.metrics.policy());
        let health = health(begun, &logs, &channels, waiting, clock::now()).chosen_by(self.metrics.list());
        let status = match health.status {
            HealthStatus::Ok | HealthStatus::Degraded => StatusCode::OK,
            HealthStatus::Undetermined | HealthStatus::Failing => StatusCode::SERVICE_UNAVAILABLE,
        };
        match serde_json::to_string(&health) {
            Ok(text) => answer(status, "application/json", text),
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        }
    }

    fn logs(&self, told: Option<&Told>) -> Vec<LogReading> {
        let survey = told.map(|told| told.logs.as_slice());
        self.metrics.readings(self.begun.milliseconds(), survey, clock::now())
    }

    /// What the state says; all who ask while it is asked get the same answer.
    async fn told(&self) -> Answer {
        let mut kept = self.told.lock().await;
        let now = self.begun.milliseconds();
        if let Some((at, told)) = kept.as_ref()
            && now.saturating_sub(*at) < STATE_AGE
        {
            return Arc::clone(told);
        }
        let asking = async {
            Ok::<_, StateError>(Told {
                waiting: self.state.waiting().await?,
                logs: self.state.survey().await?,
                revocations: self.state.revocation_look().await?,
            })
        };
        let told = match tokio::time::timeout(STATE_TIMEOUT, asking).await {
            Ok(told) => told.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {} seconds", STATE_TIMEOUT.as_secs())),
        };
        let told = Arc::new(told);
        *kept = Some((self.begun.milliseconds(), Arc::clone(&told)));
        told
    }
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response {
    let fields = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, fields, text).into_response()
}

/// Takes as many connections as there may be; others wait to be taken.
struct Bounded {
    listener: TcpListener,
    free: Arc<Semaphore>,
}

impl Listener for Bounded {
    type Io = Brief;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Brief, Self::Addr) {
        // It is never closed.
        let permit = Arc::clone(&self.free).acquire_owned().await.ok();
        let (stream, address) = Listener::accept(&mut self.listener).await;
        let end = Box::pin(tokio::time::sleep(LONGEST_CONNECTION));
        (Brief { stream, end, _permit: permit }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection that ends by itself.
struct Brief {
    stream: TcpStream,
    end: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl Brief {
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(context).is_ready()
    }
}

fn timed_out<T>() -> Poll<io::Result<T>> {
    Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
}

impl AsyncRead for Brief {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            return timed_out();
        }
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Brief {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        octets: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_over(context) {
            return timed_out();
        }
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            return timed_out();
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_over(context) {
            return timed_out();
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
