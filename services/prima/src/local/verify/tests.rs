//! What is forged, forked, shortened or signed by a stranger is told.

use prima_platform::{
    tlog::{checkpoint::signer_key, sealed::Proof},
    token::Signer,
};
use serde_json::{Value, json};

use super::*;

const ORIGIN: &str = "contoh.go.id/log";

fn line(value: &Value) -> String {
    canonical::write(value.as_object().unwrap()).unwrap()
}

/// A folder with a log of `count` publications, of which each after the first corrects the one before, and the sealed file of the
/// first one.
fn offer(folder: &Path, signer: &Signer, name: &str, count: u64) {
    let rows = vec![line(
        &json!({"subject": "agencies/3271", "rank": 1, "score": "90"}),
    )];
    let head = |number: u64| {
        let root = encode(&sealed::rows_tree(&rows).root());
        let corrects = json!({"number": number - 1, "reason": "uji"});
        line(&json!({
            "format": FORMAT, "number": number, "title": name, "rows": 1, "rows_root": root, "corrects": corrects,
        }))
    };
    let heads: Vec<String> = (1..=count).map(head).collect();
    let entries: Vec<Vec<u8>> = heads.iter().map(|head| head.clone().into_bytes()).collect();
    let sign = |entries: &[Vec<u8>]| {
        let head = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: entries.len() as u64,
            root: Tree::of(entries.to_vec()).root(),
        };
        head.sign(signer).unwrap().to_string()
    };
    for file in tile::files(&entries).unwrap() {
        let path = folder.join(file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.bytes).unwrap();
    }
    fs::write(folder.join("checkpoint"), sign(&entries)).unwrap();
    let key = signer_key(signer, ORIGIN, Kind::Note).unwrap();
    fs::write(folder.join("keys"), format!("# contoh\n{key}\n")).unwrap();
    let proof = Proof {
        checkpoint: sign(&entries[..1]),
        index: 0,
        inclusion: Vec::new(),
    };
    fs::write(
        folder.join("tabel.jsonl"),
        sealed::write(&heads[0], &rows, &proof),
    )
    .unwrap();
}

fn args(folder: &Path) -> VerifyArgs {
    VerifyArgs {
        file: Some(folder.join("tabel.jsonl")),
        key: Vec::new(),
        keys: None,
        log: Some(folder.to_owned()),
        seen: None,
        row: Some("agencies/3271".to_owned()),
    }
}

fn verified(folder: &Path, seen: Option<&Path>) -> Result<Vec<String>, String> {
    let args = VerifyArgs {
        seen: seen.map(Path::to_owned),
        ..args(folder)
    };
    let mut lines = Vec::new();
    let verdict = verdict(&args, &mut lines).map_err(|error| error.to_string())?;
    assert_eq!(verdict, Verdict::Intact);
    Ok(lines)
}

#[test]
fn a_key_beside_the_file_proves_nothing_about_who_signed_it() {
    let signer = Signer::generate().unwrap();
    let [folder, elsewhere] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    offer(folder.path(), &signer, "Tabel", 1);
    let beside = folder.path().join("keys");
    let announced = elsewhere.path().join("diumumkan");
    fs::copy(&beside, &announced).unwrap();
    let key = signer_key(&signer, ORIGIN, Kind::Note).unwrap().to_string();
    let found = |key: Option<&String>, keys: Option<&Path>| {
        let args = VerifyArgs {
            key: key.into_iter().cloned().collect(),
            keys: keys.map(Path::to_owned),
            ..args(folder.path())
        };
        verdict(&args, &mut Vec::new()).unwrap()
    };
    assert_eq!(found(None, None), Verdict::Intact);
    assert_eq!(
        found(None, Some(&beside)),
        Verdict::Intact,
        "named, and still beside it"
    );
    assert_eq!(found(Some(&key), Some(&beside)), Verdict::Intact);
    assert_eq!(found(Some(&key), None), Verdict::Valid);
    assert_eq!(found(None, Some(&announced)), Verdict::Valid);
}

/// The key of the first head has leaked, and the log goes on under another one.
#[test]
fn a_copy_of_the_log_proves_what_a_leaked_key_signed() {
    let [leaked, fresh] = [(); 2].map(|()| Signer::generate().unwrap());
    let folder = tempfile::tempdir().unwrap();
    offer(folder.path(), &fresh, "Tabel", 2);
    let path = folder.path().join("tabel.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let [head, row, proof] = text.lines().collect::<Vec<_>>()[..] else {
        panic!("{text}")
    };
    let resealed = |head: &str| {
        let checkpoint = Checkpoint {
            origin: ORIGIN.to_owned(),
            size: 1,
            root: Tree::of([head.as_bytes().to_vec()]).root(),
        };
        let proof = Proof {
            checkpoint: checkpoint.sign(&leaked).unwrap().to_string(),
            index: 0,
            inclusion: Vec::new(),
        };
        fs::write(&path, sealed::write(head, &[row.to_owned()], &proof)).unwrap();
        verified(folder.path(), None)
    };
    let lines = resealed(head).unwrap().join("\n");
    assert!(lines.contains("salinan log yang membuktikannya"), "{lines}");
    // What the thief signs is not in the log.
    let fault = resealed(&head.replace("Tabel", "Palsu")).unwrap_err();
    assert!(fault.contains("tidak ditandatangani"), "{fault}");
    assert_ne!(proof, "");
}

#[test]
fn what_is_shown_moves_no_cursor_and_is_of_a_known_form() {
    let signer = Signer::generate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    offer(folder.path(), &signer, "Ta\u{1b}[2Jbel\nSAH\u{202e}", 1);
    let lines = verified(folder.path(), None).unwrap();
    assert!(lines[0].starts_with("Publikasi 1: Ta [2Jbel SAH, "), "{lines:?}");
    let head = json!({"format": "prima.go.id/published-table/2"});
    let log = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 1,
        root: [0; 32],
    };
    let fault = about(head.as_object().unwrap(), &log).unwrap_err().to_string();
    assert!(fault.contains("published-table/2` tidak dikenal"), "{fault}");
}

#[test]
fn a_log_that_was_forked_or_has_become_shorter_is_refused() {
    let signer = Signer::generate().unwrap();
    let [honest, forked, short, other] = [(); 4].map(|()| tempfile::tempdir().unwrap());
    offer(honest.path(), &signer, "Tabel", 2);
    offer(forked.path(), &signer, "Tabel lain", 3);
    offer(short.path(), &signer, "Tabel", 1);
    let seen = other.path().join("seen");
    let lines = verified(honest.path(), Some(&seen)).unwrap().join("\n");
    assert!(lines.contains("dikoreksi oleh publikasi 2"), "{lines}");
    assert!(lines.contains("peringkat 1, nilai 90"), "{lines}");
    let kept = fs::read(&seen).unwrap();
    let fault = verified(forked.path(), Some(&seen)).unwrap_err();
    assert!(fault.contains("BERCABANG"), "{fault}");
    let fault = verified(short.path(), Some(&seen)).unwrap_err();
    assert!(fault.contains("MEMENDEK dari 2 menjadi 1"), "{fault}");
    assert_eq!(fs::read(&seen).unwrap(), kept, "what was seen is evidence");
    // A file of one branch is not in the other.
    fs::copy(
        honest.path().join("tabel.jsonl"),
        forked.path().join("tabel.jsonl"),
    )
    .unwrap();
    let fault = verified(forked.path(), None).unwrap_err();
    assert!(fault.contains("BERCABANG: 1 entri"), "{fault}");
    offer(honest.path(), &signer, "Tabel", 3);
    let lines = verified(honest.path(), Some(&seen)).unwrap().join("\n");
    assert!(
        lines.contains("dikoreksi oleh publikasi 2, 3; yang berlaku publikasi 3"),
        "{lines}"
    );
}

/// The log contains the entry, but after it others than the file proves: both are signed, so the log was forked.
#[test]
fn a_file_of_another_branch_or_log_is_refused() {
    let signer = Signer::generate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    offer(folder.path(), &signer, "Tabel", 3);
    let path = folder.path().join("tabel.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let file = |origin: &str, others: &[&str]| {
        let mut entries = vec![lines[0].as_bytes().to_vec()];
        entries.extend(others.iter().map(|other| other.as_bytes().to_vec()));
        let tree = Tree::of(entries);
        let head = Checkpoint {
            origin: origin.to_owned(),
            size: tree.size(),
            root: tree.root(),
        };
        let proof = Proof {
            checkpoint: head.sign(&signer).unwrap().to_string(),
            index: 0,
            inclusion: tree.inclusion(0).unwrap(),
        };
        fs::write(&path, sealed::write(lines[0], &[lines[1].to_owned()], &proof)).unwrap();
        verified(folder.path(), None)
    };
    file(ORIGIN, &[]).unwrap();
    for others in [&["lain"][..], &["lain", "lagi"]] {
        let fault = file(ORIGIN, others).unwrap_err();
        let own = format!("BERCABANG: {} entri", others.len() + 1);
        assert!(fault.contains(&own), "{fault}");
    }
    let fault = file(ORIGIN, &["b", "c", "d"]).unwrap_err();
    assert!(fault.contains("log dengan 4 entri"), "{fault}");
    let other = "lain.go.id/log";
    let key = signer_key(&signer, other, Kind::Note).unwrap();
    let keys = fs::read_to_string(folder.path().join("keys")).unwrap();
    fs::write(folder.path().join("keys"), format!("{keys}{key}\n")).unwrap();
    let fault = file(other, &[]).unwrap_err();
    assert!(fault.contains("log lain"), "{fault}");
}

#[test]
fn a_changed_row_is_named_and_a_changed_tile_too() {
    let signer = Signer::generate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    offer(folder.path(), &signer, "Tabel", 2);
    let path = folder.path().join("tabel.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"score\":\"90\"", "\"score\":\"99\"")).unwrap();
    let fault = verified(folder.path(), None).unwrap_err();
    assert!(fault.contains("ke-1 (agencies/3271)"), "{fault}");
    fs::write(&path, text).unwrap();
    let tile = folder.path().join("tile/0/000.p/2");
    let mut bytes = fs::read(&tile).unwrap();
    bytes[3] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let fault = verified(folder.path(), None).unwrap_err();
    assert!(fault.contains("tile/0/000.p/2"), "{fault}");
}
