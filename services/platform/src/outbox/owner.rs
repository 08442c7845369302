//! Who fills a stream: one database, told apart from strangers and from its own copies.
//!
//! A database has an identity, and the metadata of the stream carries it. A stranger (a new database on a live bus) is
//! refused, or it would withdraw everything that it does not know. A copy of the database has the same identity, so
//! who begins to fill a stream first asks on the bus whether a relay that holds the lease *in its own database* fills it:
//! the lease is held once in a database, so whoever answers works on another one. Each relay that begins raises the
//! epoch, in its database and then in the stream; who finds another owner there than itself begins again. A database
//! whose epoch is behind the stream's was restored from a backup, or is a copy that nobody answered for: its states go
//! out above those of the bus, unless too many of them are missing.

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
    /// Whether an operator has made this database the owner, whatever it lacks.
    pub(super) adopting: bool,
    pub(super) questions: BoxStream<'static, Question>,
}

#[derive(Debug, FromQueryResult)]
struct Own {
    identity: String,
    epoch: i64,
    adopt: i64,
}

/// The identity of a database, made at the first call.
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

/// Lets a service's database fill its stream whatever the stream says; its relay does so within seconds.
pub async fn adopt(db: &Database) -> Result<(), DbErr> {
    own(db).await?;
    let writer = db.writer();
    writer
        .execute_raw(sql(writer, "UPDATE owner SET adopt = 1", []))
        .await
        .map(drop)
}

/// Makes a copy of a database another one than its original. Returns the new identity.
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
    /// Takes the stream for this database.
    pub(super) async fn take(&self, stream: &StreamInfo) -> Result<Taken, Error> {
        let own = own(&self.db).await?;
        let adopting = own.adopt != 0;
        let known = stream.owner.clone().unwrap_or_default();
        if !adopting {
            if stream.owner.is_some() && known.identity != own.identity {
                let (owner, own) = (known.identity, own.identity);
                return Err(Refused::Stranger { owner, own }.into());
            }
            if let Some(answer) = self.bus.ask(&self.service, &self.holder).await? {
                return Err(Refused::Copy { answer }.into());
            }
            if stream.owner.is_none() && stream.messages > 0 {
                // Filled by a release that had no identities, by this database or by another.
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
            holder: self.holder.clone(),
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

    /// Notes that the stream holds what this database holds.
    pub(super) async fn adopted(&self) -> Result<(), DbErr> {
        let writer = self.db.writer();
        writer
            .execute_raw(sql(writer, "UPDATE owner SET adopt = 0", []))
            .await?;
        tracing::warn!(service = %self.service, "the stream was adopted by this database");
        Ok(())
    }

    /// Answers relays of other databases as long as this one holds the lease of its own.
    pub(super) async fn answer(&self, mut questions: BoxStream<'static, Question>, identity: &str) {
        while let Some(question) = questions.next().await {
            if question.holder == self.holder {
                continue;
            }
            match self.holds().await {
                Ok(true) => {
                    let answer = format!("relay {} of database {identity}", self.holder);
                    if let Err(error) = question.reply.send(answer).await {
                        tracing::warn!(%error, "a relay that asked got no answer");
                    }
                }
                // Silence: whoever asked has taken the lease of this very database, or soon will.
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "a relay that asked got no answer"),
            }
        }
    }
}
