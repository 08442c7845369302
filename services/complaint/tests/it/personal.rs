//! Personal data is nowhere where it does not belong: a complete run uses texts that occur nowhere else, and searches
//! for them in everything that is stored, sent, logged or returned in an error.

mod run;
mod search;

use std::sync::{Arc, Mutex, OnceLock};

use prima_platform::db::sql;
use sea_orm::ConnectionTrait;
use tonic::Status;
use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};

use crate::{
    fixture::{Place, World, config},
    helpers::walk,
};
use search::{Markers, dump};

/// Collects what the process logs, with every span and its fields.
fn log() -> Arc<Mutex<Vec<u8>>> {
    static LOG: OnceLock<Arc<Mutex<Vec<u8>>>> = OnceLock::new();
    let start = || {
        let log = Arc::new(Mutex::new(Vec::new()));
        let filter =
            EnvFilter::new("info,prima_complaint=trace,prima_platform=trace,prima_proto=trace,sqlx=warn");
        tracing_subscriber::fmt()
            .json()
            .with_span_events(FmtSpan::FULL)
            .with_env_filter(filter)
            .with_writer(Writer(log.clone()))
            .init();
        log
    };
    LOG.get_or_init(start).clone()
}

#[derive(Clone)]
struct Writer(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Writer {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// A status as a client receives it: its text and its details, decoded and in encoded form.
fn status_bytes(status: &Status) -> Vec<u8> {
    let text = format!("{status:?} {}", status.message());
    [text.as_bytes(), status.details()].concat()
}

/// Where the markers were found: in everything that the world stores, logs or returned.
async fn found(world: &World, markers: &Markers, errors: &[Status]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, bytes) in dump(world).await {
        found.extend(markers.find(&place, &bytes));
    }
    let mut files = Vec::new();
    walk(world.place.dir.path(), &mut files);
    for bytes in files {
        found.extend(markers.find("file", &bytes));
    }
    found.extend(markers.find("log", &log().lock().unwrap()));
    for status in errors {
        found.extend(markers.find("status", &status_bytes(status)));
    }
    found
}

fn scanned() -> prima_platform::config::Config {
    let mut config = config();
    config.complaint.sweep_millis = 20;
    config.complaint.identity_days = 400;
    config.complaint.text_days = 500;
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_data_is_stored_sent_logged_or_returned_in_plain_text() {
    log();
    for place in [Place::sqlite(), Place::postgres().await] {
        let mut world = World::start(place, scanned()).await;
        let mut run = run::Run::default();
        run.all(&mut world).await;
        // Only the markers of the running process; an open database file of SQLite is read together with its journal.
        let found = found(&world, &run.markers, &run.errors).await;
        assert!(found.is_empty(), "{found:#?}");
        assert!(run.errors.len() > 60, "{}", run.errors.len());
        assert!(!world.objects().is_empty());
        let logged = String::from_utf8(log().lock().unwrap().clone()).unwrap();
        assert!(logged.contains("an identity was refused") && logged.contains("\"level\":\"WARN\""));
        for table in [
            "complaint",
            "timeline",
            "attachment",
            "consultation",
            "answer",
            "identity_reading",
            "request",
        ] {
            assert!(world.count(table).await > 0, "{table}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_search_finds_planted_markers_in_every_encoding() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    log();
    for place in [Place::sqlite(), Place::postgres().await] {
        let world = World::start(place, scanned()).await;
        let marker = "Zubaidah Pemilik Nama";
        let mut markers = Markers::default();
        markers.add("name", marker);
        assert!(found(&world, &markers, &[]).await.is_empty());
        let hex: String = marker.bytes().map(|b| format!("{b:02x}")).collect();
        let plants = [
            marker.to_owned(),
            marker.to_uppercase(),
            hex.clone(),
            hex.to_uppercase(),
            STANDARD.encode(marker),
            STANDARD.encode(format!("x{marker}")),
            STANDARD.encode(format!("xy{marker}z")),
            serde_json::json!({ "deep": [{ "in": marker }] }).to_string(),
        ];
        let writer = world.db.writer();
        for plant in &plants {
            let text =
                "INSERT INTO desk (agency, unit, body, version, updated_at) VALUES ('a', 'b', $1, 1, 1)";
            let statement = sql(writer, text, [plant.clone().into()]);
            writer.execute_raw(statement).await.unwrap();
            assert!(!found(&world, &markers, &[]).await.is_empty(), "{plant}");
            world.tamper("DELETE FROM desk").await;
            let text = "INSERT INTO request (method, caller, request_id, digest, answer, created_at)
                VALUES ('m', 'c', 'r', $1, $1, 1)";
            let statement = sql(writer, text, [plant.clone().into_bytes().into()]);
            writer.execute_raw(statement).await.unwrap();
            let planted = dump(&world).await;
            let hits: Vec<String> = planted.iter().flat_map(|(p, b)| markers.find(p, b)).collect();
            assert!(
                hits.iter().any(|hit| hit.contains("request.answer")),
                "{plant}: {hits:?}"
            );
            world.tamper("DELETE FROM request").await;
        }
        let status = Status::invalid_argument(marker);
        assert!(!markers.find("status", &status_bytes(&status)).is_empty());
        let details = Status::with_details(tonic::Code::Internal, "", marker.as_bytes().to_vec().into());
        assert!(!markers.find("status", &status_bytes(&details)).is_empty());
        let object = world.place.dir.path().join("objects/planted");
        std::fs::write(&object, marker).unwrap();
        assert!(
            found(&world, &markers, &[])
                .await
                .iter()
                .any(|f| f.starts_with("file"))
        );
        std::fs::remove_file(object).unwrap();
        let logged = "Kartini Yang Dicatat";
        let mut markers = Markers::default();
        markers.add("log", logged);
        tracing::trace_span!(target: "prima_complaint", "span", who = logged).in_scope(|| ());
        assert!(!markers.find("log", &log().lock().unwrap()).is_empty());
    }
}
