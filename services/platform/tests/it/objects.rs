//! Storage of files in a folder, and in the bucket of `PRIMA_TEST_S3_ENDPOINT` and `PRIMA_TEST_S3_BUCKET`.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use futures::TryStreamExt;
use prima_platform::{
    clock::Clock,
    config,
    failure::{Failure, Kind},
    id::Ids,
    lifecycle::Tasks,
    objects::{Digest, Error, Objects},
};
use sha2::{Digest as _, Sha256};

struct World {
    config: config::Objects,
    objects: Objects,
    tasks: Tasks,
    /// The folder; `None` for a bucket.
    folder: Option<PathBuf>,
}

impl World {
    fn open(config: config::Objects, folder: Option<PathBuf>) -> Self {
        let tasks = Tasks::default();
        let objects = Objects::open(&config, Clock::system(), Ids::random(), tasks.clone()).unwrap();
        Self {
            config,
            objects,
            tasks,
            folder,
        }
    }

    /// The same storage in another process, whose clock is ahead by `later`.
    fn again(&self, later: TimeDelta) -> Objects {
        let clock = Clock::from_fn(move || Clock::system().now() + later);
        Objects::open(&self.config, clock, Ids::random(), Tasks::default()).unwrap()
    }

    /// Waits until all dropped uploads are aborted.
    async fn settle(&self) {
        assert!(self.tasks.stop(std::time::Duration::from_secs(10)).await);
    }

    fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        if let Some(folder) = &self.folder {
            walk(folder, folder, &mut names);
        }
        names.sort();
        names
    }
}

fn walk(root: &Path, dir: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(root, &path, names);
        } else {
            names.push(path.strip_prefix(root).unwrap().display().to_string());
        }
    }
}

/// Runs a test on each storage.
async fn on_each_storage(test: impl AsyncFn(World)) {
    let dir = tempfile::tempdir().unwrap();
    let config = config::Objects {
        url: format!("file:{}", dir.path().join("new/objects").display()),
        ..config::Objects::default()
    };
    test(World::open(config, Some(dir.path().to_owned()))).await;
    let var = |name: &str| std::env::var(name).ok();
    let Some((endpoint, bucket)) = var("PRIMA_TEST_S3_ENDPOINT").zip(var("PRIMA_TEST_S3_BUCKET")) else {
        return;
    };
    let config = config::Objects {
        url: format!("s3://{bucket}/{}", Ids::random().next().simple()),
        endpoint,
        access_key_id: "prima".into(),
        secret_access_key: "rahasia".into(),
        ..config::Objects::default()
    };
    test(World::open(config, None)).await;
}

/// 12 MiB, more than two parts of S3.
fn long() -> Vec<u8> {
    (0_u32..3 << 20).flat_map(u32::to_le_bytes).collect()
}

fn digest(bytes: &[u8]) -> Digest {
    Sha256::digest(bytes).into()
}

async fn put(objects: &Objects, bytes: &[u8]) -> Result<(), Error> {
    let mut upload = objects.begin(bytes.len() as u64, digest(bytes)).await?;
    for piece in bytes.chunks(1 << 20) {
        upload.write(piece).await?;
    }
    upload.finish().await
}

async fn get(objects: &Objects, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let pieces: Vec<bytes::Bytes> = objects.read(digest(bytes)).await?.try_collect().await?;
    assert!(pieces.iter().all(|p| p.len() <= 256 << 10));
    Ok(pieces.concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_file_is_read_after_a_restart_and_is_stored_once() {
    on_each_storage(async |w| {
        let bytes = long();
        put(&w.objects, &bytes).await.unwrap();
        put(&w.objects, &bytes).await.unwrap();
        put(&w.objects, b"x").await.unwrap();
        let restarted = w.again(TimeDelta::hours(2));
        assert_eq!(restarted.sweep().await.unwrap(), 0);
        assert_eq!(get(&restarted, &bytes).await.unwrap(), bytes);
        assert_eq!(get(&restarted, b"x").await.unwrap(), b"x");
        if w.folder.is_some() {
            assert_eq!(w.files().len(), 2, "{:?}", w.files());
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_file_can_be_stored_and_removed_again() {
    on_each_storage(async |w| {
        put(&w.objects, b"x").await.unwrap();
        put(&w.objects, b"y").await.unwrap();
        for _ in 0..2 {
            w.objects.remove(&digest(b"x")).await.unwrap();
            assert!(!w.objects.has(&digest(b"x")).await.unwrap());
        }
        assert_eq!(get(&w.objects, b"y").await.unwrap(), b"y");
        if w.folder.is_some() {
            assert_eq!(w.files().len(), 1, "{:?}", w.files());
        }
        put(&w.objects, b"x").await.unwrap();
        assert_eq!(get(&w.objects, b"x").await.unwrap(), b"x");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_upload_leaves_nothing() {
    on_each_storage(async |w| {
        let bytes = long();
        let mut upload = w.objects.begin(bytes.len() as u64, digest(&bytes)).await.unwrap();
        for piece in bytes.chunks(1 << 20).take(11) {
            upload.write(piece).await.unwrap();
        }
        assert!(!w.objects.has(&digest(&bytes)).await.unwrap());
        drop(upload);
        w.settle().await;
        assert!(!w.objects.has(&digest(&bytes)).await.unwrap());
        assert_eq!(w.files(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_uploads_of_a_killed_process_are_removed() {
    on_each_storage(async |w| {
        let bytes = long();
        let mut upload = w.objects.begin(bytes.len() as u64, digest(&bytes)).await.unwrap();
        for piece in bytes.chunks(1 << 20).take(11) {
            upload.write(piece).await.unwrap();
        }
        // A killed process does not abort its uploads.
        std::mem::forget(upload);
        let (soon, later) = (w.again(TimeDelta::minutes(59)), w.again(TimeDelta::minutes(61)));
        assert_eq!(soon.sweep().await.unwrap(), 0, "it may still be in progress");
        let left = later.sweep().await.unwrap();
        if w.folder.is_some() {
            assert_eq!((left, w.files()), (1, Vec::new()));
        }
        assert!(!later.has(&digest(&bytes)).await.unwrap());
        put(&later, &bytes).await.unwrap();
        assert_eq!(get(&later, &bytes).await.unwrap(), bytes);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_digest_or_length_is_refused_and_leaves_nothing() {
    on_each_storage(async |w| {
        let mut wrong = w.objects.begin(3, digest(b"abd")).await.unwrap();
        wrong.write(b"abc").await.unwrap();
        assert!(matches!(wrong.finish().await, Err(Error::WrongDigest)));
        let mut long = w.objects.begin(3, digest(b"abc")).await.unwrap();
        long.write(b"abc").await.unwrap();
        assert!(matches!(long.write(b"d").await, Err(Error::TooLong(3))));
        assert!(matches!(long.finish().await, Err(Error::TooLong(3))));
        let mut short = w.objects.begin(3, digest(b"abc")).await.unwrap();
        short.write(b"ab").await.unwrap();
        let short = short.finish().await;
        assert!(
            matches!(
                short,
                Err(Error::TooShort {
                    declared: 3,
                    received: 2
                })
            ),
            "{short:?}"
        );
        w.settle().await;
        assert!(!w.objects.has(&digest(b"abc")).await.unwrap());
        assert!(!w.objects.has(&digest(b"abd")).await.unwrap());
        assert_eq!(w.files(), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_takes_too_long_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let config = config::Objects {
        url: format!("file:{}", dir.path().display()),
        ..config::Objects::default()
    };
    let minutes = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(0));
    let hand = minutes.clone();
    let clock = Clock::from_fn(move || {
        Clock::system().now() + TimeDelta::minutes(hand.load(std::sync::atomic::Ordering::SeqCst))
    });
    let objects = Objects::open(&config, clock, Ids::random(), Tasks::default()).unwrap();
    let mut upload = objects.begin(2, digest(b"ab")).await.unwrap();
    upload.write(b"a").await.unwrap();
    minutes.store(31, std::sync::atomic::Ordering::SeqCst);
    assert!(matches!(upload.write(b"b").await, Err(Error::TooSlow)));
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_beyond_the_limit_are_shed_until_one_ends() {
    let dir = tempfile::tempdir().unwrap();
    let config = config::Objects {
        url: format!("file:{}", dir.path().display()),
        ..config::Objects::default()
    };
    let w = World::open(config, Some(dir.path().to_owned()));
    let mut begun = Vec::new();
    for _ in 0..32 {
        begun.push(w.objects.begin(1, digest(b"a")).await.unwrap());
    }
    let busy = w.objects.begin(1, digest(b"a")).await.unwrap_err();
    assert!(matches!(busy, Error::Busy) && busy.retryable());
    begun.pop();
    put(&w.objects, b"a").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_a_damaged_or_lost_object_fails() {
    let dir = tempfile::tempdir().unwrap();
    let config = config::Objects {
        url: format!("file:{}", dir.path().display()),
        ..config::Objects::default()
    };
    let w = World::open(config, Some(dir.path().to_owned()));
    put(&w.objects, b"abc").await.unwrap();
    let file = dir.path().join(w.files().first().unwrap());
    std::fs::write(&file, b"abd").unwrap();
    assert!(matches!(get(&w.objects, b"abc").await, Err(Error::Damaged(_))));
    std::fs::remove_file(&file).unwrap();
    let lost = get(&w.objects, b"abc").await.unwrap_err();
    assert!(!lost.retryable(), "{lost}");
}

#[test]
fn a_storage_that_cannot_be_used_is_an_error_with_its_url() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    for url in [format!("file:{}", file.display()), "ftp://x".to_owned()] {
        let config = config::Objects {
            url: url.clone(),
            ..config::Objects::default()
        };
        let opened = Objects::open(&config, Clock::system(), Ids::random(), Tasks::default());
        assert!(opened.unwrap_err().to_string().contains(&url));
    }
}

/// The test below runs this one in a separate process with a limited file size.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_folder_is_reported_as_full() {
    if std::env::var_os("PRIMA_TEST_LIMITED").is_none() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let config = config::Objects {
        url: format!("file:{}", dir.path().display()),
        ..config::Objects::default()
    };
    let w = World::open(config, Some(dir.path().to_owned()));
    let failure = Failure::from(put(&w.objects, &long()).await.unwrap_err());
    assert_eq!(
        (failure.kind, failure.reason),
        (Kind::Unavailable, "STORAGE_FULL"),
        "{failure}"
    );
    put(&w.objects, b"abc").await.unwrap();
}

#[test]
fn a_full_folder_refuses_a_long_file_for_now() {
    // 512 KiB. The signal for exceeding the limit would end the process, so it is ignored.
    let script =
        "trap '' XFSZ; ulimit -f 1024; exec \"$0\" --exact objects::a_full_folder_is_reported_as_full";
    let output = std::process::Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .env("PRIMA_TEST_LIMITED", "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
