//! Proofs for those who keep no whole file: of one row, and that the log continues the one that they know.

use prima_platform::{
    failure::{Failure, Violation, found},
    request::{self, Faults},
    tlog::{receipt::Receipt, sealed},
};
use prima_proto::{name::Subject, ranking::v1 as pb};

use super::desk::{Desk, published};
use crate::{
    derived::press::{Log, blocking, log_damaged},
    store,
};

/// One row of a published table with all that proves it.
pub async fn inclusion(
    desk: &Desk,
    request: &pb::GetInclusionProofRequest,
) -> Result<pb::GetInclusionProofResponse, Failure> {
    let mut faults = Faults::default();
    let name = faults.take(request::name("name", &request.name));
    let subject = faults.take(request::name::<Subject>("subject", &request.subject));
    let (name, subject) = faults.build(|| name.zip(subject))?;
    let conn = desk.context.db.reader();
    let row = published(conn, &name).await?;
    let place = store::proposal_row(conn, &row.proposal, &subject.to_string()).await?;
    let place = found(place, &subject)?.place;
    let documents = desk.ledger.documents(conn, &row).await?;
    let index = u64::try_from(place).map_err(Failure::internal)?;
    let proved = blocking(move || (sealed::rows_tree(&documents.rows).inclusion(index), documents));
    let (inclusion, documents) = proved.await?;
    let text = usize::try_from(index).ok().and_then(|n| documents.rows.get(n));
    let (inclusion, text) = inclusion.zip(text).ok_or_else(|| log_damaged("a row is gone"))?;
    let receipt = Receipt {
        head: documents.head.clone(),
        row: text.clone(),
        row_index: index,
        row_inclusion: inclusion,
        proof: documents.proof.clone(),
    };
    Ok(pb::GetInclusionProofResponse {
        receipt: receipt.write(),
    })
}

/// The newest head of the log, and the proof that it continues an older one.
pub async fn checkpoint(
    desk: &Desk,
    request: &pb::GetLogCheckpointRequest,
) -> Result<pb::GetLogCheckpointResponse, Failure> {
    let press = desk.press()?;
    let Log { entries, note } = press.newest(desk.context.db.reader()).await?;
    let old = u64::try_from(request.old_size).ok();
    let proof = old.and_then(|old| entries.consistency(old));
    let proof = proof.ok_or_else(|| {
        Violation::new(
            "old_size",
            "must be 0 to the size of the log",
            "harus 0 sampai ukuran log sekarang",
        )
    })?;
    Ok(pb::GetLogCheckpointResponse {
        checkpoint: note.to_string(),
        consistency: proof.iter().map(|hash| hash.to_vec()).collect(),
        keys: press.keys_text(),
    })
}
