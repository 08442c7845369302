//! `request_id`: a repeated request gets the stored response, and the same id with another body is refused. An id
//! belongs to the caller that used it (issuer, subject and agencies of the token), so that callers never see each
//! other's ids and responses.

use sea_orm::{ConnectionTrait, FromQueryResult};
use sha2::{Digest, Sha256};

use crate::{
    caller::Caller,
    clock::{Clock, micros},
    db::{Txn, sql},
    failure::{Failure, Violation},
};

/// Longest `request_id`, characters.
pub const MAX: usize = 64;

#[derive(Debug, FromQueryResult)]
struct Stored {
    digest: Vec<u8>,
    answer: Vec<u8>,
}

/// Checks that an id has 1 to 64 characters of `[A-Za-z0-9._:-]`.
pub fn check(field: &str, id: &str) -> Result<(), Violation> {
    let fits = !id.is_empty()
        && id.len() <= MAX
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'-'));
    if fits {
        return Ok(());
    }
    Err(Violation::new(
        field,
        "must be 1 to 64 characters of A-Z, a-z, 0-9, `.`, `_`, `:` and `-`",
        "harus 1 sampai 64 karakter: A-Z, a-z, 0-9, `.`, `_`, `:` dan `-`",
    ))
}

/// Digest of a body as parsed. Maps of messages are ordered, so equal messages have equal digests.
pub fn digest(body: &impl prost::Message) -> Vec<u8> {
    Sha256::digest(body.encode_to_vec()).to_vec()
}

/// The stored response to this request, if there is one. The transaction that does the work must call this first.
pub async fn find<A: prost::Message + Default>(
    conn: &impl ConnectionTrait,
    method: &str,
    caller: &Caller,
    id: &str,
    digest: &[u8],
) -> Result<Option<A>, Failure> {
    // Older releases did not distinguish callers by their agencies, and stored responses under the subject alone.
    let text = "SELECT digest, answer FROM request
                WHERE method = $1 AND caller IN ($2, $3) AND request_id = $4 ORDER BY caller = $2 DESC LIMIT 1";
    let values = [
        method.into(),
        caller.identity().into(),
        caller.subject().into(),
        id.into(),
    ];
    let Some(stored) = Stored::find_by_statement(sql(conn, text, values))
        .one(conn)
        .await?
    else {
        return Ok(None);
    };
    if stored.digest != digest {
        return Err(Failure::request_id_reused("request_id"));
    }
    A::decode(stored.answer.as_slice())
        .map(Some)
        .map_err(Failure::internal)
}

/// Stores the response, for ever, in the transaction that did the work. Fails with `ABORTED` when another transaction
/// has executed the same request in the meantime; a retry then gets the response of that one.
pub async fn keep(
    txn: &Txn,
    method: &str,
    caller: &Caller,
    id: &str,
    digest: &[u8],
    answer: &impl prost::Message,
    clock: &Clock,
) -> Result<(), Failure> {
    let text = "INSERT INTO request (method, caller, request_id, digest, answer, created_at)
                VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    let values = [
        method.into(),
        caller.identity().into(),
        id.into(),
        digest.to_vec().into(),
        answer.encode_to_vec().into(),
        micros(clock.now()).into(),
    ];
    if txn.execute_raw(sql(txn, text, values)).await?.rows_affected() == 1 {
        return Ok(());
    }
    Err(Failure::new(
        crate::failure::Kind::Aborted,
        "REQUEST_IN_PROGRESS",
        "the same request is in progress; repeat it",
        "Permintaan yang sama sedang diproses; ulangi",
    ))
}
