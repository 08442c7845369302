//! What the conformance suite doesn't ask: what is refused and how, documents, limits of size and of time.

use std::time::Duration;

use http::{Method, Request, Response, Version};
use prima_platform::{config, testing::http::send};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::Instant,
};

use super::{LIMIT, Served, envelope, envelopes, pack, service::NAME};
use crate::limits::without_rates;

async fn served() -> Served {
    Served::start(config::Grpc {
        max_message_bytes: LIMIT,
        ..without_rates()
    })
    .await
}

fn post(method: &str, kind: &str, body: impl Into<Vec<u8>>) -> Request<Vec<u8>> {
    let request = Request::post(format!("/{NAME}/{method}")).version(Version::HTTP_11);
    request.header("content-type", kind).body(body.into()).unwrap()
}

fn json_post(body: impl Into<Vec<u8>>) -> Request<Vec<u8>> {
    post("Unary", "application/json", body)
}

fn get(path: &str) -> Request<Vec<u8>> {
    let request = Request::get(path).version(Version::HTTP_11);
    request.body(Vec::new()).unwrap()
}

fn with(mut request: Request<Vec<u8>>, name: &'static str, value: &str) -> Request<Vec<u8>> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

fn body(response: &Response<Vec<u8>>) -> Value {
    serde_json::from_slice(response.body()).unwrap()
}

/// The status, the code, and the reason of a refusal.
fn refusal(response: &Response<Vec<u8>>) -> (u16, String, String) {
    let error = body(response);
    (
        response.status().as_u16(),
        error["code"].as_str().unwrap().to_owned(),
        error["details"][0]["debug"]["reason"]
            .as_str()
            .unwrap()
            .to_owned(),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wrong_field_of_json_is_named() {
    let served = served().await;
    let wrong = json!({
        "respons": 1,
        "requestData": "?",
        "responseDefinition": {
            "responseDelayMs": -1,
            "response_data": "",
            "error": {"code": "CODE_NONE", "details": 7},
            "responseHeaders": [{"name": "a"}, {"nam": "b"}, 3],
        },
    });
    let response = send(served.address, json_post(wrong.to_string())).await.unwrap();
    let expected = (400, "invalid_argument".to_owned(), "INVALID_FIELDS".to_owned());
    assert_eq!(refusal(&response), expected);
    let error = body(&response);
    let detail = |name: &str| {
        let details = error["details"].as_array().unwrap();
        let found = details
            .iter()
            .find(|one| one["type"] == format!("google.rpc.{name}"));
        found.unwrap()["debug"].clone()
    };
    let violations = detail("BadRequest")["fieldViolations"]
        .as_array()
        .unwrap()
        .clone();
    let fields: Vec<&str> = violations
        .iter()
        .map(|one| one["field"].as_str().unwrap())
        .collect();
    let definition = "response_definition";
    let paths = [
        "respons".to_owned(),
        "request_data".to_owned(),
        format!("{definition}.response_delay_ms"),
        format!("{definition}.error"),
        format!("{definition}.error.code"),
        format!("{definition}.error.details"),
        format!("{definition}.response_headers[1].nam"),
        format!("{definition}.response_headers[2]"),
    ];
    assert_eq!(fields, paths);
    let text = &violations[0]["localizedMessage"];
    assert_eq!(
        (&text["locale"], &text["message"]),
        (&json!("id-ID"), &json!("`respons`: isian tidak dikenal"))
    );
    assert!(
        detail("LocalizedMessage")["message"]
            .as_str()
            .unwrap()
            .contains("isian tidak dikenal")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_is_no_json_says_where() {
    let served = served().await;
    for (text, place) in [
        ("{\n \"requestData\": \"\",,\n}", "baris 2, kolom 20"),
        ("{\"requestData\": \"", "JSON terpotong pada baris 1, kolom 17"),
        ("", "baris 1, kolom 0"),
        ("[]", "baris 1, kolom 0"),
        ("{} {}", "baris 1, kolom 4"),
        ("{\"requestData\": \"\u{0}\"}", "baris 1, kolom 17"),
    ] {
        let response = send(served.address, json_post(text)).await.unwrap();
        let expected = (400, "invalid_argument".to_owned(), "MALFORMED_REQUEST".to_owned());
        assert_eq!(refusal(&response), expected, "{text:?}");
        let error = body(&response);
        let message = error["details"][1]["debug"]["message"].as_str().unwrap();
        assert!(message.ends_with(place), "{text:?}: {message}");
    }
    let nested = "{\"responseDefinition\":".repeat(200) + "1" + &"}".repeat(200);
    let response = send(served.address, json_post(nested)).await.unwrap();
    assert_eq!(response.status(), 400, "too deep");
    let response = send(served.address, json_post(b"{\"requestData\": \"\xff\"}".to_vec()))
        .await
        .unwrap();
    assert_eq!(response.status(), 400, "not UTF-8");
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_numbers_of_64_bits_are_text() {
    let served = served().await;
    let request = with(json_post("{}"), "connect-timeout-ms", "5000");
    let response = send(served.address, request).await.unwrap();
    assert_eq!(body(&response)["payload"]["requestInfo"]["timeoutMs"], "5000");
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_are_not_those_of_a_call_are_refused() {
    let served = served().await;
    let own = |status: u16, code: &str, reason: &str| (status, code.to_owned(), reason.to_owned());
    let malformed = own(400, "invalid_argument", "MALFORMED_REQUEST");
    let unknown_type = own(415, "unknown", "MALFORMED_REQUEST");
    let unpacked = own(501, "unimplemented", "UNIMPLEMENTED");
    let get_path = |query: &str| get(&format!("/{NAME}/IdempotentUnary?{query}"));
    let mut put = json_post("{}");
    *put.method_mut() = Method::PUT;
    for (request, expected) in [
        (with(json_post("{}"), "connect-protocol-version", "2"), &malformed),
        (with(json_post("{}"), "connect-timeout-ms", "soon"), &malformed),
        (with(json_post("{}"), "connect-timeout-ms", "-1"), &malformed),
        (
            with(json_post("{}"), "connect-timeout-ms", "12345678901"),
            &malformed,
        ),
        (with(json_post("{}"), "content-encoding", "br"), &unpacked),
        (post("Unary", "text/json", "{}"), &unknown_type),
        (
            post("Unary", "application/json; charset=latin1", "{}"),
            &unknown_type,
        ),
        (post("Unary", "application/connect+json", "{}"), &unknown_type),
        (post("ServerStream", "application/json", "{}"), &unknown_type),
        (get_path("message={}&encoding=xml"), &unknown_type),
        (get_path("message={}"), &unknown_type),
        (get_path("encoding=json"), &malformed),
        (get_path("message={}&encoding=json&connect=v2"), &malformed),
        (get_path("message=?&encoding=json&base64=1"), &malformed),
        (get_path("message={}&encoding=json&compression=br"), &unpacked),
        (get("/"), &own(404, "unimplemented", "UNIMPLEMENTED")),
        (
            post("None", "application/json", "{}"),
            &own(404, "unimplemented", "UNIMPLEMENTED"),
        ),
        (
            get(&format!("/{NAME}/Unary?message={{}}&encoding=json")),
            &own(405, "unknown", "MALFORMED_REQUEST"),
        ),
        (put, &own(405, "unknown", "MALFORMED_REQUEST")),
    ] {
        let name = format!("{} {:?}", request.uri(), request.headers());
        let response = send(served.address, request).await.unwrap();
        assert_eq!(&refusal(&response), expected, "{name}");
        match response.status().as_u16() {
            405 => assert_eq!(response.headers()["allow"], "POST"),
            415 => assert!(response.headers().contains_key("accept-post")),
            _ => {}
        }
    }
    let response = send(served.address, post("BidiStream", "application/connect+json", ""))
        .await
        .unwrap();
    assert_eq!(response.status(), 505, "a stream in both directions by HTTP/1.1");
    let none = send(
        served.address,
        post("Unary", "application/json; charset=UTF-8", "{}"),
    )
    .await
    .unwrap();
    assert_eq!(none.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_answered_to_get() {
    let served = served().await;
    let response = send(served.address, get("/description.json")).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.body().as_slice()),
        (200, &b"{}"[..])
    );
    assert_eq!(response.headers()["content-type"], "application/json");
    let mut request = get("/description.json");
    *request.method_mut() = Method::POST;
    let response = send(served.address, request).await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET, HEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_response_is_compressed_when_the_caller_accepts_it() {
    let served = served().await;
    let text = json!({ "responseDefinition": { "responseData": "A".repeat(8000) } }).to_string();
    for (accepts, is_packed) in [
        ("gzip, br", true),
        ("br;q=1, GZIP;q=0.5", true),
        ("gzip;q=0", false),
        ("identity", false),
    ] {
        let request = with(json_post(text.clone()), "accept-encoding", accepts);
        let response = send(served.address, request).await.unwrap();
        assert_eq!(
            response.headers().contains_key("content-encoding"),
            is_packed,
            "{accepts}"
        );
        assert_eq!(response.body().len() < 1000, is_packed, "{accepts}");
    }
    let small = with(json_post("{}"), "accept-encoding", "gzip");
    let response = send(served.address, small).await.unwrap();
    assert!(!response.headers().contains_key("content-encoding"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_refused_as_a_message_that_is_too_long() {
    let served = served().await;
    let bomb = pack(&vec![b' '; 16 << 20]);
    assert!(bomb.len() > LIMIT, "{}", bomb.len());
    let request = with(
        json_post(pack(&vec![b' '; LIMIT + 1])),
        "content-encoding",
        "gzip",
    );
    let expected = (
        429,
        "resource_exhausted".to_owned(),
        "MESSAGE_TOO_LARGE".to_owned(),
    );
    assert_eq!(refusal(&send(served.address, request).await.unwrap()), expected);
    let request = with(json_post(vec![b' '; LIMIT + 1]), "accept-encoding", "gzip");
    assert_eq!(refusal(&send(served.address, request).await.unwrap()), expected);
    let stream = |message: &[u8]| {
        let request = post("ServerStream", "application/connect+json", envelope(1, message));
        with(request, "connect-content-encoding", "gzip")
    };
    let packed = pack(&vec![b' '; 4 << 20]);
    assert!(packed.len() < LIMIT);
    for request in [stream(&packed), stream(&bomb)] {
        let response = send(served.address, request).await.unwrap();
        let end: Value = serde_json::from_slice(&envelopes(response.body())[0].1).unwrap();
        assert_eq!(end["error"]["code"], "resource_exhausted");
    }
    let damaged = with(json_post("{}"), "content-encoding", "gzip");
    let expected = (400, "invalid_argument".to_owned(), "MALFORMED_REQUEST".to_owned());
    assert_eq!(refusal(&send(served.address, damaged).await.unwrap()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_responses_is_answered_message_by_message() {
    let served = served().await;
    let text =
        json!({ "responseDefinition": { "responseData": ["AA==", "AQ=="], "responseDelayMs": 60_000 } });
    let request = post(
        "ServerStream",
        "application/connect+json",
        envelope(0, text.to_string().as_bytes()),
    );
    let began = Instant::now();
    let response = send(served.address, with(request, "connect-timeout-ms", "300"))
        .await
        .unwrap();
    let ended = envelopes(response.body());
    let end: Value = serde_json::from_slice(&ended[0].1).unwrap();
    assert_eq!(
        (ended.len(), ended[0].0, &end["error"]["code"]),
        (1, 2, &json!("deadline_exceeded"))
    );
    assert!(began.elapsed() < Duration::from_secs(20));
}

/// A connection on which these parts are sent, a while apart; how long it stayed open, and what was received.
async fn trickle(served: &Served, parts: &[&str], pause: Duration) -> (Duration, String) {
    let mut tcp = TcpStream::connect(served.address).await.unwrap();
    let began = Instant::now();
    let (mut reader, mut writer) = tcp.split();
    let sending = async {
        let mut ticks = tokio::time::interval(pause);
        for part in parts.iter().cycle().take(1000) {
            ticks.tick().await;
            if writer.write_all(part.as_bytes()).await.is_err() {
                break;
            }
        }
        std::future::pending::<()>().await;
    };
    let mut received = Vec::new();
    tokio::select! {
        () = sending => {}
        _ended = reader.read_to_end(&mut received) => {}
    }
    (began.elapsed(), String::from_utf8_lossy(&received).into_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_or_a_body_that_comes_byte_by_byte_is_cut() {
    let served = Served::start(config::Grpc {
        receive_seconds: 1,
        ..without_rates()
    })
    .await;
    let (open, received) = trickle(&served, &["x"], Duration::from_millis(20)).await;
    assert!(open < Duration::from_secs(10), "a line that never ends: {open:?}");
    assert_eq!(received, "");
    let (open, _) = trickle(
        &served,
        &["GET / HTTP/1.1\r\n", "a: b\r\n"],
        Duration::from_millis(20),
    )
    .await;
    assert!(open < Duration::from_secs(10), "headers that never end: {open:?}");
    let head = format!(
        "POST /{NAME}/Unary HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: 100000\r\n\r\n"
    );
    let parts: Vec<&str> = std::iter::once(head.as_str()).chain(vec![" "; 500]).collect();
    let (open, received) = trickle(&served, &parts, Duration::from_millis(20)).await;
    assert!(open < Duration::from_secs(10), "a body that never ends: {open:?}");
    assert!(
        received.starts_with("HTTP/1.1 429") && received.contains("REQUEST_TOO_SLOW"),
        "{received}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_of_http_1_serves_several_calls() {
    let served = served().await;
    let mut tcp = TcpStream::connect(served.address).await.unwrap();
    let call = format!(
        "POST /{NAME}/Unary HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    tcp.write_all(call.repeat(3).as_bytes()).await.unwrap();
    let mut received = String::new();
    while received.matches("HTTP/1.1 200 OK").count() < 3 || !received.ends_with('}') {
        let mut part = vec![0; 4096];
        let length = tcp.read(&mut part).await.unwrap();
        assert!(length > 0, "{received}");
        received += std::str::from_utf8(&part[..length]).unwrap();
    }
    let grpc = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    tcp.write_all(grpc).await.unwrap();
    let mut rest = Vec::new();
    tcp.read_to_end(&mut rest).await.unwrap();
    assert!(rest.starts_with(b"HTTP/1.1 400") || rest.is_empty(), "{rest:?}");
}
