//! TLS of a process, the rights of the shipped configuration of NATS, and the folder of `prima up`.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use prima_platform::testing::{certificates::Authority, eventually, nats::Nats};
use prima_tests::{
    DEADLINE,
    process::{Process, Service},
};

use super::{Machine, prima, text};

/// Runs `prima health` with these flags against a process of the directory; returns what it prints if it succeeds.
fn health(url: &str, flags: &[&str]) -> Option<String> {
    let mut args = vec!["health", "--service", "directory", "--endpoint", url];
    args.extend(flags);
    let output = prima(&args, &[]);
    output.status.success().then(|| text(&output.stdout))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_with_tls_serves_those_who_know_it_and_whom_it_knows() {
    let machine = Machine::new();
    let (ca, other) = (Authority::new("CA"), Authority::new("CA"));
    let clients = Authority::new("clients");
    let path = |name: &str| machine.dir.path().join(name).display().to_string();
    let write = |name: &str, text: &str| {
        fs::write(path(name), text).unwrap();
        path(name)
    };
    let (server, client) = (ca.server(&["127.0.0.1"]), clients.client("probe"));
    let (ca_file, other_file) = (
        write("ca.crt", ca.certificate()),
        write("other.crt", other.certificate()),
    );
    let own = [
        "--cert-file",
        &write("client.crt", &client.certificate),
        "--key-file",
        &write("client.key", &client.key),
    ];
    let process = machine
        .command(Service::Directory)
        .env(
            "PRIMA_GRPC__TLS_CERTIFICATE",
            &write("tls.crt", &server.certificate),
        )
        .env("PRIMA_GRPC__TLS_KEY", &write("tls.key", &server.key))
        .env(
            "PRIMA_GRPC__TLS_CLIENT_CA",
            &write("clients.crt", clients.certificate()),
        )
        .spawn();
    let url = process.url().replace("http://", "https://");
    let known = |ca: &str| health(&url, &[&own[..], &["--ca-file", ca]].concat());
    let served = eventually(DEADLINE, || async { known(&ca_file) }).await;
    assert!(
        served.is_some_and(|text| text.contains("siap")),
        "{}",
        process.log()
    );
    for probe in ["live", "ready"] {
        let flags = [&own[..], &["--ca-file", &ca_file, "--probe", probe]].concat();
        assert!(health(&url, &flags).is_some(), "{probe}");
    }
    assert!(known(&other_file).is_none(), "another authority");
    assert!(health(&url, &["--ca-file", &ca_file]).is_none(), "no certificate");
    assert!(health(&process.url(), &[]).is_none(), "no TLS");
    let half = prima(&["health", "--endpoint", &url, "--cert-file", own[1]], &[]);
    assert_eq!(half.status.code(), Some(2), "a certificate without its key");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_does_not_start_with_files_of_tls_that_can_not_be_used() {
    let machine = Machine::new();
    let (one, other) = (
        Authority::new("CA").server(&["a"]),
        Authority::new("CA").server(&["a"]),
    );
    let path = |name: &str| machine.dir.path().join(name).display().to_string();
    fs::write(path("tls.crt"), &one.certificate).unwrap();
    fs::write(path("tls.key"), &other.key).unwrap();
    for (certificate, setting) in [
        ("tls.crt", "grpc.tls_certificate"),
        ("none.crt", "grpc.tls_certificate"),
    ] {
        let mut process = machine
            .command(Service::Directory)
            .env("PRIMA_GRPC__TLS_CERTIFICATE", &path(certificate))
            .env("PRIMA_GRPC__TLS_KEY", &path("tls.key"))
            .spawn();
        assert_eq!(process.wait().await, 1);
        let expected = format!(
            "galat: berkas TLS tidak dapat dipakai: {setting} {}",
            path(certificate)
        );
        assert!(process.log().contains(&expected), "{}", process.log());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_becomes_ready_with_the_shipped_rights_on_the_bus() {
    const FILE: &str = include_str!("../../../../deploy/nats/nats.conf");
    const KEY: &str = "k1:ZGV2ZWxvcG1lbnQtb25seS1rZXktYWxsLWtub3ctaXQ=";
    let machine = Machine {
        nats: Nats::start_with(FILE),
        ..Machine::new()
    };
    let mut processes: Vec<Process> = Vec::new();
    for service in [
        Service::Directory,
        Service::Survey,
        Service::Innovation,
        Service::Complaint,
        Service::Index,
        Service::Ranking,
    ] {
        let command = machine
            .command(service)
            .bus(&machine.nats.config_of(service.name()).url)
            .env("PRIMA_BUS__API_PREFIX", "JS.API")
            .env("PRIMA_COMPLAINT__KEYS", KEY);
        processes.push(command.start().await);
    }
    machine.client(&processes[0]).unit("32", "3271").await;
    for process in &processes {
        // Ranking is ready when it has read every stream to its end, which all others have filled.
        process.wait_ready().await;
    }
    assert!(
        !machine.nats.log().contains("Violation"),
        "{}",
        machine.nats.log()
    );
}

/// The rights of the group and of others, of all files below a folder.
fn open_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let metadata = entry.metadata().unwrap();
        if metadata.mode() & 0o077 != 0 {
            found.push(format!("{} {:o}", entry.path().display(), metadata.mode()));
        }
        if metadata.is_dir() {
            found.extend(open_files(&entry.path()));
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn the_folder_of_all_services_is_private_even_if_it_was_not() {
    let machine = Machine::new();
    let data = machine.dir.path().join("data");
    let command = machine.command(Service::Up).data(&data);
    let mut process = command.start().await;
    process.wait_ready().await;
    assert_eq!(data.metadata().unwrap().mode() & 0o777, 0o700);
    assert_eq!(open_files(&data), Vec::<String>::new());

    // As a release before left it, or a copy with other rights.
    process.kill();
    for (path, mode) in [("", 0o755), ("key.pem", 0o644), ("survey.db", 0o644)] {
        fs::set_permissions(data.join(path), fs::Permissions::from_mode(mode)).unwrap();
    }
    process.restart().await;
    assert_eq!(data.metadata().unwrap().mode() & 0o777, 0o700);
    assert_eq!(open_files(&data), Vec::<String>::new());

    // Others may have changed what is in it.
    process.kill();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o777)).unwrap();
    process.relaunch();
    assert_eq!(process.wait().await, 1);
    assert!(
        process.log().contains("tidak dapat dipercaya"),
        "{}",
        process.log()
    );
}
