//! Every method of every service in JSON, by the Connect protocol: messages with hostile fields, texts that are no JSON or not of
//! the message, hostile heads, and bodies that are not what they say to be.

use std::{collections::BTreeMap, io::Write, net::SocketAddr};

use flate2::{Compression, write::GzEncoder};
use http::{Request, Response, Version};
use prima_platform::testing::http::send_until;
use proptest::{collection::vec, prelude::*};
use tokio::runtime::Runtime;

use crate::{
    fuzz,
    hostile::TEXTS,
    requests::{Choices, MEMORY, Served},
};

/// Pieces of JSON that are put anywhere.
const PIECES: [&str; 16] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "1e999",
    "-0",
    "\\u0000",
    "\\ud800",
    "{\"@type\":1}",
    "\"NaN\"",
    "99999999999999999999",
    " ",
];

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

/// The JSON of a message, or what is near to it.
fn text(choices: &mut Choices, served: &Served, method: usize) -> Vec<u8> {
    let message = choices.message(&served.methods[method].input(), 0);
    // A time that no calendar has can't be written.
    let mut text = serde_json::to_vec(&message).unwrap_or_else(|_| b"{}".to_vec());
    for _ in 0..choices.below(4) {
        let at = choices.below(text.len() + 1);
        match choices.below(8) {
            0 => text.truncate(at),
            1 => drop(text.splice(at..at, choices.bytes())),
            2 => drop(text.splice(at..at, choices.one(&PIECES).bytes())),
            3 => {
                let deep = choices.below(400);
                drop(text.splice(at..at, "{\"a\":[".repeat(deep).into_bytes()));
            }
            4 => {
                let name = serde_json::to_string(choices.one(TEXTS)).unwrap();
                text = [b"{", name.as_bytes(), b":", text.as_slice(), b"}"].concat();
            }
            _ => {}
        }
    }
    text
}

fn envelope(flags: u8, message: &[u8]) -> Vec<u8> {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flags], length.as_slice(), message].concat()
}

/// A request, and the path of its method.
fn request(choices: &mut Choices, served: &Served) -> (String, Request<Vec<u8>>) {
    let at = choices.below(served.methods.len());
    let method = &served.methods[at];
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let is_streamed = method.is_client_streaming() || method.is_server_streaming();
    let mut body = text(choices, served, at);
    let is_packed = choices.below(5) == 0;
    if is_packed && choices.below(4) != 0 {
        body = packed(&body);
    }
    let by_get = !is_streamed && choices.below(6) == 0;
    let kind = match (choices.below(12), is_streamed) {
        (0, _) => choices.one(&[
            "text/plain",
            "application/json;charset=x",
            "application/proto",
            "application/connect+proto",
            "",
        ]),
        (_, true) => "application/connect+json",
        (_, false) => "application/json",
    };
    if is_streamed {
        let flags = match choices.below(8) {
            0 => choices.one(&[1, 2, 3, 128, 255]),
            _ => u8::from(is_packed),
        };
        body = envelope(flags, &body).repeat(1 + choices.below(3));
        if choices.below(8) == 0 {
            body.truncate(choices.below(body.len() + 1));
        }
    }
    let mut request = match by_get {
        true => {
            let message: String = body.iter().map(|byte| format!("%{byte:02X}")).collect();
            let more = choices.one(&[
                "",
                "&base64=1",
                "&connect=v1",
                "&compression=gzip",
                "&compression=x",
                "&message=",
                "&%ff=%",
            ]);
            // Longer heads are refused by the server of HTTP.
            let message = message.get(..9000).unwrap_or(&message).to_owned();
            body = Vec::new();
            Request::get(format!("{path}?encoding=json&message={message}{more}"))
        }
        false => Request::post(path.as_str()).header("content-type", kind),
    };
    let token = match choices.below(8) {
        0 => None,
        1 => Some("x".to_owned()),
        _ => Some(served.token.clone()),
    };
    let encoding = if is_streamed {
        "connect-content-encoding"
    } else {
        "content-encoding"
    };
    let more = [
        (
            "connect-timeout-ms",
            choices
                .one(&["0", "1", "9999999999", "99999999999", "x", "5000"])
                .to_owned(),
        ),
        (
            "connect-protocol-version",
            choices.one(&["1", "2", ""]).to_owned(),
        ),
        (
            "accept-encoding",
            choices.one(&["gzip", "gzip;q=x", ",,,", "*"]).to_owned(),
        ),
        ("grpc-timeout", choices.one(&["1x", "8S"]).to_owned()),
        (
            encoding,
            choices.one(&["br", "gzip, gzip", "identity"]).to_owned(),
        ),
    ];
    let fixed = [
        token.map(|token| ("authorization", format!("Bearer {token}"))),
        is_packed.then(|| (encoding, "gzip".to_owned())),
    ];
    let rare = more
        .into_iter()
        .filter(|_| choices.below(8) == 0)
        .collect::<Vec<_>>();
    for (name, value) in fixed.into_iter().flatten().chain(rare) {
        request = request.header(name, value);
    }
    (path, request.version(Version::HTTP_11).body(body).unwrap())
}

/// The first message in envelopes, with its flags; `None` while it is not whole, and for a body that is one object.
fn first(body: &[u8]) -> Option<(u8, &[u8])> {
    match body {
        [flags @ 0..=2, a, b, c, d, rest @ ..] => {
            let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap();
            Some((*flags, rest.get(..length)?))
        }
        _ => None,
    }
}

/// The error of a stream that ends with its first message; `None` without one, and when another message comes first.
fn ending(body: &[u8]) -> Option<serde_json::Value> {
    let (flags, message) = first(body).unwrap();
    let end = (flags == 2).then(|| serde_json::from_slice::<serde_json::Value>(message).unwrap());
    end?.get("error").cloned()
}

/// The code of a response. A refusal has one of its own and a reason, and is no fault of the service.
fn judge(path: &str, response: &Response<Vec<u8>>) -> Result<String, String> {
    let status = response.status().as_u16();
    let kind = response
        .headers()
        .get("content-type")
        .map(|kind| kind.to_str().unwrap());
    let error = match (status, kind) {
        (200, Some("application/json" | "application/proto")) => return Ok("ok".to_owned()),
        (200, Some(_)) => ending(response.body()),
        // The server of HTTP itself refuses a head.
        (400 | 414 | 431, None) => return Ok("head".to_owned()),
        _ => Some(serde_json::from_slice(response.body()).unwrap_or_default()),
    };
    let Some(error) = error else {
        return Ok("ok".to_owned());
    };
    let code = error["code"].as_str().unwrap_or_default();
    let details = error["details"].as_array().into_iter().flatten();
    let mut reasons = details.filter_map(|detail| detail["debug"]["reason"].as_str());
    let reason = reasons.next().unwrap_or_default();
    let unknown_form = code == "unknown" && matches!(status, 405 | 415);
    let unpacked = code == "unimplemented";
    let faulty = matches!(code, "" | "ok" | "internal" | "unknown" | "data_loss");
    if (faulty && !unknown_form) || (reason.is_empty() && !unpacked) {
        return Err(format!("{path}: {status} {error}"));
    }
    Ok(code.to_owned())
}

#[test]
fn every_method_in_json() {
    let dir = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let mut served = runtime.block_on(Served::start(dir.path()));
    let url = served.process.url();
    let address: SocketAddr = url.strip_prefix("http://").unwrap().parse().unwrap();
    let before = served.memory();
    let codes = std::cell::RefCell::new(BTreeMap::<String, usize>::new());
    fuzz(3000, &vec(any::<u8>(), 0..600), |bytes| {
        let mut choices = Choices(bytes.iter());
        let (path, request) = request(&mut choices, &served);
        let sent = send_until(address, request, |body| first(body).is_some());
        let response = runtime
            .block_on(sent)
            .map_err(|error| format!("{path}: {error}"))?;
        let code = judge(&path, &response)?;
        *codes.borrow_mut().entry(code).or_default() += 1;
        Ok(())
    });
    let codes = codes.into_inner();
    assert!(
        codes.contains_key("ok") && codes.contains_key("invalid_argument"),
        "{codes:?}"
    );
    let after = served.memory();
    assert!(after < before + MEMORY, "from {before} to {after} KiB");
    runtime.block_on(async {
        served.process.wait_ready().await;
        assert_eq!(served.process.stop().await, 0);
    });
    let log = served.process.log();
    for word in ["panicked", "\"reason\":\"INTERNAL\"", "\"level\":\"ERROR\""] {
        let line = log.lines().find(|line| line.contains(word));
        assert!(line.is_none(), "{line:?}");
    }
}
