//! `prima verify`: checks what was published without a server: a sealed table or a receipt, and a copy of the log.

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use prima_platform::tlog::{
    canonical,
    checkpoint::Checkpoint,
    encode,
    note::{Kind, Note, VerifierKey},
    receipt::Receipt,
    sealed::{self, Fault},
    tile,
    tree::Tree,
    witness,
};
use serde_json::{Map, Value};

use crate::{
    cli::VerifyArgs,
    client::{
        print,
        publish::{keys_of, refused, remember, seen},
    },
};

type Object = Map<String, Value>;

/// Checks a file, a copy of the log, or both. The exit status is 0 only when everything fits.
pub fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let (keys, trusted) = keys(args)?;
    let mut lines = Vec::new();
    let checked = check(args, &keys, &mut lines);
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    print::out(&text)?;
    checked?;
    if !trusted {
        print::note(
            "Kunci diambil dari berkas di sebelahnya, sehingga yang terbukti hanya keutuhannya. Bandingkan kuncinya dengan yang \
             diumumkan, lalu beri dengan --key.",
        );
    }
    print::out("SAH\n")?;
    Ok(ExitCode::SUCCESS)
}

fn check(args: &VerifyArgs, keys: &[VerifierKey], lines: &mut Vec<String>) -> anyhow::Result<()> {
    let file = match &args.file {
        Some(file) => Some(of_file(file, args.row.as_deref(), keys, lines)?),
        None => None,
    };
    let Some(folder) = &args.log else {
        return Ok(());
    };
    let log = Log::read(folder, keys)?;
    lines.push(format!(
        "Log {}: {} entri, akar {}",
        log.head.origin,
        log.head.size,
        encode(&log.head.root)
    ));
    for (name, time) in &log.witnesses {
        let at = chrono::DateTime::from_timestamp(i64::try_from(*time).unwrap_or_default(), 0);
        let at = at.map_or_else(String::new, |at| at.to_rfc3339());
        lines.push(format!("Saksi {name} melihatnya pada {at}"));
    }
    if let Some(seen) = &args.seen {
        lines.push(log.continues_seen(seen)?);
    }
    if let Some((head, number)) = file {
        // The file proves that its entry is in the log of its own head. When that log is the beginning of this one, so is the entry.
        log.continues(Some(&head)).map_err(contradicted)?;
        lines.push("Log ini memuat publikasi tersebut".to_owned());
        if let Some(correction) = log.correction_of(number) {
            lines.push(format!(
                "Perhatian: publikasi {number} dikoreksi oleh publikasi {correction}"
            ));
        }
    }
    Ok(())
}

/// The keys, and whether they come from somewhere else than the file that they verify.
fn keys(args: &VerifyArgs) -> anyhow::Result<(Vec<VerifierKey>, bool)> {
    let parse = |text: &String| {
        VerifierKey::parse(text).with_context(|| format!("`{text}` bukan kunci NAMA+ID+KUNCI"))
    };
    let mut keys: Vec<VerifierKey> = args.key.iter().map(parse).collect::<anyhow::Result<_>>()?;
    if !keys.is_empty() && args.keys.is_none() {
        return Ok((keys, true));
    }
    let (path, trusted) = match (&args.keys, nearby(args)) {
        (Some(path), _) => (path.clone(), true),
        (None, Some(path)) => (path, false),
        (None, None) => bail!("kunci publik log tidak ditemukan; beri dengan --key atau --keys"),
    };
    keys.extend(keys_of(&path)?);
    Ok((keys, trusted))
}

/// The file `keys` of the folder of the log or around the file.
fn nearby(args: &VerifyArgs) -> Option<PathBuf> {
    let around = args.file.iter().flat_map(|file| file.ancestors().skip(1).take(3));
    let folders = args.log.iter().map(PathBuf::as_path).chain(around);
    folders
        .map(|folder| folder.join("keys"))
        .find(|path| path.is_file())
}

/// Checks a sealed table or a receipt; returns the head of the log in it and the number of the publication.
fn of_file(
    file: &Path,
    subject: Option<&str>,
    keys: &[VerifierKey],
    lines: &mut Vec<String>,
) -> anyhow::Result<(Checkpoint, i64)> {
    let bytes = fs::read(file).with_context(|| format!("berkas `{}`", file.display()))?;
    let text = std::str::from_utf8(&bytes).ok();
    if let Some(receipt) = text.and_then(Receipt::parse) {
        let (log, head, row) = receipt.verify(keys).map_err(fault)?;
        lines.push(about(&head, &log));
        lines.push(shown(&row));
        return Ok((log, number(&head)));
    }
    let sealed = sealed::verify(&bytes, keys).map_err(fault)?;
    lines.push(about(&sealed.head, &sealed.checkpoint));
    lines.push(format!(
        "{} baris, semuanya seperti yang ditetapkan",
        sealed.rows.len()
    ));
    if let Some(subject) = subject {
        let rows = sealed.rows.iter().filter_map(|row| canonical::read(row));
        let own = |row: &Object| row.get("subject").and_then(Value::as_str) == Some(subject);
        let row = rows.into_iter().find(own);
        let row = row.with_context(|| format!("{subject} tidak ada dalam tabel ini"))?;
        lines.push(shown(&row));
    }
    Ok((sealed.checkpoint, number(&sealed.head)))
}

fn number(head: &Object) -> i64 {
    head.get("number").and_then(Value::as_i64).unwrap_or_default()
}

fn text<'a>(object: &'a Object, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What was published, by which decree, and where it is in the log.
fn about(head: &Object, log: &Checkpoint) -> String {
    let none = Object::new();
    let decree = head.get("decree").and_then(Value::as_object).unwrap_or(&none);
    let mut about = format!(
        "Publikasi {}: {}, {}\nKeputusan {} tanggal {} oleh {} ({})\nTercatat di log {} dengan {} entri",
        number(head),
        text(head, "title"),
        text(head, "table"),
        text(decree, "number"),
        text(decree, "date"),
        text(decree, "signatory"),
        text(decree, "signatory_position"),
        log.origin,
        log.size
    );
    if let Some(corrects) = head.get("corrects").and_then(Value::as_object) {
        about += &format!(
            "\nKoreksi atas publikasi {}: {}",
            corrects.get("number").and_then(Value::as_i64).unwrap_or_default(),
            text(corrects, "reason")
        );
    }
    about
}

fn shown(row: &Object) -> String {
    let rank = row.get("rank").and_then(Value::as_i64);
    let rank = rank.map_or_else(
        || "tanpa peringkat".to_owned(),
        |rank| format!("peringkat {rank}"),
    );
    format!(
        "{} ({}): {rank}, nilai {}",
        text(row, "display_name"),
        text(row, "subject"),
        text(row, "score")
    )
}

/// What does not fit, for people.
fn fault(fault: Fault) -> anyhow::Error {
    anyhow::anyhow!(match fault {
        Fault::Form(_) => "TIDAK SAH: bukan berkas publikasi, atau berkasnya terpotong".to_owned(),
        Fault::Head =>
            "TIDAK SAH: kepala publikasi (baris 1) tidak sama dengan yang tercatat di log".to_owned(),
        Fault::Row(n, row) => {
            let subject = canonical::read(&row).map(|row| text(&row, "subject").to_owned());
            let subject = subject.filter(|subject| !subject.is_empty());
            let named = subject.unwrap_or_else(|| row.chars().take(120).collect());
            format!("TIDAK SAH: baris tabel ke-{n} ({named}) tidak sama dengan yang ditetapkan")
        }
        Fault::Rows { sealed, found } =>
            format!("TIDAK SAH: ada {found} baris, padahal yang ditetapkan {sealed}"),
        Fault::Root => "TIDAK SAH: urutan atau isi baris tidak sama dengan yang ditetapkan".to_owned(),
        Fault::Proof(_) => "TIDAK SAH: baris bukti (baris terakhir) rusak".to_owned(),
        Fault::Signature =>
            "TIDAK SAH: kepala log tidak ditandatangani dengan kunci yang diberikan".to_owned(),
    })
}

/// Why a copy of the log is not the one of the head in a file, for people.
fn contradicted(fault: witness::Fault) -> anyhow::Error {
    anyhow::anyhow!(match fault {
        witness::Fault::OtherLog => "TIDAK SAH: berkas ini tercatat di log lain".to_owned(),
        witness::Fault::Shortened { old, new } => format!(
            "TIDAK SAH: berkas ini tercatat di log dengan {old} entri, sedangkan salinan ini hanya {new} entri; lognya MEMENDEK, \
             atau salinannya lebih lama daripada berkas"
        ),
        witness::Fault::Forked(size) => format!(
            "TIDAK SAH: log BERCABANG: {size} entri pertamanya bukan yang dibuktikan berkas ini; simpan berkas dan kepala log \
             sebagai bukti"
        ),
    })
}

/// A copy of the log.
struct Log {
    note: Note,
    head: Checkpoint,
    entries: Vec<Vec<u8>>,
    /// Names of witnesses, with the time at which each saw it, in seconds since 1970.
    witnesses: Vec<(String, u64)>,
}

impl Log {
    fn read(folder: &Path, keys: &[VerifierKey]) -> anyhow::Result<Self> {
        let path = folder.join("checkpoint");
        let text = fs::read_to_string(&path).with_context(|| format!("berkas `{}`", path.display()))?;
        let note = Note::parse(&text).context("checkpoint: bukan signed note")?;
        let head = Checkpoint::verified(&note, keys)
            .context("checkpoint tidak ditandatangani dengan kunci yang diberikan")?;
        let mut entries = Vec::new();
        for (path, width) in tile::bundles(head.size) {
            let path = folder.join(path);
            let bytes = fs::read(&path).with_context(|| format!("berkas `{}`", path.display()))?;
            let bundle =
                tile::entries(&bytes, width).with_context(|| format!("berkas `{}` rusak", path.display()))?;
            entries.extend(bundle);
        }
        if Tree::of(entries.iter().cloned()).root() != head.root {
            bail!("TIDAK SAH: isi log bukan yang ditandatangani");
        }
        for file in tile::files(&entries).context("entri log terlalu panjang")? {
            let path = folder.join(&file.path);
            let found = fs::read(&path).with_context(|| format!("berkas `{}`", path.display()))?;
            if found != file.bytes {
                bail!("TIDAK SAH: berkas `{}` bukan bagian dari log ini", path.display());
            }
        }
        let cosigners = keys.iter().filter(|key| key.kind == Kind::Cosignature);
        let witnesses = cosigners
            .filter_map(|key| Some((key.name.clone(), note.verify(key)?)))
            .collect();
        Ok(Self {
            note,
            head,
            entries,
            witnesses,
        })
    }

    /// Succeeds when the log continues a head, which is signed or was seen before.
    fn continues(&self, head: Option<&Checkpoint>) -> Result<(), witness::Fault> {
        let proof = head.and_then(|head| Tree::of(self.entries.iter().cloned()).consistency(head.size));
        witness::check(head, &self.head, &proof.unwrap_or_default())
    }

    /// Succeeds when the log continues the head in a file, which is then replaced by this one; returns what was found.
    fn continues_seen(&self, path: &Path) -> anyhow::Result<String> {
        let seen = seen(path)?;
        self.continues(seen.as_ref()).map_err(refused)?;
        remember(path, &self.note.to_string())?;
        Ok(match seen {
            Some(seen) => format!(
                "Log melanjutkan kepala yang terakhir dilihat, dengan {} entri",
                seen.size
            ),
            None => format!("Kepala log disimpan di {}", path.display()),
        })
    }

    /// The number of the publication that corrects this one.
    fn correction_of(&self, number: i64) -> Option<i64> {
        let heads = self
            .entries
            .iter()
            .filter_map(|entry| canonical::read(std::str::from_utf8(entry).ok()?));
        let corrects = |head: &Object| head.get("corrects")?.get("number")?.as_i64();
        let mut corrections = heads.filter(|head| corrects(head) == Some(number));
        corrections.next().map(|head| self::number(&head))
    }
}

#[cfg(test)]
mod tests {
    use prima_platform::{
        tlog::{checkpoint::signer_key, sealed::Proof},
        token::Signer,
    };
    use serde_json::json;

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
            line(
                &json!({"number": number, "title": name, "rows": 1, "rows_root": root, "corrects": corrects}),
            )
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

    fn verified(folder: &Path, seen: Option<&Path>) -> Result<Vec<String>, String> {
        let args = VerifyArgs {
            file: Some(folder.join("tabel.jsonl")),
            key: Vec::new(),
            keys: None,
            log: Some(folder.to_owned()),
            seen: seen.map(Path::to_owned),
            row: Some("agencies/3271".to_owned()),
        };
        let (keys, trusted) = keys(&args).unwrap();
        assert!(
            !trusted,
            "a key beside the file proves nothing about who signed it"
        );
        let mut lines = Vec::new();
        let checked = check(&args, &keys, &mut lines).map_err(|error| error.to_string());
        checked.map(|()| lines)
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
        verified(honest.path(), Some(&seen)).unwrap();
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
}
