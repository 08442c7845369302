//! What proves a publication: notes, keys, heads of a log, canonical JSON, sealed files, receipts and bundles of entries.

use prima_platform::{
    tlog::{
        canonical,
        checkpoint::{Checkpoint, signer_key},
        note::{Kind, Note, Signature, VerifierKey},
        receipt::Receipt,
        sealed::{self, Proof},
        tile,
        tree::Tree,
    },
    token::Signer,
};
use proptest::prelude::*;
use serde_json::json;

use crate::{
    fuzz,
    hostile::{self, mutated},
};

/// A sealed file, a receipt, and the key that verifies both.
fn honest() -> (Vec<u8>, String, String, VerifierKey) {
    let signer = Signer::generate().unwrap();
    let key = signer_key(&signer, "contoh.go.id/log", Kind::Note).unwrap();
    let rows: Vec<String> = (0..3)
        .map(|n| format!("{{\"subject\":\"agencies/{n}\"}}"))
        .collect();
    let tree = sealed::rows_tree(&rows);
    let head = json!({"rows": 3, "rows_root": prima_platform::tlog::encode(&tree.root())});
    let head = canonical::write(head.as_object().unwrap()).unwrap();
    let log = Tree::of([head.clone().into_bytes()]);
    let checkpoint = Checkpoint {
        origin: key.name.clone(),
        size: 1,
        root: log.root(),
    };
    let note = checkpoint.sign(&signer).unwrap().to_string();
    let proof = Proof {
        checkpoint: note.clone(),
        index: 0,
        inclusion: Vec::new(),
    };
    let receipt = Receipt {
        head: head.clone(),
        row: rows[1].clone(),
        row_index: 1,
        row_inclusion: tree.inclusion(1).unwrap(),
        proof: proof.clone(),
    };
    (
        sealed::write(&head, &rows, &proof).into_bytes(),
        receipt.write(),
        note,
        key,
    )
}

#[test]
fn notes_keys_and_heads() {
    let (_, _, note, key) = honest();
    let near = mutated(vec![
        note.into_bytes(),
        key.to_string().into_bytes(),
        b"{\"a\":1}".to_vec(),
    ]);
    let near = near.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    fuzz(2048, &prop_oneof![near, hostile::text()], |text| {
        if let Some(note) = Note::parse(text)
            && note.verify(&key).is_some()
            && Checkpoint::parse(&note.text).is_none()
        {
            return Err("another text was signed".into());
        }
        if VerifierKey::parse(text).is_some_and(|key| key.to_string() != text.trim()) {
            return Err("is read as another key".into());
        }
        if canonical::read(text).is_some_and(|object| canonical::write(&object).as_ref() != Some(text)) {
            return Err("is not canonical".into());
        }
        let _ = (Signature::parse(text), VerifierKey::list(text));
        Ok(())
    });
}

#[test]
fn sealed_files_and_receipts() {
    let (file, receipt, _, key) = honest();
    let keys = [key];
    assert!(sealed::verify(&file, &keys).is_ok());
    let near = mutated(vec![file.clone(), receipt.clone().into_bytes()]);
    let noise = prop::collection::vec(any::<u8>(), 0..2000);
    fuzz(2048, &prop_oneof![near, noise], |bytes| {
        if sealed::verify(bytes, &keys).is_ok() && *bytes != file {
            return Err("a changed file is accepted".into());
        }
        let text = String::from_utf8_lossy(bytes);
        let read = Receipt::parse(&text).filter(|read| read.verify(&keys).is_ok());
        if read.is_some() && text != receipt {
            return Err("a changed receipt is accepted".into());
        }
        if Receipt::parse(&text).is_some_and(|read| read.write() != text) {
            return Err("a receipt has two forms".into());
        }
        for width in [0, 1, 256] {
            let _ = tile::entries(bytes, width);
        }
        Ok(())
    });
}
