mod watched;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::super::http::HttpClient;
use super::*;
use crate::ct::merkle::{TreeBuilder, leaf_hash};
use crate::evidence::Bytes;
use crate::issuance::names::{WatchedName, WatchedNames};
use crate::issuance::reported::{Coverage, SourceReading};
use crate::issuance::sources;
use crate::issuance::sources::testing::{issued, list, pem};
use crate::watch::batch::ChainBeside;
use crate::watch::state::{EntryKind, Found, Head, LogKind, NewFault, NewLog, Place, StateOptions};

const TOKEN: &str = "k1_hush-hush-0123456789abcdef";

/// A server on loopback, and the heads of the requests that it got.
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The path and query of each request.
    fn targets(&self) -> Vec<String> {
        let target = |head: String| head.split(' ').nth(1).unwrap_or_default().to_owned();
        self.requests().into_iter().map(target).collect()
    }
}

/// Answers each request by its target and its number, from 0.
fn serve(respond: impl Fn(&str, usize) -> Vec<u8> + Send + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = Vec::new();
            let mut buffer = [0; 4096];
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer).unwrap_or(0) {
                    0 => break,
                    count => head.extend_from_slice(&buffer[..count]),
                }
            }
            let head = String::from_utf8(head).unwrap();
            let number = {
                let mut kept: std::sync::MutexGuard<'_, Vec<String>> = kept.lock().unwrap();
                kept.push(head.clone());
                kept.len() - 1
            };
            let target = head.split(' ').nth(1).unwrap_or_default();
            // Who goes away early is no failure of the server.
            let _ = stream.write_all(&respond(target, number));
        }
    });
    Server { url, requests }
}

fn answer(head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn ok(body: &str) -> Vec<u8> {
    answer("200 OK\r\nContent-Type: application/json", body)
}

async fn ask_one(source: AskedSource) -> (IssuanceSource, SourceReading) {
    let asking = Asking {
        name: "shop.example.com".parse().unwrap(),
        http: HttpClient::new().unwrap(),
        sources: vec![source],
    };
    let observation = ask(&asking).await;
    // What was saved is read the same.
    let saved = serde_json::to_string(&observation).unwrap();
    let mut again: IssuanceObservation = serde_json::from_str(&saved).unwrap();
    assert_eq!(again, observation);
    let source = again.sources.remove(0);
    let reading = sources::read(&source).unwrap();
    assert_eq!(Some(&reading), sources::read(&observation.sources[0]).as_ref());
    (source, reading)
}

async fn ask_crt_sh(server: &Server, change: fn(&mut CrtSh)) -> (IssuanceSource, SourceReading) {
    let mut how = CrtSh { url: server.url.clone(), pause: Duration::ZERO, ..CrtSh::default() };
    change(&mut how);
    ask_one(AskedSource::CrtSh(how)).await
}

async fn ask_cert_spotter(url: &str, change: fn(&mut CertSpotter)) -> (IssuanceSource, SourceReading) {
    let token = Some(Secret::new(TOKEN).unwrap());
    let mut how = CertSpotter { url: format!("{url}/v1/issuances"), token, ..CertSpotter::default() };
    change(&mut how);
    let (source, reading) = ask_one(AskedSource::CertSpotter(how)).await;
    for shown in [serde_json::to_string(&source).unwrap(), format!("{source:?} {reading:?}")] {
        assert!(!shown.contains("hush"), "{shown}");
    }
    (source, reading)
}

fn row(id: u64, identities: u64) -> serde_json::Value {
    json!({
        "issuer_ca_id": 1, "issuer_name": "CN=CA", "common_name": "shop.example.com", "name_value": "shop.example.com",
        "id": id, "entry_timestamp": null, "not_before": "2026-10-02T07:09:10", "not_after": "2199-12-31T07:09:09",
        "serial_number": format!("00{id:x}"), "result_count": identities
    })
}

#[tokio::test]
async fn crt_sh_is_asked_for_the_name_those_below_and_the_wildcard_beside() {
    let issued = issued(&["shop.example.com"]);
    let certificate = crate::x509::Certificate::read(&issued.leaf.der).unwrap();
    let mut of_it = row(7, 1);
    of_it["serial_number"] = json!(certificate.serial);
    of_it["not_before"] = json!(certificate.not_before.to_string().trim_end_matches('Z'));
    let mut ends = of_it.clone();
    ends["not_after"] = json!("2199-01-01T00:00:00");
    let rows = list(&[ends]);
    let pem = pem(&issued.leaf.der);
    let server = serve(move |target, _| match target {
        "/?q=shop.example.com&output=json" => ok(&rows),
        "/?d=7" => answer("200 OK\r\nContent-Type: application/pkix-cert", &pem),
        _ => ok("[]"),
    });
    let (_, read) = ask_crt_sh(&server, |_| {}).await;
    let asked = server.targets();
    assert_eq!(
        asked,
        [
            "/?q=shop.example.com&output=json",
            "/?q=%25.shop.example.com&output=json",
            "/?q=*.example.com&output=json",
            "/?d=7"
        ]
    );
    assert_eq!((read.coverage, read.certificates.len()), (Coverage::Whole, 1));
    // Its end is not the row's, so that it is not taken for it.
    assert_eq!(read.certificates[0].certificate, None);
    assert!(read.problems[0].contains("its end is not what the row says"), "{:?}", read.problems);
}

#[tokio::test]
async fn what_crt_sh_cuts_off_is_asked_for_again_without_the_expired() {
    let server = serve(|target, _| {
        if target.starts_with("/?q=shop.example.com&output=json") {
            let identities = if target.ends_with("&exclude=expired") { 3 } else { 10_000 };
            ok(&list(&[row(1, identities), row(2, 0)]))
        } else if target.starts_with("/?q=") {
            ok("[]")
        } else {
            answer("404 Not Found", "<html>no such certificate</html>")
        }
    });
    let (_, read) = ask_crt_sh(&server, |how| how.most_certificates = 1).await;
    let Coverage::Part(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.contains("of expired certificates only a part"), "{why}");
    assert_eq!(
        server.targets(),
        [
            "/?q=shop.example.com&output=json",
            "/?q=shop.example.com&output=json&exclude=expired",
            "/?q=%25.shop.example.com&output=json",
            "/?q=*.example.com&output=json",
            "/?d=2"
        ]
    );
    let expired_too = serve(|_, _| ok("[]"));
    ask_crt_sh(&expired_too, |how| how.is_unexpired_only = true).await;
    assert!(expired_too.targets().iter().all(|target| target.ends_with("&exclude=expired")));
}

#[tokio::test]
async fn what_is_cut_off_even_so_is_asked_for_name_by_name() {
    let named = |id: u64, name: &str, identities: u64| {
        let mut row = row(id, identities);
        row["name_value"] = json!(name);
        row["common_name"] = json!(name);
        row
    };
    let server = serve(move |target, _| {
        if target.starts_with("/?q=%25.shop.example.com&") {
            ok(&list(&[
                named(1, "a.shop.example.com", 9_000),
                named(2, "*.b.shop.example.com", 1_000),
                named(3, "x.b.shop.example.com", 1),
                named(4, "c.shop.example.com", 0),
            ]))
        } else if target.starts_with("/?q=%25b.shop.example.com&") {
            ok(&list(&[named(2, "*.b.shop.example.com", 1), named(9, "y.b.shop.example.com", 10_000)]))
        } else if target.starts_with("/?q=%25y.b.shop.example.com&") {
            ok(&list(&[named(10, "z.y.b.shop.example.com", 1)]))
        } else {
            ok("[]")
        }
    });
    let (_, read) = ask_crt_sh(&server, |how| {
        how.most_certificates = 0;
        how.most_narrower = 4;
    })
    .await;
    let asked: Vec<String> = server
        .targets()
        .into_iter()
        .filter(|target| target.starts_with("/?q=%25") && !target.contains("%25."))
        .collect();
    let wanted = ["b.shop", "a.shop", "c.shop", "x.b.shop"]
        .map(|name| format!("/?q=%25{name}.example.com&output=json&exclude=expired"));
    assert_eq!(asked, wanted, "those with the most rows first, and no more than is allowed");
    let Coverage::Part(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    for said in [
        "below 4 of the names",
        "1 of them not whole either (%b.shop.example.com: ",
        "no row tells stay uncovered",
    ] {
        assert!(why.contains(said), "{said}: {why}");
    }
    assert_eq!(read.certificates.len(), 5);
}

#[tokio::test]
async fn crt_sh_that_fails_gives_no_data() {
    let page = "<html><body>502 Bad Gateway</body></html>";
    let missing = serve(move |_, _| answer("404 Not Found\r\nContent-Type: text/html", page));
    let (source, read) = ask_crt_sh(&missing, |_| {}).await;
    let Coverage::NoData(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.contains("status 404, with a page of HTML"), "{why}");
    assert_eq!((source.broken_off, missing.requests().len()), (None, 3));

    // Who is asked to come back in an hour does so.
    let busy = serve(|_, number| match number {
        0 => ok("[]"),
        _ => answer("429 Too Many Requests\r\nRetry-After: 3600", "slow down"),
    });
    let (source, read) = ask_crt_sh(&busy, |_| {}).await;
    let Coverage::Part(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.contains("status 429"), "{why}");
    assert!(why.contains("Retry-After: 3600"), "{why}");
    assert!(why.ends_with("; after this answer it was not asked any more"), "{why}");
    assert!(source.broken_off.is_some());
    assert_eq!(busy.requests().len(), 2);

    let slow = serve(|_, _| {
        thread::sleep(Duration::from_secs(5));
        Vec::new()
    });
    let (_, read) = ask_crt_sh(&slow, |how| how.patience = Duration::from_millis(50)).await;
    let Coverage::NoData(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.contains("no whole answer in time") && why.contains("had not answered everything"), "{why}");
}

#[tokio::test]
async fn cert_spotter_is_read_page_by_page() {
    // Ids are opaque: this one must be encoded.
    let server = serve(|target, _| {
        let issuance = |id: &str| json!({"id": id, "dns_names": ["shop.example.com"]});
        match target.split_once("&after=").map(|(_, id)| id) {
            None => ok(&list(&[issuance("1"), issuance("a&b=ü %/")])),
            Some("a%26b%3D%C3%BC+%25%2F") => ok(&list(&[issuance("3")])),
            Some("3") => ok("[]\n"),
            Some(other) => answer("400 Bad Request", &format!("{{\"message\":\"{other}\"}}")),
        }
    });
    let (_, read) = ask_cert_spotter(&server.url, |_| {}).await;
    assert_eq!((read.coverage, read.certificates.len()), (Coverage::Whole, 3));
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    for request in &requests {
        assert!(request.contains(&format!("authorization: Bearer {TOKEN}\r\n")), "{request}");
    }
    let first = "/v1/issuances?domain=shop.example.com&include_subdomains=true&match_wildcards=true&expand=dns_names&\
                 expand=issuer&expand=issuer.operator&expand=issuer.caa_domains&expand=pubkey&expand=cert_der&\
                 expand=problem_reporting&expand=revocation";
    assert_eq!(server.targets()[0], first);

    let open = serve(|_, _| ok("[]"));
    ask_cert_spotter(&open.url, |how| how.token = None).await;
    assert!(!open.requests()[0].to_lowercase().contains("authorization"));
}

#[tokio::test]
async fn paging_ends() {
    let endless = |target: &str, number: usize| {
        assert_eq!(target.contains("&after="), number > 0);
        ok(&list(&[json!({"id": number.to_string(), "dns_names": []})]))
    };
    let (source, read) = ask_cert_spotter(&serve(endless).url, |how| how.most_pages = 5).await;
    let limit = "it has more than the 5 pages that are read";
    assert_eq!((source.broken_off.as_deref(), read.certificates.len()), (Some(limit), 5));
    assert_eq!(read.coverage, Coverage::Part(limit.to_owned()));

    let circle = serve(|_, number| ok(&list(&[json!({"id": (number % 2).to_string(), "dns_names": []})])));
    let (_, read) = ask_cert_spotter(&circle.url, |_| {}).await;
    let Coverage::Part(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.contains("in a circle"), "{why}");
    assert_eq!(circle.requests().len(), 3);

    let nameless = serve(|_, _| ok("[{\"dns_names\": []}]"));
    let (_, read) = ask_cert_spotter(&nameless.url, |_| {}).await;
    assert!(matches!(read.coverage, Coverage::Part(_)), "{:?}", read.coverage);
    assert_eq!(nameless.requests().len(), 1);
}

#[tokio::test]
async fn a_page_that_fails_leaves_a_part() {
    let cut = |number: usize, body: Vec<u8>| {
        if number == 0 { ok("[{\"id\":\"1\",\"dns_names\":[]}]") } else { body }
    };
    let limited = serve(move |_, number| {
        cut(number, answer("429 Too Many Requests\r\nRetry-After: 3600", "{\"code\":\"rate_limited\"}"))
    });
    let (_, read) = ask_cert_spotter(&limited.url, |_| {}).await;
    let Coverage::Part(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.starts_with("page 2: it was asked too often (status 429)"), "{why}");
    let half = serve(move |_, number| cut(number, ok("[{\"id\":\"2\",\"dns_names\":[]},{\"id\":")));
    let (_, read) = ask_cert_spotter(&half.url, |_| {}).await;
    assert_eq!(read.certificates.len(), 2);
    assert!(matches!(read.coverage, Coverage::Part(_)), "{:?}", read.coverage);
}

#[tokio::test]
async fn the_token_goes_to_its_host_alone_and_is_shown_nowhere() {
    let elsewhere = serve(|_, _| ok("[]"));
    let there = elsewhere.url.clone();
    let server = serve(move |_, _| answer(&format!("302 Found\r\nLocation: {there}/v1/issuances"), ""));
    let (_, read) = ask_cert_spotter(&server.url, |_| {}).await;
    let Coverage::NoData(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.contains("another host"), "{why}");
    assert!(elsewhere.requests().is_empty());

    // A server that sends it back, in whatever place, in an error and in an answer.
    let echo = serve(|_, number| {
        let said = format!("{{\"message\": \"no such key: Bearer {TOKEN}\"}}");
        match number {
            0 => answer(&format!("403 Forbidden\r\nETag: \"{TOKEN}\"\r\nRetry-After: {TOKEN}"), &said),
            _ => ok(&format!("[{{\"id\": \"1\", \"dns_names\": [], \"problem_reporting\": \"{TOKEN}\"}}]")),
        }
    });
    let (_, read) = ask_cert_spotter(&echo.url, |_| {}).await;
    let Coverage::NoData(why) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(why.contains("no such key: Bearer ****"), "{why}");
    let (_, read) = ask_cert_spotter(&echo.url, |_| {}).await;
    let said = read.certificates[0].claimed.problem_reporting.as_deref();
    assert_eq!(said, Some("*".repeat(TOKEN.len()).as_str()));
    // An error’s body is cut in the middle of it.
    let cut = serve(|_, _| {
        let before = "x".repeat((16 << 10) - TOKEN.len() + 3);
        answer("403 Forbidden", &format!("{before}{TOKEN}{TOKEN}"))
    });
    ask_cert_spotter(&cut.url, |_| {}).await;

    // In the clear to another machine it is not sent at all, nor where a URL holds a password.
    for url in ["http://192.0.2.1", "https://user:hush-hush@192.0.2.1", "ftp://192.0.2.1"] {
        let (_, read) = ask_cert_spotter(url, |_| {}).await;
        assert!(!matches!(read.coverage, Coverage::Whole | Coverage::Part(_)), "{url}: {:?}", read.coverage);
    }
    let secret = Secret::new(&format!(" {TOKEN}\n")).unwrap();
    assert_eq!(format!("{secret:?}"), "Secret(…)");
    for bad in ["", "short", "with blank in it", "with\nline", "größeres-token"] {
        assert!(Secret::new(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn sources_answer_in_the_order_of_asking() {
    let server = serve(|_, _| ok("[]"));
    let folder = tempfile::tempdir().unwrap();
    let place = Place::File(folder.path().join("state.sqlite"));
    let state = Arc::new(State::open(&place, &StateOptions::default()).await.unwrap());
    let not_asked =
        |source| AskedSource::NotAsked { source, place: "there".to_owned(), why: "not now".to_owned() };
    let asking = Asking {
        name: "shop.example.com".parse().unwrap(),
        http: HttpClient::new().unwrap(),
        sources: vec![
            not_asked(SourceKind::CrtSh),
            AskedSource::CertSpotter(CertSpotter { url: server.url.clone(), ..CertSpotter::default() }),
            AskedSource::WatchState(WatchState { state, place: place.to_string(), is_watched: Some(true) }),
            AskedSource::CrtSh(CrtSh { url: server.url.clone(), pause: Duration::ZERO, ..CrtSh::default() }),
            not_asked(SourceKind::CertSpotter),
        ],
    };
    let observation = ask(&asking).await;
    let read: Vec<_> = observation.sources.iter().filter_map(sources::read).collect();
    let told: Vec<_> = read.iter().map(|read| (read.source, read.coverage.clone())).collect();
    let not_now = || Coverage::NotAsked("not now".to_owned());
    assert_eq!(
        told,
        [
            (SourceKind::CrtSh, not_now()),
            (SourceKind::CertSpotter, Coverage::Whole),
            (SourceKind::WatchState, Coverage::NoData("no log was followed yet".to_owned())),
            (SourceKind::CrtSh, Coverage::Whole),
            (SourceKind::CertSpotter, not_now()),
        ]
    );
}
