//! Messages that are too large or malformed, methods that do not exist, and deadlines.

use prima_proto::survey::v1 as survey;
use prima_tests::{Cluster, DEADLINE, sample};
use prost::Message;
use sea_orm::{ConnectionTrait, DatabaseTransaction, TransactionTrait};
use tonic::{Code, Request};

use super::{DIRECTORY, RANKING, RawClient, RawClients, SURVEY, begin, healthy, refused, stored, wire};

/// A response that contains a text of this many bytes.
fn large(bytes: usize) -> survey::Response {
    survey::Response {
        profile: Some(survey::RespondentProfile {
            education: "S".repeat(bytes),
            ..Default::default()
        }),
        ..sample::response(1)
    }
}

/// Blocks every write into `survey.survey` until it is dropped.
pub async fn block_writes(cluster: &Cluster) -> DatabaseTransaction {
    let db = sea_orm::Database::connect(&cluster.database).await.unwrap();
    let txn = db.begin().await.unwrap();
    txn.execute_unprepared("LOCK TABLE survey.survey IN EXCLUSIVE MODE")
        .await
        .unwrap();
    txn
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_over_the_limit_is_refused_and_what_came_before_it_is_stored() {
    let (suite, mut client, _, name) = begin().await;
    let before = stored(&suite.cluster).await;
    let fault = refused(
        client.submit(&name, "large", large(5 << 20)).await,
        Code::ResourceExhausted,
        "MESSAGE_TOO_LARGE",
    );
    assert!(fault.retry.is_none(), "a repeat does not help");
    let raw_clients = RawClients::new(&suite, &suite.cluster.admin());
    let bytes = vec![0_u8; 5 << 20];
    for (raw, method) in [
        (&raw_clients.directory, "CreateAgency"),
        (&raw_clients.survey, "CreateSurvey"),
        (&raw_clients.survey, "WatchResult"),
        (&raw_clients.ranking, "GetLeagueTable"),
        (&raw_clients.ranking, "WatchLeagueTable"),
    ] {
        let answer = raw.bytes(method, bytes.clone()).await;
        refused(answer, Code::ResourceExhausted, "MESSAGE_TOO_LARGE");
    }
    // A message just below the limit is parsed, and refused for its content.
    super::invalid(
        client.submit(&name, "large", large((4 << 20) - 1000)).await,
        &["response.profile.education"],
    );
    assert_eq!(stored(&suite.cluster).await, before, "nothing is stored");

    let rows = (0..1500).map(|n| survey::SubmitResponsesRequest {
        survey: name.clone(),
        response_id: format!("r-{n}"),
        response: Some(if n == 1499 {
            large(5 << 20)
        } else {
            sample::response(n)
        }),
        ..Default::default()
    });
    let rows: Vec<_> = rows.collect();
    let answer = client.survey.submit_responses(tokio_stream::iter(rows)).await;
    refused(answer, Code::ResourceExhausted, "STREAM_BROKEN");
    assert_eq!(
        client.result(&name).await.respondents,
        1499,
        "what came before is stored"
    );
    healthy(&suite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_bytes_on_the_wire_get_a_clear_status() {
    let (suite, mut client, _, name) = begin().await;
    let admin = suite.cluster.admin();
    let raw_clients = RawClients::new(&suite, &admin);
    let before = stored(&suite.cluster).await;

    for method in ["Nothing", "submitResponse", "SubmitResponse/"] {
        let answer = raw_clients.survey.bytes(method, vec![]).await;
        refused(answer, Code::Unimplemented, "UNIMPLEMENTED");
    }
    for service in ["prima.survey.v2.SurveyService", "x", RANKING] {
        let raw = RawClient::new(&suite.survey, service, &admin);
        refused(
            raw.bytes("GetSurvey", vec![]).await,
            Code::Unimplemented,
            "UNIMPLEMENTED",
        );
    }

    let health = tonic_health::pb::HealthCheckRequest {
        service: "nobody".into(),
    };
    let raw = RawClient::new(&suite.survey, "grpc.health.v1.Health", "");
    refused(raw.send("Check", &health).await, Code::NotFound, "NOT_FOUND");

    // These bytes are not a message: a tag without a value, a length beyond the end, text that is not UTF-8, too deep
    // nesting.
    let nested = [0x1a_u8, 0x7f].repeat(60);
    for malformed in [
        vec![0xff; 64],
        vec![0x0a],
        vec![0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
        vec![0x0a, 0x02, 0xff, 0xfe],
        vec![0x07; 16],
        b"{\"name\": \"agencies/3271\"}".to_vec(),
        nested,
    ] {
        for (raw, method) in [
            (&raw_clients.directory, "GetAgency"),
            (&raw_clients.directory, "CreateUnit"),
            (&raw_clients.survey, "SubmitResponse"),
            (&raw_clients.survey, "WatchResult"),
            (&raw_clients.ranking, "GetStanding"),
            (&raw_clients.ranking, "WatchLeagueTable"),
        ] {
            let error = super::fault(&raw.bytes(method, malformed.clone()).await.unwrap_err());
            assert_eq!(
                error.code,
                Code::InvalidArgument,
                "{method} {malformed:?}: {error:?}"
            );
        }
        let answer = raw_clients
            .survey
            .bytes("SubmitResponses", malformed.clone())
            .await;
        let error = super::fault(&answer.unwrap_err());
        assert_eq!(
            (error.code, error.reason.as_str()),
            (Code::InvalidArgument, "STREAM_BROKEN")
        );
    }

    // These frames are malformed: an unknown flag, compressed without an encoding, truncated, empty, two messages.
    let bearer = format!("Bearer {admin}");
    let bearer = ("authorization", bearer.as_bytes());
    let get = survey::GetSurveyRequest { name: name.clone() }.encode_to_vec();
    let with_flag = |flag: u8| {
        let mut frame = wire::frame(&get);
        frame[0] = flag;
        frame
    };
    let mut cut = wire::frame(&get);
    cut.truncate(12);
    for frame in [
        with_flag(2),
        with_flag(255),
        with_flag(1),
        cut,
        vec![0, 0],
        vec![],
    ] {
        for (process, service, method) in [
            (&suite.survey, SURVEY, "GetSurvey"),
            (&suite.ranking, RANKING, "GetLeagueTable"),
            (&suite.directory, DIRECTORY, "GetUnit"),
        ] {
            let path = format!("/{service}/{method}");
            let exchange = wire::exchange(process, &path, &[bearer], frame.clone())
                .await
                .unwrap();
            let error = super::fault(&exchange.answer().unwrap_err());
            assert_eq!(error.code, Code::InvalidArgument, "{method} {frame:?}: {error:?}");
        }
    }
    let path = format!("/{SURVEY}/GetSurvey");
    let gzip: (&str, &[u8]) = ("grpc-encoding", b"gzip");
    let exchange = wire::exchange(&suite.survey, &path, &[bearer, gzip], with_flag(1)).await;
    refused(exchange.unwrap().answer(), Code::Unimplemented, "UNIMPLEMENTED");
    // A header beyond the limit is refused by HTTP; no call begins.
    let long = vec![b'a'; 20_000];
    let exchange = wire::exchange(&suite.survey, &path, &[("x-long", &long)], wire::frame(&get)).await;
    assert_eq!(
        exchange.unwrap().http,
        http::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
    );
    // Connections that do not speak HTTP/2, and one that ends at once, leave the process running.
    for text in [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\u{0}\u{1}\u{2}",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nxxxxxxxxxxxxxxx",
    ] {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let address = suite.survey.url().trim_start_matches("http://").to_owned();
        let mut tcp = tokio::net::TcpStream::connect(address).await.unwrap();
        tcp.write_all(text.as_bytes()).await.unwrap();
        tcp.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let ended = tokio::time::timeout(DEADLINE, tcp.read_to_end(&mut answer)).await;
        assert!(ended.is_ok(), "the connection is closed: {text:?}");
    }
    assert_eq!(stored(&suite.cluster).await, before, "nothing is stored");
    client.submit(&name, "r", sample::response(1)).await.unwrap();
    healthy(&suite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_is_kept_and_a_malformed_one_is_ignored() {
    let (suite, mut client, _, name) = begin().await;
    let bearer = format!("Bearer {}", suite.cluster.admin());
    let bearer = ("authorization", bearer.as_bytes());
    let submit = |id: &str| {
        let message = survey::SubmitResponseRequest {
            request_id: id.to_owned(),
            survey: name.clone(),
            response: Some(sample::response(1)),
            ..Default::default()
        };
        wire::frame(&message.encode_to_vec())
    };
    let path = format!("/{SURVEY}/SubmitResponse");
    let blocked = block_writes(&suite.cluster).await;
    for timeout in ["1m", "0m", "1u", "1n", "0S", "50m"] {
        let headers = [bearer, ("grpc-timeout", timeout.as_bytes())];
        let exchange = wire::exchange(&suite.survey, &path, &headers, submit("slow"))
            .await
            .unwrap();
        refused(exchange.answer(), Code::DeadlineExceeded, "DEADLINE_EXCEEDED");
    }
    // This is the client's own deadline, as client libraries keep it.
    let mut request = Request::new(survey::SubmitResponseRequest {
        request_id: "slow".into(),
        survey: name.clone(),
        response: Some(sample::response(1)),
        ..Default::default()
    });
    request.set_timeout(std::time::Duration::from_millis(1));
    let status = client.survey.submit_response(request).await.unwrap_err();
    assert!(
        matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
        "{status:?}"
    );
    blocked.rollback().await.unwrap();

    // The client does not know whether its response was stored, so it repeats it; the response counts once.
    client.submit(&name, "slow", sample::response(1)).await.unwrap();
    assert_eq!(client.result(&name).await.respondents, 1);

    for (n, timeout) in [
        "",
        "x",
        "1",
        "S",
        "-1S",
        "1.5S",
        "1x",
        "123456789S",
        "١S",
        "99999999H",
    ]
    .into_iter()
    .enumerate()
    {
        let headers = [bearer, ("grpc-timeout", timeout.as_bytes())];
        let exchange = wire::exchange(&suite.survey, &path, &headers, submit(&format!("m-{n}")))
            .await
            .unwrap();
        exchange
            .answer()
            .unwrap_or_else(|status| panic!("{timeout}: {status:?}"));
    }
    assert_eq!(client.result(&name).await.respondents, 11);
    healthy(&suite).await;
}
