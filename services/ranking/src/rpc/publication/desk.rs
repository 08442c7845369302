//! What the operations of publication use.

use std::sync::Arc;

use prima_platform::{
    caller::Caller,
    command,
    failure::{Failure, Kind, found},
    page::Page,
    service::Context,
};
use prima_proto::name;
use sea_orm::ConnectionTrait;

use crate::{
    derived::press::{Ledger, Press},
    rpc::App,
    store::{self, Proposal, Published, StoredRow},
};

/// What the operations of publication use; cheap to clone.
#[derive(Clone)]
pub struct Desk {
    /// Context of the platform.
    pub context: Context,
    /// The tables.
    pub app: App,
    /// The log as it was read.
    pub ledger: Arc<Ledger>,
    /// Signs; `None` when no key is configured.
    pub press: Option<Arc<Press>>,
}

impl command::App for Desk {
    fn context(&self) -> &Context {
        &self.context
    }

    fn committed(&self) {
        self.context.outbox.committed();
        self.context.derived.committed();
        if let Some(press) = &self.press {
            press.wake();
        }
    }
}

impl Desk {
    /// What signs.
    ///
    /// # Errors
    ///
    /// `NO_PUBLICATION_KEY`: this process has no key.
    pub fn press(&self) -> Result<&Press, Failure> {
        self.press.as_deref().ok_or_else(|| {
            Failure::new(
                Kind::Precondition,
                "NO_PUBLICATION_KEY",
                "no key that signs publications is configured (publication.key)",
                "Kunci penanda tangan publikasi belum dipasang (publication.key)",
            )
        })
    }
}

/// The agencies to whose rows a caller is limited; `None` for the ministry, which sees all.
pub fn limited(caller: &Caller) -> Option<&[String]> {
    let agencies = caller.agencies();
    (!agencies.iter().any(|agency| agency == "*")).then_some(agencies)
}

/// A proposal that the caller may see.
///
/// # Errors
///
/// `NOT_FOUND`: there is none, or no agency of the caller is in it.
pub async fn seen(
    conn: &impl ConnectionTrait,
    caller: &Caller,
    name: &name::ProposedTable,
) -> Result<Proposal, Failure> {
    let proposal = found(store::proposal_get(conn, &name.proposal).await?, name)?;
    let may_see = match limited(caller) {
        None => true,
        Some(agencies) => store::proposal_has_agency(conn, &proposal.id, agencies).await?,
    };
    found(may_see.then_some(proposal), name)
}

/// The number in the name of a published table.
pub fn number(name: &name::PublishedTable) -> Option<i64> {
    let number = name.number.parse::<i64>().ok()?;
    (number > 0 && number.to_string() == name.number).then_some(number)
}

/// The published table with this name.
///
/// # Errors
///
/// `NOT_FOUND`: there is none.
pub async fn published(
    conn: &impl ConnectionTrait,
    name: &name::PublishedTable,
) -> Result<Published, Failure> {
    let published = match number(name) {
        Some(number) => store::published_get(conn, number).await?,
        None => None,
    };
    found(published, name)
}

/// A page of the frozen rows of a proposal, with the token of the next one.
pub async fn rows(
    conn: &impl ConnectionTrait,
    proposal: &str,
    page: &Page,
) -> Result<(Vec<StoredRow>, String), Failure> {
    let place = page.after.parse::<i64>().map_or(0, |last| last.saturating_add(1));
    let limit = i64::try_from(page.limit()).unwrap_or(i64::MAX);
    let mut rows = store::proposal_rows(conn, proposal, place, limit).await?;
    let next = page.cut(&mut rows, |row| row.place.to_string());
    Ok((rows, next))
}
