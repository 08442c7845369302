//! Which database owns a stream. Only the owner's relay publishes to it; other databases and copies of the owner are
//! detected and refused.
//!
//! A database has an identity, which the metadata of its stream records. Another database (such as a new one on a live
//! bus) is refused, because its reconciliation would withdraw every state that it does not have. A copy of the database
//! has the same identity. So a relay that begins to fill a stream first asks on the bus whether another relay fills it
//! that holds the lease *in its own database*: one relay holds the lease of a database, so a relay that answers works
//! on another database. Each relay that begins raises the epoch (a fencing token), in its database and then in the
//! stream; a relay that finds another owner in the stream than itself ends its session and begins again. A database
//! whose epoch is behind the stream's was restored from a backup, or is a copy whose original did not answer: its
//! states are published with versions above those on the bus, unless too many of the bus's states are missing in it.

use futures::{StreamExt, stream::BoxStream};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};

use super::{
    refused::Refused,
    relay::{Error, Relay},
};
use crate::{
    bus::{Owner, Question, StreamInfo},
    db::{Database, Step, sql},
    id::Ids,
};

/// The table of the database's identity.
pub(crate) const STEP: Step = Step {
    name: "m0000_platform_owner",
    statements: &["CREATE TABLE owner (
            one BIGINT PRIMARY KEY CHECK (one = 1), identity TEXT NOT NULL, epoch BIGINT NOT NULL,
            adopt BIGINT NOT NULL)"],
};

/// A stream that this relay may fill.
pub(super) struct Taken {
    pub(super) owner: Owner,
    /// Whether an operator has made this database the owner, however many states it lacks.
    pub(super) adopting: bool,
    pub(super) questions: BoxStream<'static, Question>,
}

#[derive(Debug, FromQueryResult)]
struct Own {
    identity: String,
    epoch: i64,
    adopt: i64,
}

/// The identity of a database, generated at the first call.
async fn own(db: &Database) -> Result<Own, DbErr> {
    let writer = db.writer();
    let text =
        "INSERT INTO owner (one, identity, epoch, adopt) VALUES (1, $1, 0, 0) ON CONFLICT (one) DO NOTHING";
    writer
        .execute_raw(sql(writer, text, [Ids::random().next().to_string().into()]))
        .await?;
    let text = "SELECT identity, epoch, adopt FROM owner";
    let own = Own::find_by_statement(sql(writer, text, [])).one(writer).await?;
    own.ok_or_else(|| DbErr::RecordNotFound("owner".into()))
}

/// Makes a service's database the owner of its stream, whatever owner the stream records; its relay begins within
/// seconds.
pub async fn adopt(db: &Database) -> Result<(), DbErr> {
    own(db).await?;
    let writer = db.writer();
    writer
        .execute_raw(sql(writer, "UPDATE owner SET adopt = 1", []))
        .await
        .map(drop)
}

/// Gives a copy of a database an identity of its own. Returns it.
pub async fn new_identity(db: &Database) -> Result<String, DbErr> {
    own(db).await?;
    let identity = Ids::random().next().to_string();
    let writer = db.writer();
    let text = "UPDATE owner SET identity = $1, epoch = 0, adopt = 0";
    writer
        .execute_raw(sql(writer, text, [identity.clone().into()]))
        .await?;
    Ok(identity)
}

impl Relay {
    /// Makes this database the owner of the stream, unless it must not be.
    pub(super) async fn take(&self, stream: &StreamInfo) -> Result<Taken, Error> {
        let own = own(&self.db).await?;
        let adopting = own.adopt != 0;
        let known = stream.owner.clone().unwrap_or_default();
        if !adopting {
            if stream.owner.is_some() && known.identity != own.identity {
                let (owner, own) = (known.identity, own.identity);
                return Err(Refused::OtherDatabase { owner, own }.into());
            }
            if let Some(answer) = self.bus.ask(&self.service, self.lease.holder()).await? {
                return Err(Refused::Copy { answer }.into());
            }
            if stream.owner.is_none() && stream.messages > 0 {
                // A release without identities has filled it, from this database or from another one.
                self.check_missing().await?;
            } else if known.epoch > own.epoch {
                tracing::warn!(
                    service = %self.service, database = own.epoch, bus = known.epoch,
                    "the bus has seen a later state of this database: it was restored from a backup"
                );
                self.check_missing().await?;
            }
        }
        let owner = Owner {
            identity: own.identity,
            epoch: own.epoch.max(known.epoch) + 1,
            holder: self.lease.holder().to_owned(),
        };
        let writer = self.db.writer();
        let text = "UPDATE owner SET epoch = $1 WHERE epoch < $1";
        writer
            .execute_raw(sql(writer, text, [owner.epoch.into()]))
            .await?;
        let questions = self.bus.questions(&self.service).await?;
        self.bus.claim(&self.service, &owner).await?;
        Ok(Taken {
            owner,
            adopting,
            questions,
        })
    }

    /// Records that the stream was adopted: it has the states of this database.
    pub(super) async fn adopted(&self) -> Result<(), DbErr> {
        let writer = self.db.writer();
        writer
            .execute_raw(sql(writer, "UPDATE owner SET adopt = 0", []))
            .await?;
        tracing::warn!(service = %self.service, "the stream was adopted by this database");
        Ok(())
    }

    /// Answers the questions of other relays while this one holds the lease of its database.
    pub(super) async fn answer(&self, mut questions: BoxStream<'static, Question>, identity: &str) {
        while let Some(question) = questions.next().await {
            if question.holder == self.lease.holder() {
                continue;
            }
            match self.lease.holds().await {
                Ok(true) => {
                    let answer = format!("relay {} of database {identity}", self.lease.holder());
                    if let Err(error) = question.reply.send(answer).await {
                        tracing::warn!(%error, "can't answer the question of another relay");
                    }
                }
                // No answer: the relay that asked has acquired the lease of this database, or soon will.
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "can't answer the question of another relay"),
            }
        }
    }
}
