//! A fault that prevents a start is reported once, in Indonesian, with the name of the file, address or setting.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Output,
};

use prima_platform::testing::{eventually, nats::Nats, postgres::Postgres};
use prima_tests::{
    DEADLINE,
    process::{Service, binary, free_port},
};
use sea_orm::{ConnectionTrait, Database};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{Machine, prima, text};

/// Asserts that one line on stderr reports it, that stdout does not, and that the exit code is 1.
#[track_caller]
fn assert_reported(what: &str, output: &Output, sentence: &str) {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(err, format!("galat: {sentence}\n"), "{what}");
    assert_eq!(output.status.code(), Some(1), "{what}");
    for word in ["galat", "ERROR", "panic", "melayani"] {
        assert!(!out.contains(word), "{what}: {out}");
    }
}

const NOT_A_KEY: &str =
    "auth.public_key bukan kunci publik Ed25519 dalam base64 (cetak dengan: prima token --public)";
const NO_KEY: &str =
    "auth.public_key kosong; isi PRIMA_AUTH__PUBLIC_KEY (cetak dengan: prima token --public)";
const NO_BUS: &str = "bus.url kosong: satu layanan saja memerlukan bus bersama, --bus nats://… (semua layanan sekaligus: prima up)";
const OPEN: &str = "grpc.listen 0.0.0.0:50051 dapat dijangkau mesin lain tanpa TLS; isi grpc.tls_certificate dan \
                    grpc.tls_key, atau grpc.tls_proxy=true bila proksi di depannya yang mengenkripsi (other machines \
                    reach it without TLS)";
const UNVERIFIED: &str = "database.url: peladen db tidak diperiksa sertifikatnya; tambahkan ?sslmode=verify-full (CA \
                          sendiri: &sslrootcert=BERKAS), atau isi database.insecure=true bila jaringannya sendiri yang \
                          mengamankan (the server is not verified)";
const PLAIN: &str = "bus.url: sambungan ke nats tidak dienkripsi; pakai tls://, atau isi bus.insecure=true bila \
                     jaringannya sendiri yang mengamankan (the connection is not encrypted)";
const LEVEL: &str = "telemetry.level bukan saringan log, misalnya info (error parsing level filter: expected one of \
                     \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\", or a number 0-5)";

#[test]
fn faults_of_the_configuration_are_reported() {
    let values: &[(&str, &str, &str)] = &[
        (
            "PRIMA_GRCP__LISTEN",
            "x",
            "PRIMA_GRCP tidak dikenal; pilihannya: grpc, database, bus, objects, relay, auth, telemetry, survey, ranking, publication, complaint",
        ),
        (
            "PRIMA_DATABASE__URI",
            "x",
            "PRIMA_DATABASE__URI tidak dikenal; pilihannya: url, insecure, max_connections, statement_seconds, migrate",
        ),
        (
            "PRIMA_DATABASE_URL",
            "x",
            "PRIMA_DATABASE_URL tidak dikenal; maksudnya PRIMA_DATABASE__URL?",
        ),
        (
            "PRIMA_GRPC__MAX_WATCHERS",
            "x",
            "PRIMA_GRPC__MAX_WATCHERS harus bilangan bulat, 0 atau lebih",
        ),
        (
            "PRIMA_DATABASE__MIGRATE",
            "ya",
            "PRIMA_DATABASE__MIGRATE harus true atau false",
        ),
        (
            "PRIMA_TELEMETRY__LOG",
            "x",
            "PRIMA_TELEMETRY__LOG tidak dikenal nilainya; pilihannya: pretty, json",
        ),
        (
            "PRIMA_GRPC__LISTEN",
            "x",
            "grpc.listen `x` tidak berbentuk ALAMAT:PORTA, misalnya 127.0.0.1:50051",
        ),
        (
            "PRIMA_DATABASE__URL",
            "mysql://x",
            "database.url harus sqlite:DIREKTORI atau postgres://…",
        ),
        (
            "PRIMA_DATABASE__URL",
            "postgres://prima:s3cret@db:x/p",
            "database.url tidak dapat dibaca (error with configuration: invalid port number)",
        ),
        (
            "PRIMA_BUS__URL",
            "amqp://x",
            "bus.url harus memory:, nats://…, atau tls://…",
        ),
        (
            "PRIMA_BUS__URL",
            "nats://:x:y",
            "bus.url tidak dapat dibaca (NATS server URL is invalid: empty host)",
        ),
        (
            "PRIMA_OBJECTS__URL",
            "x",
            "objects.url harus file:DIREKTORI atau s3://BUCKET/AWALAN",
        ),
        ("PRIMA_TELEMETRY__LEVEL", "a=b=c", LEVEL),
        (
            "PRIMA_TELEMETRY__OTLP_ENDPOINT",
            "x y",
            "telemetry.otlp_endpoint `x y` bukan alamat (invalid uri character)",
        ),
        (
            "PRIMA_TELEMETRY__SAMPLE_RATIO",
            "2",
            "telemetry.sample_ratio harus antara 0 dan 1",
        ),
        ("PRIMA_GRPC__LISTEN", "0.0.0.0:50051", OPEN),
        (
            "PRIMA_DATABASE__URL",
            "postgres://prima:s3cret@db/prima",
            UNVERIFIED,
        ),
        ("PRIMA_BUS__URL", "nats://survey:s3cret@nats:4222", PLAIN),
        ("PRIMA_RELAY__WINDOW", "0", "relay.window paling sedikit 1"),
        (
            "PRIMA_COMPLAINT__KEYS",
            "rahasia",
            "complaint.keys: kunci 1 tidak berbentuk ID:BASE64",
        ),
        ("PRIMA_AUTH__PUBLIC_KEY", "xyz", NOT_A_KEY),
    ];
    for (name, value, sentence) in values {
        let started = prima(&["up"], &[(name, value)]);
        let sentence = format!("konfigurasi: {sentence}");
        assert_reported(name, &started, &sentence);
        let checked = prima(&["up", "--check-config"], &[(name, value)]);
        assert_reported(name, &checked, &sentence);
        let migrated = prima(&["migrate", "survey"], &[(name, value)]);
        assert_reported(name, &migrated, &sentence);
    }
    let alone = prima(
        &["serve", "complaint", "--check-config"],
        &[("PRIMA_RELAY__WINDOW", "0")],
    );
    let keys = "complaint.keys kosong; isi PRIMA_COMPLAINT__KEYS (buat dengan: prima key)";
    let all = format!("konfigurasi: relay.window paling sedikit 1; {NO_BUS}; {NO_KEY}; {keys}");
    assert_reported("everything that one service lacks", &alone, &all);
    let alone = prima(&["serve", "survey", "--check-config"], &[]);
    let keys = "survey.keys kosong; isi PRIMA_SURVEY__KEYS (buat dengan: prima key)";
    let all = format!("konfigurasi: {NO_BUS}; {NO_KEY}; {keys}");
    assert_reported("what the survey service lacks", &alone, &all);
    let bus = [("PRIMA_BUS__URL", "nats://127.0.0.1:1")];
    let keyless = prima(&["serve", "directory"], &bus);
    assert_reported("no public key", &keyless, &format!("konfigurasi: {NO_KEY}"));
}

#[test]
fn faults_of_a_configuration_file_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prima.toml");
    let name = file.display();
    let known = "listen, tls_certificate, tls_key, ";
    for (content, sentence) in [
        (
            "[grpc]\nlisen = 'x'",
            format!("konfigurasi: grpc.lisen di {name} tidak dikenal; pilihannya: {known}"),
        ),
        (
            "[grpc]\nlisten = 7",
            format!("konfigurasi: grpc.listen di {name} harus teks\n"),
        ),
        (
            "[grpc",
            format!("konfigurasi: {name} tidak dapat dibaca (TOML parse error at line 1, "),
        ),
    ] {
        fs::write(&file, content).unwrap();
        let output = prima(&["up", "--config", &name.to_string()], &[]);
        let err = text(&output.stderr);
        assert!(err.starts_with(&format!("galat: {sentence}")), "{content}: {err}");
        assert_eq!((err.lines().count(), output.status.code()), (1, Some(1)), "{err}");
    }
    let missing = folder.path().join("none.toml").display().to_string();
    let output = prima(&["serve", "survey", "--config", &missing], &[]);
    assert_reported(
        "no such file",
        &output,
        &format!("berkas konfigurasi {missing}: tidak ada"),
    );
    let directory = folder.path().display().to_string();
    let output = prima(&["up", "--config", &directory], &[]);
    assert_reported(
        "a directory",
        &output,
        &format!("berkas konfigurasi {directory}: adalah direktori"),
    );
}

/// Runs `prima up` on a directory, at a port that nothing uses.
fn up(data: &Path, env: &[(&str, &str)]) -> Output {
    let listen = format!("127.0.0.1:{}", free_port());
    prima(
        &["up", "--data", &data.display().to_string(), "--listen", &listen],
        env,
    )
}

#[test]
fn faults_of_files_and_directories_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = path("file");
    fs::write(&file, "x\n").unwrap();
    let used = "nama itu sudah dipakai berkas lain";
    let shown = file.display();
    assert_reported(
        "the directory is a file",
        &up(&file, &[]),
        &format!("direktori {shown} tidak dapat dibuat: {used}"),
    );
    // Not even root may write there.
    let never = Path::new("/proc/prima");
    assert_reported(
        "an impossible directory",
        &up(never, &[]),
        "direktori /proc/prima tidak dapat dibuat: tidak ada",
    );
    let database = format!("sqlite:{shown}");
    let migrated = prima(&["migrate", "survey", "--database", &database], &[]);
    assert_reported(
        "no directory of databases",
        &migrated,
        &format!("direktori basis data {shown} tidak dapat dibuat: {used}"),
    );

    for name in [
        "lock",
        "survey.lock",
        "key.pem",
        "complaint.key",
        "token",
        "survey.db",
    ] {
        let data = path(&format!("directory-{name}"));
        let blocked = data.join(name);
        fs::create_dir_all(&blocked).unwrap();
        let what = match name {
            "lock" | "survey.lock" => "berkas kunci",
            "token" => "token",
            "survey.db" => "basis data",
            _ => "kunci",
        };
        let why = match name {
            "survey.db" => "tidak dapat dibuka (unable to open database file)",
            _ => "adalah direktori",
        };
        assert_reported(
            name,
            &up(&data, &[]),
            &format!("{what} {}: {why}", blocked.display()),
        );
    }
    for (name, content, sentence) in [
        ("key.pem", "x", "kunci {}: bukan kunci Ed25519 dalam base64"),
        (
            "complaint.key",
            "x",
            "kunci {}: kunci 1 tidak berbentuk ID:BASE64",
        ),
        (
            "survey.db",
            "x",
            "basis data {}: bukan berkas basis data (file is not a database)",
        ),
    ] {
        let data = path(&format!("content-{name}"));
        fs::create_dir(&data).unwrap();
        let wrong = data.join(name);
        fs::write(&wrong, content.repeat(5000)).unwrap();
        assert_reported(
            name,
            &up(&data, &[]),
            &sentence.replace("{}", &wrong.display().to_string()),
        );
    }
    let objects = format!("file:{shown}");
    let output = up(&path("objects"), &[("PRIMA_OBJECTS__URL", &objects)]);
    assert_reported(
        "objects",
        &output,
        &format!("objects.url: direktori {shown} tidak dapat dibuat: {used}"),
    );
    let data = path("demo").display().to_string();
    let key = text(
        &prima(
            &[
                "token",
                "--key",
                &path("k").display().to_string(),
                "--new-key",
                "--public",
            ],
            &[],
        )
        .stdout,
    );
    let output = prima(
        &["up", "--demo", "--data", &data],
        &[("PRIMA_AUTH__PUBLIC_KEY", key.trim())],
    );
    assert_reported(
        "demo",
        &output,
        "data contoh memerlukan kunci lokal; kosongkan auth.public_key",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_foreign_database_is_reported() {
    let machine = Machine::new();
    let mut first = machine.command(Service::Up).start().await;
    first.wait_ready().await;
    assert_eq!(first.stop().await, 0);
    let (survey, ranking) = (
        machine.dir.path().join("survey.db"),
        machine.dir.path().join("ranking.db"),
    );

    let mut content = fs::read(&survey).unwrap();
    content[4096..12_288].fill(b'x');
    let sound = fs::read(&survey).unwrap();
    fs::write(&survey, &content).unwrap();
    let sentence = format!(
        "basis data {}: rusak; pulihkan dari cadangan (database disk image is malformed)",
        survey.display()
    );
    assert_reported("damaged", &up(machine.dir.path(), &[]), &sentence);
    fs::write(&survey, &sound).unwrap();

    let database = Database::connect(format!("sqlite://{}", ranking.display()))
        .await
        .unwrap();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_future', 0)";
    database.execute_unprepared(newer).await.unwrap();
    database.close().await.unwrap();
    let sentence = format!(
        "basis data {}: skema layanan ranking lebih baru daripada program ini (Migration file of version \
         'm9999_future' is missing, this migration has been applied but its file is missing)",
        ranking.display()
    );
    assert_reported("newer", &up(machine.dir.path(), &[]), &sentence);

    let fresh = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", fresh.path().display());
    let file = fresh.path().join("directory.db");
    let listed = prima(&["dead-letters", "directory", "--database", &url], &[]);
    assert_reported(
        "no database",
        &listed,
        &format!("basis data {}: tidak ada", file.display()),
    );
    let env = [
        ("PRIMA_DATABASE__MIGRATE", "false"),
        ("PRIMA_DATABASE__URL", url.as_str()),
        ("PRIMA_BUS__URL", "nats://127.0.0.1:1"),
        ("PRIMA_AUTH__PUBLIC_KEY", machine.signer.public_key()),
    ];
    let listen = format!("127.0.0.1:{}", free_port());
    let output = prima(&["serve", "directory", "--listen", &listen], &env);
    let outdated = "skema layanan directory belum mutakhir; jalankan: prima migrate directory";
    assert_reported(
        "outdated",
        &output,
        &format!("basis data {}: {outdated}", file.display()),
    );
}

#[test]
fn faults_of_addresses_keys_and_limited_storage_are_reported() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data").display().to_string();
    let used = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let listen = used.local_addr().unwrap().to_string();
    let output = prima(&["up", "--data", &data, "--listen", &listen], &[]);
    assert_reported(
        "a port in use",
        &output,
        &format!("grpc.listen {listen}: alamat itu sudah dipakai proses lain"),
    );
    // This address is in a network for documentation (RFC 5737), so no machine has it.
    let output = prima(
        &["up", "--data", &data, "--listen", "192.0.2.1:50051"],
        &[("PRIMA_GRPC__TLS_PROXY", "true")],
    );
    assert_reported(
        "a foreign address",
        &output,
        "grpc.listen 192.0.2.1:50051: bukan alamat mesin ini",
    );

    let missing = folder.path().join("none.pem").display().to_string();
    let output = prima(&["token", "--key", &missing, "--public"], &[]);
    assert_reported("no key", &output, &format!("kunci {missing}: tidak ada"));
    let output = prima(
        &["token", "--key", "/proc/prima/k.pem", "--new-key", "--public"],
        &[],
    );
    assert_reported(
        "a key that can't be written",
        &output,
        "kunci /proc/prima/k.pem: tidak ada",
    );
    let output = prima(&["key", "K 1"], &[]);
    assert_reported(
        "an id",
        &output,
        "ID kunci terdiri atas 1 sampai 16 huruf kecil a-z, angka, atau tanda hubung",
    );
    let output = prima(&["survey", "list", "--token-file", &missing], &[]);
    assert_reported(
        "no token",
        &output,
        &format!("berkas token `{missing}` tidak dapat dibaca: tidak ada"),
    );

    // The shell lowers the limit of file size; it also ignores the signal that would end the process.
    let limited = folder.path().join("limited");
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" up --data \"$1\"";
    let output = std::process::Command::new("sh")
        .args(["-c", script])
        .arg(binary())
        .arg(&limited)
        .output()
        .unwrap();
    let key = limited.join("key.pem");
    assert_reported(
        "no room",
        &output,
        &format!("kunci {}: jatah penyimpanan habis", key.display()),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_that_is_unreachable_or_refuses_is_reported() {
    let postgres = Postgres::start();
    let url = postgres.fresh_database().await;
    let admin = Database::connect(&url).await.unwrap();
    // The PostgreSQL server of the tests trusts every user; here one user needs a password and another is rejected.
    for statement in [
        "CREATE ROLE locked LOGIN PASSWORD 'benar'",
        "CREATE ROLE barred LOGIN",
        "CREATE ROLE poor LOGIN",
        "DO $$ BEGIN EXECUTE format('COPY (SELECT unnest(ARRAY[''host all locked 127.0.0.1/32 scram-sha-256'',
             ''host all barred 127.0.0.1/32 reject'', ''host all all 127.0.0.1/32 trust''])) TO %L',
             current_setting('hba_file')); END $$",
        "SELECT pg_reload_conf()",
    ] {
        admin.execute_unprepared(statement).await.unwrap();
    }
    let at = postgres.address();
    let migrate = |url: &str| prima(&["migrate", "survey"], &[("PRIMA_DATABASE__URL", url)]);
    let reloaded = eventually(DEADLINE, || async {
        Database::connect(format!("postgres://barred@{at}/postgres"))
            .await
            .err()
    });
    reloaded.await.expect("the new rules are in force");

    let output = migrate(&format!("postgres://locked:salah@{at}/postgres"));
    let cause = "password authentication failed for user \"locked\"";
    assert_reported(
        "a wrong password",
        &output,
        &format!("basis data postgres://locked:***@{at}/postgres: kata sandinya ditolak ({cause})"),
    );
    let output = migrate(&format!("postgres://barred:x@{at}/postgres"));
    let err = text(&output.stderr);
    let start = format!("galat: basis data postgres://barred:***@{at}/postgres: penggunanya ditolak (");
    assert!(err.starts_with(&start) && err.lines().count() == 1, "{err}");
    let output = migrate(&format!("postgres://prima:x@{at}/tidakada"));
    let cause = "database \"tidakada\" does not exist";
    assert_reported(
        "an unknown database",
        &output,
        &format!(
            "basis data postgres://prima:***@{at}/tidakada: basis data itu tidak ada di peladennya ({cause})"
        ),
    );
    let output = migrate(&format!("postgres://poor:x@{at}/postgres"));
    let cause = "permission denied for database postgres";
    assert_reported(
        "no rights",
        &output,
        &format!("basis data postgres://poor:***@{at}/postgres: penggunanya tidak berhak ({cause})"),
    );

    let away = format!("postgres://prima:x@127.0.0.1:{}/prima", free_port());
    let output = migrate(&away);
    let cause = "pool timed out while waiting for an open connection";
    assert_reported(
        "unreachable",
        &output,
        &format!(
            "basis data {}: tidak terjangkau ({cause})",
            away.replace(":x@", ":***@")
        ),
    );
    admin.close().await.unwrap();
}

/// A proxy that reports an older version than that of the real NATS server; returns its address.
async fn older_version(nats: &Nats) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let (address, target) = (listener.local_addr().unwrap(), nats.address());
    #[expect(clippy::disallowed_methods, reason = "ends with the test")]
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(target).await.unwrap();
            tokio::spawn(async move {
                let mut client = client;
                let mut greeting = vec![0; 16 << 10];
                let read = server.read(&mut greeting).await.unwrap();
                let info = text(&greeting[..read]);
                let (before, rest) = info.split_once("\"version\":\"").unwrap();
                let (_, after) = rest.split_once('"').unwrap();
                let info = format!("{before}\"version\":\"2.9.25\"{after}");
                client.write_all(info.as_bytes()).await.unwrap();
                let _ended = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bus_that_is_too_old_or_unreachable_is_reported() {
    let machine = Machine::new();
    let old = format!("nats://prima:x@{}", older_version(&machine.nats).await);
    let output = tokio::task::spawn_blocking({
        let (url, key) = (machine.database(), machine.signer.public_key().to_owned());
        move || {
            let env = [
                ("PRIMA_AUTH__PUBLIC_KEY", key.as_str()),
                ("PRIMA_DATABASE__URL", &url),
                ("PRIMA_BUS__URL", &old),
            ];
            let listen = format!("127.0.0.1:{}", free_port());
            (
                prima(&["serve", "directory", "--listen", &listen], &env),
                old.clone(),
            )
        }
    });
    let (output, old) = output.await.unwrap();
    let shown = old.replace(":x@", ":***@");
    let cause = "nats-server 2.9.25 is too old; 2.12.6 or newer is needed";
    assert_reported(
        "too old",
        &output,
        &format!("bus {shown}: peladen NATS tidak memadai ({cause})"),
    );

    // An unreachable bus does not end the process: the service accepts writes, and reports that it waits for the bus.
    let away = format!("nats://127.0.0.1:{}", free_port());
    let directory = machine.command(Service::Directory).bus(&away).start().await;
    machine.client(&directory).unit("32", "3271").await;
    let sentence = format!(
        "bus {away}: belum terjangkau; layanan tetap berjalan, dan menerbitkan begitu bus terhubung\n"
    );
    let reported = eventually(DEADLINE, || async {
        directory.log().contains(&sentence).then_some(())
    });
    reported.await.expect("the operator is informed");
}
