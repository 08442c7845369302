//! Notes of others are read, proofs of all sizes hold, and no changed byte of a file stays unseen.

use proptest::prelude::*;
use serde_json::json;

use super::{
    Hash, canonical,
    checkpoint::{Checkpoint, cosign, signer_key},
    note::{Kind, Note, VerifierKey},
    receipt::Receipt,
    sealed::{self, Fault, Proof},
    tile,
    tree::{self, Tree},
    witness,
};
use crate::token::Signer;

const ORIGIN: &str = "contoh.go.id/peringkat";

/// The example in the documentation of `golang.org/x/mod/sumdb/note`.
const NEUMANN: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const NOTE: &str = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

#[test]
fn the_note_of_another_program_is_verified() {
    let key = VerifierKey::parse(NEUMANN).unwrap();
    assert_eq!(key.to_string(), NEUMANN);
    let note = Note::parse(NOTE).unwrap();
    assert_eq!(note.to_string(), NOTE);
    assert_eq!(note.verify(&key), Some(0));
    let changed = NOTE.replace("your problem is", "the problem is");
    assert_eq!(Note::parse(&changed).unwrap().verify(&key), None);
    for wrong in [
        NEUMANN.replace("c74f20a3", "c74f20a4"),
        NEUMANN.replace("+AR", "+BR"),
        NEUMANN.replace("Peter", "Peter "),
    ] {
        assert_eq!(VerifierKey::parse(&wrong), None, "{wrong}");
    }
    let twice = format!("{NOTE}{}\n", NOTE.lines().last().unwrap());
    assert_eq!(Note::parse(&twice).unwrap().verify(&key), None);
}

/// The roots of the reference trees of Certificate Transparency (`merkle/testonly/reference.go`).
#[test]
fn the_roots_are_those_of_the_reference() {
    let leaves: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];
    let hex = |hash: Hash| crate::jws::hex(&hash);
    let root = |n: usize| hex(Tree::of(leaves.iter().take(n).map(|leaf| leaf.to_vec())).root());
    assert_eq!(
        root(0),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        root(1),
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    );
    assert_eq!(
        root(2),
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"
    );
    assert_eq!(
        root(8),
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    );
}

fn entries(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|n| format!("{{\"n\":{n}}}").into_bytes())
        .collect()
}

#[test]
fn every_leaf_is_proved_and_every_tree_continues_its_beginnings() {
    for size in 1..40_usize {
        let leaves = entries(size);
        let tree = Tree::of(leaves.clone());
        let head = (size as u64, &tree.root());
        for (n, leaf) in (0..).zip(&leaves) {
            let proof = tree.inclusion(n).unwrap();
            assert!(tree::is_included(leaf, n, head, &proof));
            assert!(!tree::is_included(b"other", n, head, &proof));
            assert!(!tree::is_included(leaf, n + 1, head, &proof));
        }
        assert_eq!(tree.inclusion(size as u64), None);
        for (n, end) in (0..).zip(1..=size) {
            let proof = Tree::of(entries(end)).inclusion(n);
            assert_eq!(tree.inclusion_as_last(n), proof, "{n} of {size}");
        }
        assert_eq!(tree.inclusion_as_last(size as u64), None);
        for old in 0..=size {
            let before = Tree::of(entries(old)).root();
            let proof = tree.consistency(old as u64).unwrap();
            assert!(
                tree::continues((old as u64, &before), head, &proof),
                "{old} of {size}"
            );
            assert!(
                !tree::continues((old as u64, &[7; 32]), head, &proof),
                "{old} of {size}"
            );
        }
        assert_eq!(tree.consistency(size as u64 + 1), None);
    }
}

#[test]
fn tiles_contain_the_log_and_whole_ones_never_change() {
    let files = |count| tile::files(&entries(count)).unwrap();
    let paths: Vec<String> = files(70_000).into_iter().map(|file| file.path).collect();
    for path in [
        "tile/0/000",
        "tile/0/273.p/112",
        "tile/1/000",
        "tile/1/001.p/17",
        "tile/2/000.p/1",
        "tile/entries/273.p/112",
    ] {
        assert!(paths.iter().any(|own| own == path), "{path}");
    }
    let (before, after) = (files(300), files(600));
    for old in before.iter().filter(|file| !file.path.contains(".p/")) {
        assert!(after.contains(old), "{}", old.path);
    }
    let read: Vec<Vec<u8>> = tile::bundles(600)
        .flat_map(|(path, width)| {
            let file = after.iter().find(|file| file.path == path).unwrap();
            tile::entries(&file.bytes, width).unwrap()
        })
        .collect();
    assert_eq!(read, entries(600));
    assert_eq!(tile::files(&[vec![0; 65_536]]), None);
}

/// A log with a sealed file in its middle.
fn sealed(signer: &Signer) -> (String, Vec<VerifierKey>, Receipt) {
    let rows: Vec<String> = (1..=7)
        .map(|rank| {
            let row = json!({"subject": format!("agencies/{rank}"), "rank": rank, "score": "81.50", "name": "Kota \u{fffd} \"Ä\""});
            canonical::write(row.as_object().unwrap()).unwrap()
        })
        .collect();
    let tree = sealed::rows_tree(&rows);
    let head = json!({"rows": 7, "rows_root": super::encode(&tree.root()), "decree": "123/2024", "format": "contoh"});
    let head = canonical::write(head.as_object().unwrap()).unwrap();
    let log = Tree::of([b"a".to_vec(), head.clone().into_bytes(), b"c".to_vec()]);
    let checkpoint = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 3,
        root: log.root(),
    };
    let proof = Proof {
        checkpoint: checkpoint.sign(signer).unwrap().to_string(),
        index: 1,
        inclusion: log.inclusion(1).unwrap(),
    };
    let keys = vec![signer_key(signer, ORIGIN, Kind::Note).unwrap()];
    let receipt = Receipt {
        head: head.clone(),
        row: rows[2].clone(),
        row_index: 2,
        row_inclusion: tree.inclusion(2).unwrap(),
        proof: proof.clone(),
    };
    (sealed::write(&head, &rows, &proof), keys, receipt)
}

#[test]
fn every_changed_byte_of_a_sealed_file_is_seen_and_names_its_row() {
    let signer = Signer::generate().unwrap();
    let (text, keys, _) = sealed(&signer);
    let found = sealed::verify(text.as_bytes(), &keys).unwrap();
    assert_eq!((found.rows.len(), found.checkpoint.size), (7, 3));
    let mut line = 0;
    for at in 0..text.len() {
        let own = line;
        if text.as_bytes()[at] == b'\n' {
            line += 1;
        }
        for mask in [1_u8, 0x20, 0x80, 0xff] {
            let mut bytes = text.clone().into_bytes();
            bytes[at] ^= mask;
            let fault = sealed::verify(&bytes, &keys).expect_err("it is seen");
            match own {
                // Without the end of its line, the head contains the first row.
                0 => assert!(matches!(fault, Fault::Head | Fault::Row(1, _)), "{at}: {fault}"),
                8 => {}
                _ => assert!(
                    matches!(fault, Fault::Row(n, _) if n == own)
                        || own == 7 && matches!(fault, Fault::Proof(_)),
                    "{at} in line {own}: {fault}"
                ),
            }
        }
    }
    for cut in 0..text.len() {
        assert!(sealed::verify(&text.as_bytes()[..cut], &keys).is_err(), "{cut}");
    }
    let other = Signer::generate().unwrap();
    let others = [signer_key(&other, ORIGIN, Kind::Note).unwrap()];
    assert_eq!(sealed::verify(text.as_bytes(), &others), Err(Fault::Signature));
}

#[test]
fn rows_that_change_places_or_are_added_with_their_hashes_are_seen() {
    let signer = Signer::generate().unwrap();
    let (text, keys, receipt) = sealed(&signer);
    let lines: Vec<&str> = text.lines().collect();
    let rows: Vec<String> = lines[1..8].iter().map(|line| (*line).to_owned()).collect();
    let mut swapped = rows.clone();
    swapped.swap(0, 1);
    let made = |rows: &[String]| sealed::write(lines[0], rows, &receipt.proof);
    assert_eq!(made(&rows), text);
    assert_eq!(sealed::verify(made(&swapped).as_bytes(), &keys), Err(Fault::Root));
    let fewer = sealed::verify(made(&rows[..6]).as_bytes(), &keys);
    assert_eq!(fewer, Err(Fault::Rows { sealed: 7, found: 6 }));
}

#[test]
fn a_receipt_proves_one_row() {
    let signer = Signer::generate().unwrap();
    let (_, keys, receipt) = sealed(&signer);
    let text = receipt.write();
    assert_eq!(Receipt::parse(&text).unwrap(), receipt);
    let (head, _, row) = receipt.verify(&keys).unwrap();
    assert_eq!((head.size, row["rank"].clone()), (3, json!(3)));
    for at in 0..text.len() {
        let mut bytes = text.clone().into_bytes();
        bytes[at] ^= 1;
        let seen = String::from_utf8(bytes).ok().as_deref().and_then(Receipt::parse);
        assert!(seen.is_none_or(|seen| seen.verify(&keys).is_err()), "{at}");
    }
}

#[test]
fn a_receipt_has_one_form_only() {
    let (text, line) = {
        let (_, _, receipt) = sealed(&Signer::generate().unwrap());
        let text = receipt.write();
        (text.clone(), text.trim_end().to_owned())
    };
    assert!(Receipt::parse(&text).is_some());
    let mut more = canonical::read(&line).unwrap();
    more.insert("note".to_owned(), json!("peringkat 1"));
    for other in [line, format!("{text}\n"), canonical::write(&more).unwrap() + "\n"] {
        assert_eq!(Receipt::parse(&other), None, "{other}");
    }
}

/// The crate that has the trees doubles a size, which wraps above 2^63.
#[test]
fn a_head_of_more_entries_than_a_tree_can_have_is_refused() {
    let signer = Signer::generate().unwrap();
    let (text, keys, receipt) = sealed(&signer);
    let lines: Vec<&str> = text.lines().collect();
    let rows: Vec<String> = lines[1..8].iter().map(|line| (*line).to_owned()).collect();
    let hostile = |size: u64| {
        let head = Checkpoint {
            origin: ORIGIN.to_owned(),
            size,
            root: [1; 32],
        };
        let proof = Proof {
            checkpoint: head.sign(&signer).unwrap().to_string(),
            ..receipt.proof.clone()
        };
        let file = sealed::write(lines[0], &rows, &proof);
        sealed::verify(file.as_bytes(), &keys)
    };
    let most = u64::try_from(i64::MAX).unwrap();
    for size in [most + 1, most + 2, most + 5, u64::MAX] {
        assert_eq!(hostile(size), Err(Fault::Signature), "{size}");
    }
    assert_eq!(hostile(most), Err(Fault::Head));
    let head = |size| Checkpoint::parse(&format!("{ORIGIN}\n{size}\n{}\n", super::encode(&[1; 32])));
    let (old, new) = (head(most - 1).unwrap(), head(most).unwrap());
    assert_eq!(
        witness::check(Some(&old), &new, &[[1; 32]; 3]),
        Err(witness::Fault::Forked(most - 1))
    );
}

#[test]
fn a_witness_refuses_a_forked_and_a_shortened_log() {
    let head = |leaves: &[Vec<u8>]| Checkpoint {
        origin: ORIGIN.to_owned(),
        size: leaves.len() as u64,
        root: Tree::of(leaves.to_vec()).root(),
    };
    let (five, eight) = (entries(5), entries(8));
    let proof = Tree::of(eight.clone()).consistency(5).unwrap();
    let seen = head(&five);
    assert_eq!(witness::check(None, &seen, &[]), Ok(()));
    assert_eq!(witness::check(Some(&seen), &seen, &[]), Ok(()));
    assert_eq!(witness::check(Some(&seen), &head(&eight), &proof), Ok(()));
    let shortened = witness::Fault::Shortened { old: 5, new: 3 };
    assert_eq!(
        witness::check(Some(&seen), &head(&entries(3)), &[]),
        Err(shortened)
    );
    for count in [5, 8] {
        let mut forked = entries(count);
        forked[1] = b"another table".to_vec();
        let proof = Tree::of(forked.clone()).consistency(5).unwrap();
        assert_eq!(
            witness::check(Some(&seen), &head(&forked), &proof),
            Err(witness::Fault::Forked(5)),
            "{count}"
        );
    }
    let other = Checkpoint {
        origin: "lain".to_owned(),
        ..seen.clone()
    };
    assert_eq!(
        witness::check(Some(&seen), &other, &[]),
        Err(witness::Fault::OtherLog)
    );
}

#[test]
fn a_cosignature_contains_its_time() {
    let (log, body) = (Signer::generate().unwrap(), Signer::generate().unwrap());
    let head = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: 0,
        root: tree::empty_root(),
    };
    let mut note = head.sign(&log).unwrap();
    let signed = cosign(&note.text, "ombudsman.go.id", &body, 1_733_000_000).unwrap();
    note.signatures.push(signed);
    let note = Note::parse(&note.to_string()).unwrap();
    let key = signer_key(&body, "ombudsman.go.id", Kind::Cosignature).unwrap();
    assert_eq!(note.verify(&key), Some(1_733_000_000));
    assert_eq!(VerifierKey::parse(&key.to_string()), Some(key.clone()));
    let mut later = note.clone();
    later.signatures[1].bytes[7] ^= 1;
    assert_eq!(later.verify(&key), None);
    let own = signer_key(&log, ORIGIN, Kind::Note).unwrap();
    assert_eq!(Checkpoint::verified(&note, &[own]), Some(head));
}

#[test]
fn canonical_json_is_that_of_rfc_8785() {
    // The order of section 3.2.3, and the escapes of section 3.2.2.2.
    let object = json!({
        "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh", "1": "One",
        "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small Letter O With Diaeresis"
    });
    let text = canonical::write(object.as_object().unwrap()).unwrap();
    let keys = [
        "\\r",
        "1",
        "\u{80}",
        "\u{f6}",
        "\u{20ac}",
        "\u{1f600}",
        "\u{fb33}",
    ];
    let places = keys.iter().map(|key| text.find(&format!("\"{key}\":")).unwrap());
    assert!(places.is_sorted_by(|a, b| a < b), "{text}");
    let object = json!({"s": "\u{20ac}$\u{f}\nA'B\"\\\\\"/"});
    assert_eq!(
        canonical::write(object.as_object().unwrap()).unwrap(),
        "{\"s\":\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
    );
    for refused in [json!({"a": 1.5}), json!({"a": [9_007_199_254_740_992_i64]})] {
        assert_eq!(canonical::write(refused.as_object().unwrap()), None);
    }
    for other in [
        "{\"b\":1,\"a\":2}",
        "{\"a\": 1}",
        "{\"a\":1.0}",
        "[]",
        "{\"a\":1,\"a\":1}",
    ] {
        assert_eq!(canonical::read(other), None, "{other}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_reader_fail(text in ".{0,400}", bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _read = (Note::parse(&text), VerifierKey::parse(&text), Checkpoint::parse(&text), Receipt::parse(&text));
        let _verified = sealed::verify(&bytes, &[]);
        let _entries = tile::entries(&bytes, 3);
    }
}
