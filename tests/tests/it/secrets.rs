//! No secret of an operator or of a citizen is in a log, trace, metric or error, nor in the arguments of a process.

use prima_proto::{
    complaint::v1 as complaint,
    survey::v1::{
        self as survey, access_service_client::AccessServiceClient,
        survey_service_client::SurveyServiceClient,
    },
};
use prima_tests::{
    Cluster,
    client::authorised,
    complaint::Complaints,
    process::{Process, Service, free_port},
    sample,
};
use tonic::{Request, Status};

use super::{
    startup::{prima, text},
    trace::{Receiver, found},
};

/// Passwords that the servers of the tests accept, as they accept any.
const DATABASE: &str = "sandi-basis-data-bertanda";
const BUS: &str = "sandi-bus-bertanda";
const S3: &str = "rahasia-s3-bertanda";
/// A key of 32 bytes in base64.
const KEY: &str = "a3VuY2ktYmVydGFuZGEtMDEyMzQ1Njc4OWFiY2RlZmc=";

/// A URL with a user and a password.
fn with_password(url: &str, password: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}://prima:{password}@{host}")
}

/// What a refused call says, also in its details.
fn said(answer: Result<(), Status>) -> Vec<u8> {
    let status = answer.expect_err("it is refused");
    let mut said = status.message().as_bytes().to_vec();
    said.extend_from_slice(status.details());
    said.extend(format!("{:?}", status.metadata()).bytes());
    said
}

/// The secrets that citizens and callers were given, and what refused calls said.
#[derive(Default)]
struct Given {
    secrets: Vec<String>,
    errors: Vec<Vec<u8>>,
}

impl Given {
    /// Gives out tokens and a link of a survey, and uses them rightly and wrongly.
    async fn survey(&mut self, url: &str, token: &str) {
        let mut client = SurveyServiceClient::new(authorised(url, token));
        let mut access = AccessServiceClient::new(authorised(url, token));
        let mut citizen = SurveyServiceClient::new(authorised(url, ""));
        let created = client.create_survey(survey::CreateSurveyRequest {
            request_id: "s".into(),
            parent: "agencies/3271/units/dpmptsp".into(),
            survey_id: "a".into(),
            survey: Some(survey::Survey {
                period: "2024-q3".into(),
                access_modes: vec![survey::AccessMode::Token.into(), survey::AccessMode::Link.into()],
                ..Default::default()
            }),
        });
        let survey = created.await.unwrap().into_inner().survey.unwrap().name;
        let issued = access.issue_tokens(survey::IssueTokensRequest {
            request_id: "t".into(),
            survey: survey.clone(),
            size: 2,
            ..Default::default()
        });
        let tokens = issued.await.unwrap().into_inner().tokens;
        let link = access.issue_link(survey::IssueLinkRequest {
            survey: survey.clone(),
        });
        let link = link.await.unwrap().into_inner().link;
        self.secrets
            .extend([tokens[0].clone(), tokens[1].clone(), link.clone()]);
        let mut submit = async |id: &str, token: &str, link: &str, n| {
            let request = survey::SubmitResponseRequest {
                request_id: id.to_owned(),
                survey: survey.clone(),
                response: Some(sample::response(n)),
                credential: Some(survey::Credential {
                    token: token.to_owned(),
                    link: link.to_owned(),
                    kiosk: None,
                }),
            };
            citizen.submit_response(request).await.map(|_| ())
        };
        submit("r1", &tokens[0], "", 0).await.unwrap();
        submit("r2", "", &link, 0).await.unwrap();
        let again = submit("r3", &tokens[0], "", 1).await;
        let changed = submit("r4", &format!("{}A", tokens[1]), "", 2).await;
        let link = submit("r5", "", &format!("{link}A"), 3).await;
        let both = submit("r6", &tokens[1], &self.secrets[2].clone(), 4).await;
        self.errors.extend([again, changed, link, both].map(said));
        let read = client.read_response(survey::ReadResponseRequest {
            survey: survey.clone(),
            reason: "Surat 12/2024".into(),
            which: Some(survey::read_response_request::Which::Token(tokens[0].clone())),
        });
        read.await.unwrap();
        let read = client.read_response(survey::ReadResponseRequest {
            survey,
            reason: String::new(),
            which: Some(survey::read_response_request::Which::Token(tokens[1].clone())),
        });
        self.errors.push(said(read.await.map(|_| ())));
    }

    /// Submits a complaint, and follows it with its codes, right and wrong.
    async fn complaint(&mut self, url: &str, token: &str) {
        let mut citizen = Complaints::new(authorised(url, token));
        let submitted = citizen.submit_complaint(complaint::SubmitComplaintRequest {
            request_id: "c".into(),
            parent: "agencies/3271".into(),
            class: "complaint_regular".into(),
            title: "Antrean panjang".into(),
            text: "Antrean di loket dua panjang sekali.".into(),
            channel: complaint::Channel::Web.into(),
            anonymous: true,
            ..Default::default()
        });
        let submitted = submitted.await.unwrap().into_inner();
        let (code, secret) = (submitted.tracking_code, submitted.secret);
        for grouped in [&code, &secret] {
            self.secrets.extend([grouped.clone(), grouped.replace('-', "")]);
        }
        let mut anyone = Complaints::new(authorised(url, ""));
        let mut track = async |code: &str, secret: &str| {
            let access = complaint::Access {
                tracking_code: code.to_owned(),
                secret: secret.to_owned(),
            };
            let request = complaint::TrackComplaintRequest { access: Some(access) };
            anyone.track_complaint(request).await.map(|_| ())
        };
        track(&code, &secret).await.unwrap();
        let wrong = track(&code, "00000-00000").await;
        let changed = track(&format!("{code}A"), &secret).await;
        let swapped = track(&secret, &code).await;
        self.errors.extend([wrong, changed, swapped].map(said));
    }

    /// Calls with a token that is cut off, and with one in the wrong place.
    async fn caller(&mut self, url: &str, token: &str) {
        let cut = &token[..token.len() - 3];
        self.secrets.push(cut.to_owned());
        let request = || survey::GetSurveyRequest {
            name: "agencies/3271/units/dpmptsp/surveys/a".into(),
        };
        let mut client = SurveyServiceClient::new(authorised(url, cut));
        self.errors
            .push(said(client.get_survey(request()).await.map(|_| ())));
        let mut plain = Request::new(request());
        plain
            .metadata_mut()
            .insert("authorization", token.parse().unwrap());
        let mut client = SurveyServiceClient::new(authorised(url, ""));
        self.errors.push(said(client.get_survey(plain).await.map(|_| ())));
    }
}

/// The arguments of a process.
fn arguments(process: &Process) -> Vec<u8> {
    std::fs::read(format!("/proc/{}/cmdline", process.pid())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_is_in_a_log_trace_metric_error_or_argument() {
    let cluster = Cluster::start().await;
    let receiver = Receiver::start().await;
    let key = format!("k1:{KEY}");
    let serve = async |service| {
        let command = cluster
            .command(service)
            .database(&with_password(&cluster.database, DATABASE))
            .bus(&with_password(&cluster.nats.url(), BUS))
            .env("PRIMA_SURVEY__KEYS", &key)
            .env("PRIMA_COMPLAINT__KEYS", &key)
            .env("PRIMA_OBJECTS__SECRET_ACCESS_KEY", S3)
            .env("PRIMA_TELEMETRY__LEVEL", "trace")
            .env("PRIMA_TELEMETRY__OTLP_ENDPOINT", receiver.url());
        command.start().await
    };
    let mut processes = [serve(Service::Survey).await, serve(Service::Complaint).await];
    for process in &processes {
        process.wait_ready().await;
    }
    let token = cluster.admin();
    let mut given = Given::default();
    given.survey(&processes[0].url(), &token).await;
    given.complaint(&processes[1].url(), &token).await;
    given.caller(&processes[0].url(), &token).await;
    given
        .secrets
        .extend([DATABASE, BUS, S3, KEY, "kunci-bertanda-0123"].map(str::to_owned));
    let arguments: Vec<Vec<u8>> = processes.iter().map(arguments).collect();
    for process in &mut processes {
        // A stop sends the remaining traces and metrics.
        assert_eq!(process.stop().await, 0);
    }
    let logs: Vec<Vec<u8>> = processes
        .iter()
        .flat_map(|process| {
            process
                .log()
                .lines()
                .map(|line| line.as_bytes().to_vec())
                .collect::<Vec<_>>()
        })
        .collect();
    let sources = [
        ("a log", logs, "SubmitResponse"),
        ("telemetry", receiver.raw(), "SubmitResponse"),
        ("an error", given.errors, "prima.go.id"),
        ("an argument", arguments, "serve"),
    ];
    let mut leaks = Vec::new();
    for (source, records, known) in &sources {
        assert!(
            !found(source, records, known).is_empty(),
            "{source} was not recorded"
        );
        leaks.extend(
            given
                .secrets
                .iter()
                .flat_map(|secret| found(source, records, secret)),
        );
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}

#[test]
fn a_command_that_fails_shows_no_secret() {
    let port = free_port();
    let database = format!("postgres://prima:{DATABASE}@127.0.0.1:{port}/prima");
    let bus = format!("nats://prima:{BUS}@127.0.0.1:{port}");
    let key = format!("k1:{KEY}");
    let broken = format!("k1:{}", &KEY[1..]);
    let env = |keys: &'static str, value: &str| {
        [
            ("PRIMA_DATABASE__URL".to_owned(), database.clone()),
            ("PRIMA_BUS__URL".to_owned(), bus.clone()),
            ("PRIMA_OBJECTS__SECRET_ACCESS_KEY".to_owned(), S3.to_owned()),
            ("PRIMA_TELEMETRY__LEVEL".to_owned(), "trace".to_owned()),
            (keys.to_owned(), value.to_owned()),
        ]
    };
    let in_argument = ["--database", database.as_str()];
    let bus_in_argument = ["--bus", bus.as_str()];
    let runs: Vec<(Vec<&str>, _, i32)> = vec![
        (
            vec!["serve", "survey", "--check-config"],
            env("PRIMA_SURVEY__KEYS", &key),
            1,
        ),
        (vec!["serve", "survey"], env("PRIMA_SURVEY__KEYS", &broken), 1),
        (vec!["migrate", "survey"], env("PRIMA_SURVEY__KEYS", &key), 1),
        (
            vec!["reconcile", "survey", "--restage"],
            env("PRIMA_SURVEY__KEYS", &key),
            1,
        ),
        // A setting that does not exist, with a secret as its value.
        (vec!["serve", "survey"], env("PRIMA_SURVEY__KUNCI", &key), 1),
        (
            [vec!["serve", "survey"], in_argument.to_vec()].concat(),
            env("PRIMA_SURVEY__KEYS", &key),
            2,
        ),
        (
            [vec!["migrate", "survey"], in_argument.to_vec()].concat(),
            env("PRIMA_SURVEY__KEYS", &key),
            2,
        ),
        (
            [vec!["up"], bus_in_argument.to_vec()].concat(),
            env("PRIMA_SURVEY__KEYS", &key),
            2,
        ),
    ];
    for (args, env, code) in runs {
        let env: Vec<(&str, &str)> = env
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let output = prima(&args, &env);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
        assert!(err.contains("galat"), "{args:?}\n{err}");
        for secret in [DATABASE, BUS, S3, KEY, &KEY[1..]] {
            assert!(
                !out.contains(secret) && !err.contains(secret),
                "{args:?}\n{out}\n{err}"
            );
        }
    }
}
