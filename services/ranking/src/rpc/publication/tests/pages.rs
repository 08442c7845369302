//! Pages of open data follow from the sealed files alone, are written once, and cost one reading of the log.

use std::{
    collections::{BTreeMap, BTreeSet},
    os::unix::fs::MetadataExt,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use prima_platform::{
    lease::Lease,
    tlog::{
        canonical,
        note::VerifierKey,
        sealed::{self, Sealed},
    },
};
use sea_orm::{DbBackend, DbErr, ExecResult, QueryResult, Statement};
use serde_json::{Value, json};

use super::*;
use crate::{derived::press, rpc::testing::publish as announce};

/// Counts the entries of the log that are read.
struct Counting<'a, C> {
    inner: &'a C,
    entries: AtomicUsize,
}

#[async_trait]
impl<C: ConnectionTrait> ConnectionTrait for Counting<'_, C> {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, text: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(text).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        assert!(!statement.sql.contains("log_entry"), "{}", statement.sql);
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let of_log = statement.sql.contains("log_entry");
        let rows = self.inner.query_all_raw(statement).await?;
        if of_log {
            self.entries.fetch_add(rows.len(), Ordering::Relaxed);
        }
        Ok(rows)
    }
}

/// What the files had after a round.
type Written = Option<(i64, usize)>;

/// A round of the press, which reads each entry of the log once.
async fn round(replica: &Replica, written: Written, all: bool) -> Written {
    let context = &replica.desk.context;
    let lease = Lease::new(context.db.clone(), press::LEASE, "test".to_owned(), LONG);
    let counting = Counting {
        inner: context.db.reader(),
        entries: AtomicUsize::new(0),
    };
    let press = replica.desk.press().unwrap();
    let now = press.write(&counting, &lease, written, all).await.unwrap();
    let (size, _) = now.unwrap();
    let read = counting.entries.into_inner();
    assert_eq!(i64::try_from(read), Ok(size), "entries read");
    now
}

/// All files below a folder: their contents, and their inodes, which a file that is written again changes.
fn files(folder: &Path) -> BTreeMap<String, (Vec<u8>, u64)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let entry = entry.unwrap();
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            let inode = entry.metadata().unwrap().ino();
            found.insert(name, (std::fs::read(path).unwrap(), inode));
        }
    }
    found
}

type Files = BTreeMap<String, (Vec<u8>, u64)>;

/// The paths of files that are not the same in both.
fn different<'a>(some: &'a Files, others: &'a Files) -> Vec<&'a String> {
    let all: BTreeSet<&String> = some.keys().chain(others.keys()).collect();
    all.into_iter()
        .filter(|path| some.get(*path) != others.get(*path))
        .collect()
}

fn json_of(files: &Files, path: &str) -> Value {
    serde_json::from_slice(&files.get(path).unwrap_or_else(|| panic!("{path}")).0).unwrap()
}

/// What a page must say, by the sealed files alone: the table, the row and its number, and whether it stands.
fn expected(tables: &BTreeMap<i64, Sealed>) -> BTreeMap<String, Vec<Value>> {
    let corrected = |number: i64| {
        let mut heads = tables.values().map(|sealed| &sealed.head);
        heads.any(|head| head.get("corrects").is_some_and(|of| of["number"] == number))
    };
    let mut pages: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (number, sealed) in tables {
        for (n, row) in (1..).zip(&sealed.rows) {
            let row = canonical::read(row).unwrap();
            let state = match corrected(*number) {
                true => "corrected",
                false if row.contains_key("removed") => "removed",
                false => "in-force",
            };
            let subject = canonical::text(&row, "subject").to_owned();
            let own = json!({"publication": number, "row_number": n, "state": state, "row": row});
            pages.entry(subject).or_default().push(own);
        }
    }
    pages
}

/// Fails unless the pages say what the sealed files say, no more and no less.
fn follow(files: &Files, keys: &[VerifierKey]) {
    const ADDRESS: &str = "https://data.contoh.go.id/peringkat/";
    let number = |path: &str| {
        path.strip_prefix("tables/")?
            .strip_suffix("/tabel.jsonl")?
            .parse()
            .ok()
    };
    let tables = files.iter().filter_map(|(path, (bytes, _))| {
        let number: i64 = number(path)?;
        Some((number, sealed::verify(bytes, keys).unwrap()))
    });
    let tables: BTreeMap<i64, Sealed> = tables.collect();
    let pages = expected(&tables);
    let own = |path: &&String| path.starts_with("subjects/") && path.ends_with(".json");
    let found: BTreeSet<String> = files.keys().filter(own).cloned().collect();
    let path = |subject: &String| format!("subjects/{subject}/halaman.json");
    assert_eq!(found, pages.keys().map(path).collect());
    for (subject, rows) in &pages {
        let page = json_of(files, &path(subject));
        assert_eq!((&page["subject"], &page["rows"]), (&json!(subject), &json!(rows)));
        assert_eq!(page["address"], format!("{ADDRESS}{}", path(subject)));
        for told in page["publications"].as_array().unwrap() {
            let sealed = &tables[&told["number"].as_i64().unwrap()];
            assert_eq!(told["checkpoint"], json!(sealed.proof.checkpoint));
            assert_eq!(told["log_index"], json!(sealed.proof.index));
            let file = format!("{ADDRESS}tables/{}/tabel.jsonl", told["number"]);
            assert_eq!(told["sealed_file"], json!(file));
            let head = told.as_object().unwrap().iter();
            let head = head.filter(|(key, _)| sealed.head.contains_key(*key));
            assert_eq!(
                head.map(|(k, v)| (k.clone(), v.clone()))
                    .collect::<canonical::Object>(),
                sealed.head
            );
        }
        let csv = &files[&path(subject).replace(".json", ".csv")].0;
        let lines = String::from_utf8(csv.clone()).unwrap();
        assert_eq!(lines.lines().count(), 1 + rows.len(), "{lines}");
        assert!(
            lines.contains(&format!("{ADDRESS}tables/1/tabel.jsonl")),
            "{lines}"
        );
    }
    // The figures of the metric are those rows that stand.
    let stands = |row: &&Value| row["state"] == "in-force";
    let mut standing: Vec<&Value> = pages.values().flatten().filter(stands).collect();
    standing.sort_by_key(|row| (row["publication"].as_i64(), row["row_number"].as_i64()));
    let figures = json_of(files, "metrics/skm/periods/2024/indeks.json");
    assert_eq!(figures["rows"], json!(standing));
    // The catalogue names each file of each table, and of the figures.
    let catalogue = json_of(files, "index.json");
    let listed = catalogue["dcat:dataset"].as_array().unwrap().iter();
    let listed = listed.flat_map(|one| one["dcat:distribution"].as_array().unwrap());
    let listed: BTreeSet<String> = listed
        .map(|one| one["dcat:downloadURL"].as_str().unwrap().replace(ADDRESS, ""))
        .collect();
    let named = |path: &&String| path.starts_with("tables/") || path.starts_with("metrics/");
    assert_eq!(listed, files.keys().filter(named).cloned().collect());
    let csv = String::from_utf8(files["index.csv"].0.clone()).unwrap();
    assert_eq!(csv.lines().count(), 1 + tables.len(), "{csv}");
    for workbook in ["index.xlsx", "subjects/agencies/11/units/a/halaman.xlsx"] {
        assert!(files[workbook].0.starts_with(b"PK"), "{workbook}");
    }
}

#[tokio::test]
async fn pages_follow_from_the_sealed_files_and_are_written_once() {
    for place in Place::each() {
        let setting = Setting::at(place).await;
        let replica = setting.replica(false).await;
        let keys = replica.desk.press().unwrap().log_keys();
        let url = replica.desk.context.config.publication.url.clone();
        let public = PathBuf::from(url.strip_prefix("file:").unwrap());
        let publish = async |id: &str, corrects: i64| {
            let mut message = proposal(&replica, id);
            if corrects > 0 {
                message.corrects = format!("publishedTables/{corrects}");
                message.correction_reason = "Uji.".to_owned();
            }
            let name = propose(&replica, message).await;
            setting.clock.advance(TimeDelta::hours(74));
            issue(&replica, &name, id).await.unwrap();
        };
        publish("p1", 0).await;
        let written = round(&replica, None, true).await;
        follow(&files(&public), &keys);
        // One subject has another score, and one is gone.
        rank(&setting.bus, "c", 2, "99").await;
        announce(&setting.bus, "prima.survey.score.skm.2024.unit.11.b", 2, None).await;
        replica.shows("c", "99").await;
        let gone = eventually(LONG, || async {
            let page = replica.page(pb::GetLeagueTableRequest::default()).await?;
            let mut subjects = page.rows.iter().map(|row| &row.subject);
            subjects
                .all(|subject| subject != "agencies/11/units/b")
                .then_some(())
        });
        gone.await.expect("the row is gone");
        publish("p2", 1).await;
        let written = round(&replica, written, false).await;
        // Two publications in one round; the page of who was removed says that this was corrected as well.
        publish("p3", 2).await;
        publish("p4", 3).await;
        round(&replica, written, false).await;
        let (grown, empty) = (files(&public), Vec::<&String>::new());
        follow(&grown, &keys);
        round(&replica, None, true).await;
        assert_eq!(
            different(&files(&public), &grown),
            empty,
            "what is right is not written again"
        );
        // They are the same, whatever was written before.
        std::fs::remove_dir_all(&public).unwrap();
        round(&replica, None, true).await;
        // Tiles that fuller ones have replaced are not made again.
        let contents = |mut files: Files| {
            files.retain(|path, _| !path.starts_with("tile/"));
            files.values_mut().for_each(|(_, inode)| *inode = 0);
            files
        };
        assert_eq!(different(&contents(files(&public)), &contents(grown)), empty);
    }
}
