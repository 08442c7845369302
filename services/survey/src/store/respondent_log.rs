//! The log of what was done with the data of single respondents, at their request or for a stated reason. Rows are only ever
//! added.

use prima_platform::{db::Txn, failure::Failure, vault::Keyring};
use sea_orm::{ConnectionTrait, DbErr, NotSet, QueryOrder, QuerySelect, Set, entity::prelude::*};

/// What the reasons are bound to when they are encrypted; must never change after a release.
const PURPOSE: &str = "respondent log reason";

/// What was done with the data of a respondent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// What is stored was read.
    Read,
    /// The texts were erased.
    Erased,
}

impl Act {
    const ALL: [Self; 2] = [Self::Read, Self::Erased];

    const fn key(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Erased => "erased",
        }
    }

    /// The act with this key.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.key() == key)
    }
}

/// A row of the table `respondent_log`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "respondent_log")]
pub struct Model {
    /// Key in the database; later rows have greater ones.
    #[sea_orm(primary_key)]
    pub id: i64,
    /// The survey.
    pub survey_id: i64,
    /// Id of the response.
    pub response_id: String,
    /// Key of an [`Act`].
    pub act: String,
    /// Subject of the caller's token.
    pub actor: String,
    /// Time, unix microseconds.
    pub at: i64,
    /// Number of texts that were read or erased.
    pub texts: i64,
    /// The reason, encrypted.
    pub sealed: Vec<u8>,
    /// Id of the key that it is encrypted under.
    pub sealed_key: String,
}

prima_platform::no_relations!();

impl Model {
    /// The reason that the caller gave.
    ///
    /// # Errors
    ///
    /// It can't be decrypted with the key that the row names.
    pub fn reason(&self, vault: &Keyring) -> Result<String, Failure> {
        let plain = vault.decrypt(PURPOSE, &self.sealed_key, &self.sealed)?;
        // The error is dropped, because it would repeat the text.
        String::from_utf8(plain).map_err(|_| Failure::internal("a decrypted text is not UTF-8"))
    }
}

/// A new line of the log.
#[derive(Debug)]
pub struct New<'a> {
    /// The survey.
    pub survey: i64,
    /// Id of the response.
    pub response: &'a str,
    /// What was done.
    pub act: Act,
    /// Subject of the caller's token.
    pub actor: &'a str,
    /// Time, unix microseconds.
    pub at: i64,
    /// Number of texts that were read or erased.
    pub texts: i64,
}

/// Adds a line; `reason` is encrypted.
pub async fn log_add_in_txn(txn: &Txn, vault: &Keyring, new: New<'_>, reason: &str) -> Result<(), Failure> {
    let sealed = vault.encrypt(PURPOSE, reason.as_bytes())?;
    let row = ActiveModel {
        id: NotSet,
        survey_id: Set(new.survey),
        response_id: Set(new.response.to_owned()),
        act: Set(new.act.key().to_owned()),
        actor: Set(new.actor.to_owned()),
        at: Set(new.at),
        texts: Set(new.texts),
        sealed: Set(sealed.bytes),
        sealed_key: Set(sealed.key),
    };
    Entity::insert(row).exec_without_returning(txn).await?;
    Ok(())
}

/// Lines of a survey with a key above `after`, the oldest first.
pub async fn log_page(
    conn: &impl ConnectionTrait,
    survey: i64,
    after: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::SurveyId.eq(survey))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(conn)
        .await
}

/// At most `limit` lines after `after` whose reason is encrypted under `key`, locked for a change.
pub async fn log_lock_in_txn(txn: &Txn, key: &str, after: i64, limit: u64) -> Result<Vec<Model>, DbErr> {
    let lines = Entity::find()
        .filter(Expr::cust("sealed_key <> ''"))
        .filter(Column::SealedKey.eq(key))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit);
    lines.lock_exclusive().all(txn).await
}

/// Encrypts the reason of a locked line under the current key.
pub async fn log_reseal_in_txn(txn: &Txn, vault: &Keyring, line: &Model) -> Result<(), Failure> {
    let sealed = vault.encrypt(PURPOSE, line.reason(vault)?.as_bytes())?;
    let change = ActiveModel {
        sealed: Set(sealed.bytes),
        sealed_key: Set(sealed.key),
        ..Default::default()
    };
    let one = Entity::update_many().set(change).filter(Column::Id.eq(line.id));
    one.exec(txn).await?;
    Ok(())
}
