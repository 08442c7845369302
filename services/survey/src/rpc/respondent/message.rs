//! What requests about single respondents share.

use prima_platform::{
    db::Txn,
    failure::{Failure, Kind, Violation},
    request::{Faults, text},
    request_id,
};
use prima_proto::name;

use crate::{
    domain::access,
    service::App,
    store::response::{self, response_by_token, response_get},
};

/// Longest text that is accepted as a token, characters.
const TOKEN_MAX: usize = 100;

/// How a respondent identifies a response. It has no `Debug`, because a token is a credential.
pub enum Which {
    /// By the id of the response.
    Id(String),
    /// By the single-use token.
    Token(String),
}

/// Checks how the response is identified.
pub fn which(given: Option<Which>, faults: &mut Faults) -> Option<Which> {
    match &given {
        None => faults.add(
            "which",
            "needs `response_id` or `token`",
            "Isi `response_id` atau `token`",
        ),
        Some(Which::Id(id)) => {
            // An id that is not of a possible form is reported like an empty one.
            let client_made = access::client_part(id).unwrap_or_default();
            faults.take(request_id::check("response_id", client_made));
        }
        Some(Which::Token(token)) => {
            if token.is_empty() || token.chars().count() > TOKEN_MAX {
                faults.add(
                    "token",
                    format!("must be 1 to {TOKEN_MAX} characters"),
                    format!("Token harus 1 sampai {TOKEN_MAX} karakter"),
                );
            }
        }
    }
    given
}

/// Parses the reason for a reading or an erasure.
pub fn reason(raw: &str) -> Result<String, Violation> {
    text::lines("reason", raw, 5, 500)
}

/// The response that is meant.
///
/// # Errors
///
/// The token is not of this survey, or there is no such response.
pub async fn response(
    app: &App,
    txn: &Txn,
    (survey, id): (&name::Survey, i64),
    which: &Which,
) -> Result<response::Model, Failure> {
    let found = match which {
        Which::Id(response) => response_get(txn, id, response).await?,
        Which::Token(token) => {
            let token = app.intake.secret().read_token(survey, token)?;
            response_by_token(txn, id, &token.digest).await?
        }
    };
    found.ok_or_else(|| {
        Failure::new(
            Kind::NotFound,
            "NOT_FOUND",
            "the survey has no such response",
            "Survei tidak memiliki tanggapan tersebut",
        )
    })
}
