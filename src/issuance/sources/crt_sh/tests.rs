use serde_json::{Value, json};

use super::super::testing::{answer, failed, issued, issued_with, list, now, pem, reading, reading_of};
use super::*;
use crate::evidence::Bytes;
use crate::evidence::issuance::Told;
use crate::x509::Certificate;

const NAME: &str = "https://source.example/?q=example.com&output=json";
const BELOW: &str = "https://source.example/?q=%25.example.com&output=json";
const LIVE: &str = "https://source.example/?q=example.com&output=json&exclude=expired";

/// A row as crt.sh writes it.
fn row(id: u64, serial: &str, names: &str) -> Value {
    json!({
        "issuer_ca_id": 16418, "issuer_name": "C=US, O=Let's Encrypt, CN=R3", "common_name": "example.com",
        "name_value": names, "id": id, "entry_timestamp": "2026-10-02T08:09:10.123",
        "not_before": "2026-10-02T07:09:10", "not_after": "2026-12-31T07:09:09", "serial_number": serial,
        "result_count": 2
    })
}

fn with(mut row: Value, field: &str, value: Value) -> Value {
    row[field] = value;
    row
}

fn told(exchanges: Vec<HttpExchange>) -> SourceReading {
    reading(Told::CrtSh(exchanges))
}

fn why(coverage: &Coverage) -> &str {
    match coverage {
        Coverage::Whole => "",
        Coverage::Part(why) | Coverage::NoData(why) | Coverage::NotAsked(why) => why,
    }
}

#[test]
fn rows_are_read_and_pairs_are_one_certificate() {
    let first = list(&[row(7, "00ABcd", "example.com\nwww.example.com")]);
    let second = list(&[
        row(8, "abcd", "www.example.com"),
        row(7, "abcd", "www.example.com"),
        with(row(9, "0", "other.example.com"), "entry_timestamp", Value::Null),
    ]);
    let read = told(vec![answer(NAME, 200, first), answer(BELOW, 200, second)]);
    assert_eq!(read.coverage, Coverage::Whole);
    assert_eq!(read.current_to, None);
    let [pair, other] = read.certificates.as_slice() else { panic!("{read:?}") };
    assert_eq!(pair.claimed.serial.as_deref(), Some("abcd"));
    assert_eq!(pair.claimed.dns_names, ["example.com", "www.example.com"]);
    assert!(!pair.claimed.names_are_complete);
    assert_eq!(pair.claimed.issuer_spki_sha256, None);
    // No zone is UTC.
    assert_eq!(pair.claimed.not_before, Some("2026-10-02T07:09:10Z".parse().unwrap()));
    assert_eq!(pair.claimed.not_after, Some("2026-12-31T07:09:09Z".parse().unwrap()));
    let seen: Vec<_> = pair.seen.iter().map(|seen| (seen.place.as_str(), seen.at.is_some())).collect();
    assert_eq!(seen, [("https://source.example/?id=7", true), ("https://source.example/?id=8", true)]);
    assert_eq!((other.claimed.serial.as_deref(), other.seen[0].at), (Some("0"), None));
    let [unseen] = read.problems.as_slice() else { panic!("{:?}", read.problems) };
    assert!(unseen.contains("of 2 unexpired certificates only the row"), "{unseen}");
}

#[test]
fn an_empty_list_is_nothing_issued_and_nothing_else_is() {
    let read = told(vec![answer(NAME, 200, " [ ]\n")]);
    assert_eq!((&read.coverage, read.certificates.len()), (&Coverage::Whole, 0));
    let page = "<!DOCTYPE html><html><title>crt.sh</title>Unavailable</html>";
    for (status, body) in [
        (200, page),
        (200, ""),
        (200, " \n"),
        (200, "null"),
        (200, "\"none\""),
        (200, "{}"),
        (200, "[null, 7, [[]], {}]"),
        (200, "[{\"id\": 7"),
        (404, page),
        (502, page),
        (503, page),
        (503, "[]"),
        (204, "[]"),
        (429, ""),
    ] {
        let read = told(vec![answer(NAME, status, body)]);
        assert!(matches!(read.coverage, Coverage::NoData(_)), "{status} {body}: {:?}", read.coverage);
        assert!(read.certificates.is_empty());
    }
    let html = told(vec![answer(NAME, 503, page)]);
    assert!(why(&html.coverage).contains("status 503, with a page of HTML"), "{:?}", html.coverage);
    let late = told(vec![failed(NAME, HttpFailure::Timeout)]);
    assert_eq!(late.coverage, Coverage::NoData("asked for example.com: no whole answer in time".to_owned()));
    assert!(matches!(told(vec![]).coverage, Coverage::NoData(_)));
    let not_asked = reading_of(&IssuanceSource {
        asked_at: now(),
        place: "crt.sh".to_owned(),
        broken_off: Some("--offline".to_owned()),
        told: Told::CrtSh(vec![]),
    });
    assert_eq!(not_asked.coverage, Coverage::NotAsked("--offline".to_owned()));
}

#[test]
fn one_question_without_an_answer_leaves_a_part() {
    let rows = || answer(NAME, 200, list(&[row(1, "01", "example.com")]));
    let read = told(vec![rows(), answer(BELOW, 503, "<html>")]);
    let Coverage::Part(reason) = &read.coverage else { panic!("{:?}", read.coverage) };
    assert!(reason.contains("asked for %.example.com: it answered with status 503"), "{reason}");
    assert_eq!(read.certificates.len(), 1);
    let read = reading_of(&IssuanceSource {
        asked_at: now(),
        place: "https://source.example/".to_owned(),
        broken_off: Some("it took too long".to_owned()),
        told: Told::CrtSh(vec![rows()]),
    });
    assert_eq!(read.coverage, Coverage::Part("it took too long".to_owned()));
}

#[test]
fn ten_thousand_identities_are_a_part() {
    let many = |count| list(&[with(row(1, "01", "example.com"), "result_count", count)]);
    let almost = answer(NAME, 200, many(json!(9_999)));
    assert!(!may_be_narrowed(&almost));
    assert_eq!(told(vec![almost]).coverage, Coverage::Whole);
    for count in [json!(10_000), json!("10000"), json!(u64::MAX)] {
        let cut = answer(NAME, 200, many(count));
        assert!(may_be_narrowed(&cut));
        assert!(matches!(told(vec![cut]).coverage, Coverage::Part(_)));
    }
    // A sum beyond all numbers does not begin anew.
    let two = list(&[
        with(row(1, "01", "a.example.com"), "result_count", json!(u64::MAX)),
        with(row(2, "02", "b.example.com"), "result_count", json!(2)),
    ]);
    assert!(matches!(told(vec![answer(NAME, 200, two)]).coverage, Coverage::Part(_)));
    // Asked again for unexpired ones alone, these are all there; the others are not.
    let cut = || answer(NAME, 200, many(json!(10_000)));
    let narrowed = told(vec![cut(), answer(LIVE, 200, list(&[row(3, "03", "example.com")]))]);
    let Coverage::Part(reason) = &narrowed.coverage else { panic!("{:?}", narrowed.coverage) };
    assert!(reason.contains("of expired certificates only a part"), "{reason}");
    assert_eq!(narrowed.certificates.len(), 2);
    let still = told(vec![cut(), answer(LIVE, 200, many(json!(10_001)))]);
    assert!(why(&still.coverage).contains("it shows 10000 matching names at most"), "{:?}", still.coverage);
    let late = told(vec![failed(NAME, HttpFailure::Timeout), answer(LIVE, 200, "[]")]);
    assert!(why(&late.coverage).contains("no expired certificates: no whole answer"), "{:?}", late.coverage);
    // Where nobody asked for the expired ones, nothing is missing.
    let chosen = told(vec![answer(LIVE, 200, "[]")]);
    assert_eq!(chosen.coverage, Coverage::Whole);
    assert!(chosen.scope.starts_with("unexpired certificates"), "{}", chosen.scope);
}

#[test]
fn rows_without_a_list_are_read_and_so_are_former_names() {
    let former = |id: u64| {
        json!({"issuer_ca_id": 1, "issuer_name": "CN=CA", "name_value": "example.com", "min_cert_id": id,
               "min_entry_timestamp": "2019-01-02T03:04:05", "not_before": "2019-01-01T00:00:00",
               "not_after": "2019-04-01T00:00:00"})
    };
    for between in ["", "\n"] {
        let read = told(vec![answer(NAME, 200, format!("{}{between}{}", former(5), former(6)))]);
        assert_eq!(read.coverage, Coverage::Whole);
        let places: Vec<_> = read.certificates.iter().map(|one| one.seen[0].place.as_str()).collect();
        // Without a serial number there is no telling what is a pair.
        assert_eq!(places, ["https://source.example/?id=5", "https://source.example/?id=6"]);
        assert_eq!(read.certificates[0].seen[0].at, Some("2019-01-02T03:04:05Z".parse().unwrap()));
        assert!(read.problems.is_empty(), "expired: {:?}", read.problems);
    }
}

#[test]
fn an_answer_that_is_cut_gives_what_came() {
    let whole = list(&[row(1, "01", "example.com"), row(2, "02", "example.com")]);
    let cut = answer(NAME, 200, &whole[..whole.len() - 40]);
    assert!(may_be_narrowed(&cut));
    let read = told(vec![cut]);
    assert_eq!(read.certificates.len(), 1);
    assert!(why(&read.coverage).contains("it breaks off in line 1"), "{:?}", read.coverage);
    let garbage = told(vec![answer(NAME, 200, format!("{whole}]"))]);
    assert!(matches!(garbage.coverage, Coverage::Part(_)), "{:?}", garbage.coverage);
}

/// What came before the connection broke is of use; it is never the whole, whatever it looks like.
#[test]
fn an_answer_that_the_connection_cuts_gives_what_came() {
    let whole = list(&[row(1, "01", "example.com"), row(2, "02", "example.com")]);
    for (length, count) in [(whole.len() - 40, 1), (whole.len(), 2), (20, 0)] {
        let body = Bytes(whole.as_bytes()[..length].to_vec());
        let mut cut = failed(NAME, HttpFailure::Cut { why: "reset".to_owned(), body });
        // Who asks again may hear less.
        cut.attempts.extend(failed(NAME, HttpFailure::Timeout).attempts);
        assert!(may_be_narrowed(&cut));
        let read = told(vec![cut]);
        assert_eq!(read.certificates.len(), count, "{length}");
        assert_eq!(matches!(read.coverage, Coverage::NoData(_)), count == 0);
        assert!(why(&read.coverage).ends_with("no whole answer in time"), "{:?}", read.coverage);
    }
}

#[test]
fn hostile_rows_cost_themselves_alone() {
    let good = row(1, "01", "example.com").to_string();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let bad = [
        format!("{{\"id\": 2, \"name_value\": {deep}}}"),
        "{\"id\": 1e999, \"serial_number\": 123456789012345678901234567890, \"name_value\": \"x.example.com\"}".to_owned(),
        "{\"id\": 3, \"id\": 4, \"name_value\": \"a.example.com\"}".to_owned(),
        "{\"id\": -5, \"not_before\": \"yesterday\", \"not_after\": 7, \"name_value\": [\"a\"]}".to_owned(),
        "{\"id\": 6, \"name_value\": \"\\u001b[31mred\\u0000.example.com\\n\\n\\u202egro.elpmaxe\"}".to_owned(),
        "{\"id\": 7, \"name_value\": \"\\ud800\"}".to_owned(),
    ];
    let read = told(vec![answer(NAME, 200, format!("[{good},{},{good}]", bad.join(",")))]);
    assert_eq!(read.coverage, Coverage::Whole, "each is a certificate, however little is known of it");
    let by_id = |id: &str| {
        read.certificates.iter().find(|one| one.seen[0].place.ends_with(&format!("id={id}"))).unwrap()
    };
    assert_eq!(by_id("3").claimed.dns_names, ["a.example.com"], "the first of two counts");
    assert_eq!(by_id("6").claimed.dns_names, ["\\u{1b}[31mred\\u{0}.example.com", "\\u{202e}gro.elpmaxe"]);
    assert_eq!(by_id("7").claimed.dns_names, [""; 0]);
    assert_eq!(read.certificates.len(), 7);
    for problem in [
        "“name_value” of row 2 for example.com (id 2) is no text",
        "“id” of row 3 for example.com is no number that can be",
        "“serial_number” of row 3 for example.com is no text",
        "row 4 for example.com has “id” twice; the first counts",
        "“not_before” of row 5 for example.com is no time",
        "“not_after” of row 5 for example.com is no text",
    ] {
        assert!(read.problems.iter().any(|told| told == problem), "{problem}: {:#?}", read.problems);
    }
}

#[test]
fn ten_thousand_rows_are_a_part_whatever_they_count() {
    let rows = |count: u64| {
        let rows: Vec<Value> = (0..count)
            .map(|id| with(row(id, &format!("{id:x}"), "example.com"), "result_count", json!(0)))
            .collect();
        told(vec![answer(NAME, 200, list(&rows))]).coverage
    };
    assert_eq!(rows(9_999), Coverage::Whole);
    assert!(why(&rows(10_000)).contains("10000 matching names at most"));
}

#[test]
fn many_problems_are_counted() {
    let rows = format!("[{}]", vec!["{\"serial_number\": 7}"; 500].join(","));
    let read = told(vec![answer(NAME, 200, rows)]);
    assert_eq!(read.problems.len(), 51);
    assert!(read.problems[50].ends_with("more could not be read or do not agree"), "{:?}", read.problems);
}

#[test]
fn what_two_answers_say_otherwise_is_told() {
    let other = with(row(1, "01", "www.example.com"), "not_after", json!("2030-01-01T00:00:00"));
    let read = told(vec![
        answer(NAME, 200, list(&[row(1, "01", "example.com")])),
        answer(BELOW, 200, list(&[other])),
    ]);
    assert!(
        read.problems.iter().any(|told| told.contains("different things of id 1;")),
        "{:?}",
        read.problems
    );
    // One serial number for two lives is no pair, and three of a pair are none.
    let renewed = with(row(2, "01", "example.com"), "not_after", json!("2030-01-01T00:00:00"));
    let read = told(vec![answer(NAME, 200, list(&[row(1, "01", "example.com"), renewed]))]);
    assert_eq!(read.certificates.len(), 2);
    let three: Vec<Value> = (1..=3).map(|id| row(id, "01", "example.com")).collect();
    let read = told(vec![answer(NAME, 200, list(&three))]);
    assert_eq!(read.certificates.len(), 3);
    assert!(read.problems[0].starts_with("3 certificates have issuer, serial number"), "{:?}", read.problems);
}

/// All names that match come with each row: rows with different ones are two certificates, and both are asked for.
#[test]
fn rows_with_different_names_are_no_pair() {
    let first = list(&[row(1, "01", "example.com"), row(2, "01", "example.com")]);
    let second = list(&[row(1, "01", "login.example.com")]);
    let answers = vec![answer(NAME, 200, first), answer(BELOW, 200, second)];
    assert_eq!(wanted(&answers, now(), 10), [2, 1]);
    let read = told(answers);
    assert_eq!(read.certificates.len(), 2);
    assert!(read.certificates.iter().all(|one| one.claimed.is_apart));
}

/// Issuer, serial number, validity and names alike are no proof: where what is fetched shows two certificates, they are two,
/// and where only one is had, that is told.
#[test]
fn what_looks_like_a_pair_is_one_only_where_both_show_it() {
    let issued = issued(&["example.com"]);
    let certificate = Certificate::read(&issued.leaf.der).unwrap();
    // Another key, and the same number.
    let twin = issued_with(&["example.com"], Some(issued.leaf.serial.clone()));
    let text = |time: Timestamp| json!(time.to_string().trim_end_matches('Z'));
    let of = |id: u64| {
        let row = row(id, &certificate.serial, "example.com");
        let row = with(row, "not_before", text(certificate.not_before));
        with(row, "not_after", text(certificate.not_after))
    };
    let rows = || answer(NAME, 200, list(&[of(1), of(2)]));
    let got = |id: u64, der: &[u8]| answer(&format!("https://source.example/?d={id}"), 200, pem(der));
    let last = || got(2, &issued.leaf.der);
    let shown = |first: HttpExchange| told(vec![rows(), first, last()]);
    let pair = shown(got(1, &issued.precertificate));
    assert_eq!((pair.certificates.len(), pair.problems.len()), (1, 0), "{:?}", pair.problems);
    for twin in [&twin.leaf.der, &twin.precertificate] {
        let two = shown(got(1, twin));
        assert_eq!(two.certificates.len(), 2, "{:?}", two.problems);
        assert!(two.certificates.iter().all(|one| one.claimed.is_apart));
    }
    let half = told(vec![rows(), last()]);
    assert_eq!(half.certificates.len(), 1);
    assert_eq!(
        half.problems[0],
        "of 1 unexpired certificates only one of two rows was got: that the other is its precertificate, or the certificate \
         of this one, is not shown"
    );
}

#[test]
fn fetched_certificates_are_those_of_their_rows() {
    let issued = issued(&["example.com"]);
    let certificate = Certificate::read(&issued.leaf.der).unwrap();
    let text = |time: Timestamp| json!(time.to_string().trim_end_matches('Z'));
    let of = |id: u64| {
        let row = row(id, &format!("00{}", certificate.serial), "example.com");
        let row = with(row, "not_before", text(certificate.not_before));
        with(row, "not_after", text(certificate.not_after))
    };
    let other = with(row(9, "77", "example.com"), "not_after", json!("2026-11-19T23:59:59"));
    let rows = answer(NAME, 200, list(&[of(1), of(2), row(3, "03", "example.com"), other]));
    assert_eq!(
        wanted(std::slice::from_ref(&rows), now(), 10),
        [2, 3, 1],
        "the later ones first, none that expired"
    );
    assert_eq!(wanted(std::slice::from_ref(&rows), now(), 1), [2, 1]);
    let at = |id: u64| format!("https://source.example/?d={id}");
    let read = told(vec![
        rows,
        answer(&at(1), 200, pem(&issued.precertificate)),
        answer(&at(2), 200, pem(&issued.leaf.der)),
        answer(&at(3), 200, pem(&issued.leaf.der)),
        answer(&at(4), 200, pem(&issued.leaf.der)),
        answer(&at(9), 200, "<html>Certificate not found</html>"),
    ]);
    let pair = &read.certificates[0];
    assert_eq!(pair.certificate, Some(Bytes(issued.leaf.der.clone())));
    assert_eq!(pair.precertificate, Some(Bytes(issued.precertificate.clone())));
    assert_eq!(read.certificates[1].certificate, None);
    for problem in [
        "the certificate 3 was not got: another one came: its serial number is not what the row says",
        "the certificate 4 was not got: no row has this number",
        "the certificate 9 was not got: this is no certificate",
        "of 1 unexpired certificates only the row is known",
    ] {
        assert!(
            read.problems.iter().any(|told| told.starts_with(problem)),
            "{problem}: {:#?}",
            read.problems
        );
    }
}
