//! Tests of `prima import responses` as people run it: the process is killed and run again.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use prima_platform::testing::eventually;
use prima_proto::survey::v1 as survey;
use prima_tests::{DEADLINE, Suite, process::binary, sample};

const ROWS: usize = 30_000;

/// A command of the binary against the suite.
fn prima(suite: &Suite, args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .args(args)
        .args(["--endpoint", &format!("directory={}", suite.directory.url())])
        .args(["--endpoint", &format!("survey={}", suite.survey.url())])
        .env("PRIMA_TOKEN", suite.cluster.admin())
        .env_remove("PRIMA_ENDPOINT")
        .stdin(Stdio::null());
    command
}

async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

fn text(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn responses(path: &Path) -> String {
    path.display().to_string()
}

/// Returns the totals of a closed survey. Only a closed survey shows all its figures.
async fn closed_totals(suite: &Suite, name: &str) -> (i64, Vec<(String, i64)>) {
    let mut client = suite.client.clone();
    let request = survey::CloseSurveyRequest {
        name: name.to_owned(),
        etag: String::new(),
    };
    client.survey.close_survey(request).await.unwrap();
    let result = client.result(name).await;
    let totals = result
        .elements
        .into_iter()
        .map(|element| (element.key, element.total));
    (result.respondents, totals.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_import_continues_where_it_stopped() {
    let suite = Suite::start().await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let name = client.create_survey(&unit, "skm").await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = BufWriter::new(file.reopen().unwrap());
    sample::csv(&mut writer, ROWS).unwrap();
    writer.flush().unwrap();
    let args = ["import", "responses", &responses(file.path()), "--survey", &name];

    let mut importer = prima(&suite, &args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = eventually(DEADLINE, || {
        let (mut client, name) = (client.clone(), name.clone());
        async move { (client.result(&name).await.respondents >= 2_000).then_some(()) }
    });
    let begun = begun.await;
    importer.kill().unwrap();
    let status = importer.wait().unwrap();
    begun.expect("the import begins");
    assert!(!status.success(), "it was killed before its end");
    // A response that the killed process had sent is stored or is not, and no more of them arrive.
    let mut before = client.result(&name).await.respondents;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = client.result(&name).await.respondents;
        if now == before {
            break;
        }
        before = now;
    }
    let all = i64::try_from(ROWS).unwrap();
    assert!(
        (2_000..all).contains(&before),
        "{before} of {ROWS} when it was killed"
    );

    let again = run(prima(&suite, &args)).await;
    let told = format!(
        "Jawaban: {} diterima, {before} sudah ada, 0 ditolak",
        all - before
    );
    assert!(
        again.status.success() && text(&again).contains(&told),
        "{}",
        text(&again)
    );
    let third = run(prima(&suite, &args)).await;
    let told = format!("Jawaban: 0 diterima, {ROWS} sudah ada, 0 ditolak");
    assert!(text(&third).contains(&told), "{}", text(&third));

    let (respondents, totals) = closed_totals(&suite, &name).await;
    assert_eq!(respondents, all);
    assert_eq!(
        totals.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        sample::totals(0..ROWS)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_survives_a_restart_of_the_service() {
    let mut suite = Suite::start().await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let name = client.create_survey(&unit, "skm").await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut writer = BufWriter::new(file.reopen().unwrap());
    sample::csv(&mut writer, ROWS).unwrap();
    writer.flush().unwrap();
    let args = ["import", "responses", &responses(file.path()), "--survey", &name];
    let mut importer = prima(&suite, &args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begun = eventually(DEADLINE, || {
        let (mut client, name) = (client.clone(), name.clone());
        async move { (client.result(&name).await.respondents >= 2_000).then_some(()) }
    });
    begun.await.expect("the import begins");
    assert!(importer.try_wait().unwrap().is_none(), "it is not done yet");
    suite.survey.restart().await;
    let done = tokio::task::spawn_blocking(move || importer.wait_with_output().unwrap());
    let done = done.await.unwrap();
    assert!(done.status.success(), "{}", text(&done));
    let (respondents, totals) = closed_totals(&suite, &name).await;
    assert_eq!(respondents, i64::try_from(ROWS).unwrap());
    assert_eq!(
        totals.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        sample::totals(0..ROWS)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_left_out_corrected_and_imported_alone() {
    let suite = Suite::start().await;
    let mut client = suite.client.clone();
    let unit = client.unit("32", "3271").await;
    let name = client.create_survey(&unit, "skm").await;
    let folder = tempfile::tempdir().unwrap();
    let (file, errors) = (folder.path().join("form.csv"), folder.path().join("salah.csv"));
    let mut rows = Vec::new();
    sample::csv(&mut rows, 50).unwrap();
    let rows = String::from_utf8(rows).unwrap();
    // The age of the twelfth person's time is wrong.
    let wrong = rows.replacen("2024/08/12 8:00:00", "2024/08/12 28:00:00", 1);
    assert_ne!(wrong, rows);
    std::fs::write(&file, wrong).unwrap();
    let (file, errors) = (responses(&file), responses(&errors));
    let import = |more: &[&str]| {
        let mut args = vec!["import", "responses", &file, "--survey", &name];
        args.extend(more);
        run(prima(&suite, &args))
    };

    let unknown = import(&["--map", "Usia=agama", "--map", "Umur=age"]).await;
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown).contains("`agama` tidak dikenal") && text(&unknown).contains("`Umur` tidak ada"));
    let dry = import(&["--dry-run"]).await;
    assert_eq!(dry.status.code(), Some(3));
    assert!(text(&dry).contains("49 baris benar, 1 baris salah") && text(&dry).contains("submitted_at"));
    let refused = import(&[]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert_eq!(client.result(&name).await.respondents, 0);

    let partial = import(&["--skip-bad-rows", "--errors", &errors, "--import-id", "coba-1"]).await;
    assert_eq!(partial.status.code(), Some(3), "{}", text(&partial));
    assert!(
        text(&partial).contains("baris 13:") && text(&partial).contains("waktu `2024/08/12 28:00:00"),
        "{}",
        text(&partial)
    );
    assert_eq!(client.result(&name).await.respondents, 49);

    let corrected = std::fs::read_to_string(&errors)
        .unwrap()
        .replace(" 28:00:00", " 8:00:00");
    std::fs::write(&errors, corrected).unwrap();
    for expected in ["1 diterima, 0 sudah ada", "0 diterima, 1 sudah ada"] {
        let done = run(prima(
            &suite,
            &["import", "responses", &errors, "--survey", &name],
        ))
        .await;
        assert!(
            done.status.success() && text(&done).contains(expected),
            "{}",
            text(&done)
        );
    }
    let (respondents, totals) = closed_totals(&suite, &name).await;
    assert_eq!(respondents, 50);
    assert_eq!(
        totals.into_iter().collect::<std::collections::BTreeMap<_, _>>(),
        sample::totals(0..50)
    );
}
