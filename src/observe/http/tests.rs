use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::demo::dns::{DnsServer, Record, Zone};

/// A server that gives one answer after the other, each on a connection of its own; tells the requests it got.
fn server(answers: Vec<Vec<u8>>) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer).unwrap() {
                    0 => break,
                    count => request.extend_from_slice(&buffer[..count]),
                }
            }
            tell.send(String::from_utf8(request).unwrap()).unwrap();
            stream.write_all(&answer).unwrap();
        }
    });
    (format!("http://{address}"), told)
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn last(exchange: &HttpExchange) -> &HttpOutcome {
    exchange.outcome().unwrap()
}

#[tokio::test]
async fn a_resource_is_asked_for_by_name_and_condition() {
    let (url, requests) =
        server(vec![answer("200 OK\r\nETag: \"7\"", b"seven"), answer("304 Not Modified", b"")]);
    let client = HttpClient::new().unwrap();
    let exchange = client.get(HttpRequest::new(format!("{url}/list"), 5)).await;
    let HttpOutcome::Response(response) = last(&exchange) else { panic!("{exchange:?}") };
    assert_eq!((response.status, response.body.0.as_slice()), (200, &b"seven"[..]));
    let etag = response.etag.clone();
    let request = requests.recv().unwrap().to_lowercase();
    assert!(request.starts_with("get /list http/1.1"), "{request}");
    assert!(request.contains("user-agent: pinstead/"), "{request}");
    assert!(request.contains("accept-encoding: gzip"), "{request}");

    let again = client.get(HttpRequest::new(format!("{url}/list"), 5).conditional(etag, None)).await;
    assert!(matches!(last(&again), HttpOutcome::Response(HttpResponse { status: 304, .. })), "{again:?}");
    assert!(requests.recv().unwrap().to_lowercase().contains("if-none-match: \"7\""));
}

#[tokio::test]
async fn a_busy_server_is_asked_again_and_a_missing_page_is_not() {
    let (url, _requests) = server(vec![
        answer("503 Service Unavailable", b"later"),
        answer("200 OK", b"now"),
        answer("404 Not Found", b"no such tile"),
    ]);
    let client = HttpClient::new().unwrap();
    let exchange = client.get(HttpRequest::new(url.clone(), 100)).await;
    assert_eq!(exchange.attempts.len(), 2);
    assert!(matches!(last(&exchange), HttpOutcome::Response(HttpResponse { status: 200, .. })));
    let missing = client.get(HttpRequest::new(url, 100)).await;
    assert_eq!(missing.attempts.len(), 1);
    let HttpOutcome::Response(response) = last(&missing) else { panic!("{missing:?}") };
    assert_eq!((response.status, response.body.0.as_slice()), (404, &b"no such tile"[..]));
}

#[tokio::test]
async fn bodies_are_bounded_after_they_are_unpacked() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(&vec![0; 1 << 20]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 5000);
    let (url, _requests) = server(vec![
        answer("200 OK\r\nContent-Encoding: gzip", &packed),
        answer("200 OK\r\nContent-Encoding: gzip", &packed),
    ]);
    let client = HttpClient::new().unwrap();
    let exchange = client.get(HttpRequest::new(url.clone(), 1 << 20)).await;
    let HttpOutcome::Response(response) = last(&exchange) else { panic!("{exchange:?}") };
    assert_eq!(response.body.0.len(), 1 << 20);
    let bomb = client.get(HttpRequest::new(url, 5000)).await;
    assert_eq!(last(&bomb), &HttpOutcome::Failed(HttpFailure::TooLarge { limit: 5000 }));
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_said() {
    let client = HttpClient::new().unwrap();
    for url in ["ftp://log.example/", "https://user:secret@log.example/", "log.example", "https://"] {
        let exchange = client.get(HttpRequest::new(url, 1)).await;
        assert!(matches!(last(&exchange), HttpOutcome::Failed(HttpFailure::Url(_))), "{url}: {exchange:?}");
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec();
    let (url, _requests) = server(vec![short; 4]);
    let exchange = HttpClient::new().unwrap().get(HttpRequest::new(url, 1000)).await;
    assert_eq!(exchange.attempts.len(), 4);
    assert!(matches!(last(&exchange), HttpOutcome::Failed(HttpFailure::Broken(_))), "{exchange:?}");
}

/// Of a list the first rows are of use: of all that broke off, the longest is kept, once, and only for whoever wants it.
#[tokio::test]
async fn what_came_of_an_answer_that_breaks_off_is_kept_where_it_is_wanted() {
    let short = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{body}").into_bytes();
    let answers = vec![short("half"), short("and more"), short("half"), short("")];
    let (url, _requests) = server(answers);
    let exchange = HttpClient::new().unwrap().get(HttpRequest::new(url, 1000).keeping_part()).await;
    assert_eq!(exchange.attempts.len(), 4);
    let (part, _) = exchange.part().unwrap();
    assert_eq!(part, b"and more");
    let is_part =
        |attempt: &&HttpAttempt| matches!(attempt.outcome, HttpOutcome::Failed(HttpFailure::Cut { .. }));
    assert_eq!(exchange.attempts.iter().filter(is_part).count(), 1);
    // A whole answer needs no part, and one of another status is none.
    let (url, _requests) = server(vec![short("half"), answer("200 OK", b"whole")]);
    let exchange = HttpClient::new().unwrap().get(HttpRequest::new(url, 1000).keeping_part()).await;
    assert!(exchange.part().is_none() && !exchange.attempts.iter().any(|attempt| is_part(&attempt)));
    let error = b"HTTP/1.1 503 X\r\nContent-Length: 100\r\n\r\nhalf".to_vec();
    let (url, _requests) = server(vec![error; 4]);
    let exchange = HttpClient::new().unwrap().get(HttpRequest::new(url, 1000).keeping_part()).await;
    assert!(exchange.part().is_none(), "{exchange:?}");
}

#[tokio::test]
async fn a_host_that_wants_to_be_left_alone_is() {
    let (url, requests) = server(vec![answer("429 Too Many Requests\r\nRetry-After: 3600", b"")]);
    let client = HttpClient::new().unwrap();
    let refused = client.get(HttpRequest::new(format!("{url}/one"), 10)).await;
    assert_eq!(refused.attempts.len(), 1);
    let other = client.get(HttpRequest::new(format!("{url}/other"), 10)).await;
    let HttpOutcome::Failed(resting @ HttpFailure::Resting { .. }) = last(&other) else {
        panic!("{other:?}")
    };
    assert!(resting.to_string().starts_with("HTTP status 429; the host is left alone"), "{resting}");
    assert_eq!(requests.try_iter().count(), 1, "the other resource was never asked for");
}

#[tokio::test]
async fn no_host_is_left_alone_for_longer_than_an_hour() {
    for asked in ["31536000", "99999999999999999999999", "Thu, 21 Nov 2999 08:00:20 GMT"] {
        let (url, _requests) =
            server(vec![answer(&format!("429 Too Many Requests\r\nRetry-After: {asked}"), b"")]);
        let client = HttpClient::new().unwrap();
        client.get(HttpRequest::new(url.clone(), 10)).await;
        let other = client.get(HttpRequest::new(url, 10)).await;
        let HttpOutcome::Failed(HttpFailure::Resting { seconds, .. }) = last(&other) else {
            panic!("{other:?}")
        };
        assert!((3500..=3600).contains(seconds), "{asked}: {seconds}");
    }
}

#[tokio::test]
async fn a_redirection_is_followed_on_the_same_host_alone() {
    let (elsewhere, asked) = server(vec![answer("200 OK", b"secret")]);
    let (url, _requests) = server(vec![
        answer("302 Found\r\nLocation: /there", b""),
        answer("200 OK", b"here"),
        answer(&format!("302 Found\r\nLocation: {elsewhere}/latest"), b""),
    ]);
    let client = HttpClient::new().unwrap();
    let followed = client.get(HttpRequest::new(url.clone(), 10)).await;
    let HttpOutcome::Response(response) = last(&followed) else { panic!("{followed:?}") };
    assert_eq!(response.body.0, b"here");
    let refused = client.get(HttpRequest::new(url, 10)).await;
    let HttpOutcome::Failed(HttpFailure::Redirect(why)) = last(&refused) else { panic!("{refused:?}") };
    assert!(why.contains("another host"), "{why}");
    assert_eq!(asked.try_iter().count(), 0);
}

#[tokio::test]
async fn a_resolver_that_was_named_is_asked() {
    // A name that no other resolver knows.
    let mut zone = Zone::new("demo.example").unwrap();
    zone.add("log.demo.example", &Record::A("127.0.0.1".parse().unwrap())).unwrap();
    let server_of_names = DnsServer::start(zone).await.unwrap();
    let dns = DnsClient::from_address(&server_of_names.address().to_string()).unwrap();
    let (url, _requests) = server(vec![answer("200 OK", b"found")]);
    let url = url.replace("127.0.0.1", "log.demo.example");
    let exchange = HttpClient::with_resolver(&dns).unwrap().get(HttpRequest::new(url, 10)).await;
    let HttpOutcome::Response(response) = last(&exchange) else { panic!("{exchange:?}") };
    assert_eq!(response.body.0, b"found");
}

#[tokio::test]
async fn a_name_that_leads_into_ones_own_network_is_refused_where_strangers_chose_it() {
    let mut zone = Zone::new("demo.example").unwrap();
    for address in ["127.0.0.1", "192.168.7.7"] {
        zone.add("crl.demo.example", &Record::A(address.parse().unwrap())).unwrap();
    }
    let server_of_names = DnsServer::start(zone).await.unwrap();
    let dns = DnsClient::from_address(&server_of_names.address().to_string()).unwrap();
    let (url, requests) = server(vec![answer("200 OK", b"inside")]);
    let by_name = url.replace("127.0.0.1", "crl.demo.example");
    let client = HttpClient::within(&dns, Reach::Public).unwrap();
    for url in [url, by_name] {
        let exchange = client.get(HttpRequest::new(url, 10)).await;
        let HttpOutcome::Failed(HttpFailure::Url(why)) = last(&exchange) else { panic!("{exchange:?}") };
        assert!(why.contains("none of the public Internet"), "{why}");
        assert_eq!(exchange.attempts.len(), 1, "it is not asked again");
    }
    assert_eq!(requests.try_iter().count(), 0);
}

#[test]
fn this_machine_is_told_from_others() {
    let loopback = |text| is_loopback(&Url::parse(text).unwrap());
    for url in ["http://127.0.0.1:8000/", "http://127.9.9.9/", "https://[::1]/", "http://localhost/"] {
        assert!(loopback(url), "{url}");
    }
    for url in
        ["https://127.0.0.1.example/", "http://[::2]/", "http://10.0.0.1/", "http://localhost.example/"]
    {
        assert!(!loopback(url), "{url}");
    }
}

/// What was packed without being asked for, what is in another coding, and what is too long.
#[tokio::test]
async fn who_reads_on_and_on_unpacks_bodies_whole() {
    let pack = |octets: &[u8]| {
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packed.write_all(octets).unwrap();
        packed.finish().unwrap()
    };
    let noise: Vec<u8> = (0..100_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let (url, requests) = server(vec![
        answer("200 OK\r\nContent-Encoding: gzip", &pack(b"packed")),
        answer("200 OK\r\nContent-Encoding: gzip", &pack(&noise)),
        answer("200 OK", &noise),
        answer("200 OK", b"1234567"),
        answer("200 OK\r\nContent-Encoding: gzip", &pack(&[0; 7])),
        answer("404 Not Found\r\nContent-Encoding: br", b"?"),
    ]);
    let client = HttpClient::for_reading(None).unwrap();
    let body = async |request: HttpRequest| match last(&client.get(request).await).clone() {
        HttpOutcome::Response(response) => Ok((response.status, response.body.0)),
        HttpOutcome::Failed(failure) => Err(failure),
    };
    let request = |most| HttpRequest::new(url.clone(), most);
    assert_eq!(body(request(6)).await, Ok((200, b"packed".to_vec())));
    assert!(requests.recv().unwrap().to_lowercase().contains("accept-encoding: gzip"));
    assert_eq!(body(request(noise.len())).await, Ok((200, noise.clone())));
    requests.recv().unwrap();
    assert_eq!(body(request(noise.len()).plain()).await, Ok((200, noise)));
    assert!(!requests.recv().unwrap().to_lowercase().contains("accept-encoding"));
    assert_eq!(body(request(6)).await, Err(HttpFailure::TooLarge { limit: 6 }));
    assert_eq!(body(request(6)).await, Err(HttpFailure::TooLarge { limit: 6 }));
    assert_eq!(body(request(6)).await, Ok((404, Vec::new())));
}
