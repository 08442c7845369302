//! `prima verify`: checks what was published without a server: a sealed table or a receipt, and a copy of the log.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use prima_platform::tlog::{
    canonical::{self, Object, integer},
    checkpoint::Checkpoint,
    encode,
    note::{Kind, Note, VerifierKey},
    receipt::Receipt,
    sealed::{self, Fault},
    tile,
    tree::Tree,
    witness,
};
use prima_ranking::domain::publication::{FORMAT, noted_audit_heads};

use crate::{
    cli::VerifyArgs,
    client::{
        PARTIAL, print,
        publish::{keys_of, refused, remember, seen},
    },
};

/// What was found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Everything fits, and a key that the reader named signed it.
    Valid,
    /// Everything fits, by a key that was found beside the file: whoever made the file can have made the key.
    Intact,
}

/// Checks a file, a copy of the log, or both. The exit status is 0 when everything fits and is signed by a key that was given, and
/// [`PARTIAL`] when the key was found beside it.
pub fn run(args: &VerifyArgs) -> anyhow::Result<ExitCode> {
    let mut lines = Vec::new();
    let verdict = verdict(args, &mut lines);
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    print::out(&text)?;
    match verdict? {
        Verdict::Valid => {
            print::out("SAH\n")?;
            Ok(ExitCode::SUCCESS)
        }
        Verdict::Intact => {
            print::note(
                "Isinya utuh, tetapi penanda tangannya belum dikenal: kuncinya ditemukan bersama berkasnya, dan siapa pun dapat membuat \
                 keduanya. Bandingkan dengan kunci yang diumumkan, lalu beri dengan --key atau --keys.",
            );
            print::out("UTUH\n")?;
            Ok(ExitCode::from(PARTIAL))
        }
    }
}

fn verdict(args: &VerifyArgs, lines: &mut Vec<String>) -> anyhow::Result<Verdict> {
    let (keys, verdict) = keys(args)?;
    check(args, &keys, lines)?;
    Ok(verdict)
}

fn check(args: &VerifyArgs, keys: &[VerifierKey], lines: &mut Vec<String>) -> anyhow::Result<()> {
    let log = args
        .log
        .as_deref()
        .map(|folder| Log::read(folder, keys))
        .transpose()?;
    let file = match &args.file {
        Some(file) => Some(of_file(file, args.row.as_deref(), (keys, log.as_ref()), lines)?),
        None => None,
    };
    let Some(log) = log else {
        return Ok(());
    };
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
    let heads = noted_audit_heads(&log.entries).into_values();
    let known: Vec<String> = heads
        .map(|head| format!(" --known {}={}:{}", head.service, head.position, head.hash))
        .collect();
    if !known.is_empty() {
        lines.push(format!(
            "Catatan audit yang tercatat di log; periksa pada layanannya: prima audit verify{}",
            known.concat()
        ));
    }
    if let Some(seen) = &args.seen {
        lines.push(log.continues_seen(seen)?);
    }
    if let Some((head, number)) = file {
        // The file proves that its entry is in the log of its own head. When that log is the beginning of this one, so is the entry.
        log.continues(Some(&head)).map_err(contradicted)?;
        lines.push("Log ini memuat publikasi tersebut".to_owned());
        let corrections = log.corrections_of(number);
        if let Some(newest) = corrections.last() {
            let all: Vec<String> = corrections.iter().map(ToString::to_string).collect();
            lines.push(format!(
                "Perhatian: publikasi {number} dikoreksi oleh publikasi {}; yang berlaku publikasi {newest}",
                all.join(", ")
            ));
        }
    }
    Ok(())
}

/// The keys, and what they can prove: a file with keys that lies beside the file that they verify proves nothing about who signed it,
/// named or not.
fn keys(args: &VerifyArgs) -> anyhow::Result<(Vec<VerifierKey>, Verdict)> {
    let parse = |text: &String| {
        VerifierKey::parse(text).with_context(|| format!("`{text}` bukan kunci NAMA+ID+KUNCI"))
    };
    let mut keys: Vec<VerifierKey> = args.key.iter().map(parse).collect::<anyhow::Result<_>>()?;
    if !keys.is_empty() && args.keys.is_none() {
        return Ok((keys, Verdict::Valid));
    }
    let beside = nearby(args);
    let path = args.keys.clone().or_else(|| beside.clone());
    let path = path.context("kunci publik log tidak ditemukan; beri dengan --key atau --keys")?;
    keys.extend(keys_of(&path)?);
    let whole = |path: &PathBuf| path.canonicalize().ok();
    let is_beside = beside.is_some_and(|beside| whole(&beside) == whole(&path));
    Ok((
        keys,
        if is_beside {
            Verdict::Intact
        } else {
            Verdict::Valid
        },
    ))
}

/// The file `keys` of the folder of the log or around the file.
fn nearby(args: &VerifyArgs) -> Option<PathBuf> {
    let around = args.file.iter().flat_map(|file| file.ancestors().skip(1).take(3));
    let folders = args.log.iter().map(PathBuf::as_path).chain(around);
    folders
        .map(|folder| folder.join("keys"))
        .find(|path| path.is_file())
}

/// Checks a sealed table or a receipt; returns the head of the log in it and the number of the publication. Its head may be signed by
/// none of the keys when a copy of the log is given that continues it: so files outlive a key that has leaked.
fn of_file(
    file: &Path,
    subject: Option<&str>,
    (keys, log): (&[VerifierKey], Option<&Log>),
    lines: &mut Vec<String>,
) -> anyhow::Result<(Checkpoint, i64)> {
    let by_log = Cell::new(false);
    let trusted = |note: &Note| {
        sealed::signed_by(note, keys).or_else(|| {
            let head = Checkpoint::parse(&note.text)?;
            log?.continues(Some(&head)).ok()?;
            by_log.set(true);
            Some(head)
        })
    };
    let bytes = fs::read(file).with_context(|| format!("berkas `{}`", file.display()))?;
    let receipt = std::str::from_utf8(&bytes).ok().and_then(Receipt::parse);
    let (checkpoint, head) = if let Some(receipt) = receipt {
        let (checkpoint, head, row) = receipt.verify_by(trusted).map_err(fault)?;
        lines.push(about(&head, &checkpoint)?);
        lines.push(shown(&row));
        (checkpoint, head)
    } else {
        let sealed = sealed::verify_by(&bytes, trusted).map_err(fault)?;
        lines.push(about(&sealed.head, &sealed.checkpoint)?);
        lines.push(format!(
            "{} baris, semuanya seperti yang ditetapkan",
            sealed.rows.len()
        ));
        if let Some(subject) = subject {
            let mut rows = sealed.rows.iter().filter_map(|row| canonical::read(row));
            let row = rows.find(|row| canonical::text(row, "subject") == subject);
            let row = row.with_context(|| format!("{subject} tidak ada dalam tabel ini"))?;
            lines.push(shown(&row));
        }
        (sealed.checkpoint, sealed.head)
    };
    if by_log.get() {
        lines.push(
            "Kepala log dalam berkas ini tidak ditandatangani dengan kunci yang diberikan; salinan log yang membuktikannya"
                .to_owned(),
        );
    }
    Ok((checkpoint, integer(&head, "number")))
}

/// A text for people, which can neither move the cursor nor break a line.
fn text(object: &Object, key: &str) -> String {
    print::clean(canonical::text(object, key))
}

/// What was published, by which decree, and where it is in the log.
///
/// # Errors
///
/// It is of a form that this release does not know, so what it says may mean something else.
fn about(head: &Object, log: &Checkpoint) -> anyhow::Result<String> {
    let format = canonical::text(head, "format");
    if format != FORMAT {
        bail!(
            "bentuk publikasi `{}` tidak dikenal; periksa dengan prima yang lebih baru",
            print::clean(format)
        );
    }
    let none = Object::new();
    let within = |key: &str| head.get(key).and_then(|value| value.as_object());
    let decree = within("decree").unwrap_or(&none);
    let mut about = format!(
        "Publikasi {}: {}, {}\nKeputusan {} tanggal {} oleh {} ({})\nTercatat di log {} dengan {} entri",
        integer(head, "number"),
        text(head, "title"),
        text(head, "table"),
        text(decree, "number"),
        text(decree, "date"),
        text(decree, "signatory"),
        text(decree, "signatory_position"),
        print::clean(&log.origin),
        log.size
    );
    if let Some(corrects) = within("corrects") {
        about += &format!(
            "\nKoreksi atas publikasi {}: {}",
            integer(corrects, "number"),
            text(corrects, "reason")
        );
    }
    Ok(about)
}

fn shown(row: &Object) -> String {
    let rank = match integer(row, "rank") {
        0 => "tanpa peringkat".to_owned(),
        rank => format!("peringkat {rank}"),
    };
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
            let subject = canonical::read(&row).map(|row| text(&row, "subject"));
            let subject = subject.filter(|subject| !subject.is_empty());
            let start = || print::clean(&row.chars().take(120).collect::<String>());
            let named = subject.unwrap_or_else(start);
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

    /// The numbers of the publications that correct this one, or one that corrects it; the last one stands.
    fn corrections_of(&self, number: i64) -> Vec<i64> {
        let mut chain = vec![number];
        for entry in &self.entries {
            let head = std::str::from_utf8(entry).ok().and_then(canonical::read);
            let corrects = |head: &Object| head.get("corrects")?.get("number")?.as_i64();
            let Some(head) = head.filter(|head| corrects(head).is_some_and(|of| chain.contains(&of))) else {
                continue;
            };
            chain.push(integer(&head, "number"));
        }
        chain.split_off(1)
    }
}

#[cfg(test)]
mod tests;
