//! Suggestions and criticism, encrypted at rest and listed without anything that identifies the author.

use prima_platform::{
    clock::from_micros,
    db::{Column as Type, Txn, sql, table},
    failure::Failure,
    vault::Keyring,
};
use prima_proto::zone::day_of_agency;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, FromQueryResult, QueryOrder, Set, Value, entity::prelude::*,
};

use super::{
    response,
    rows::{self, Cell},
};
use crate::domain::response::RedactedText;

/// A row of the table `comment`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "comment")]
pub struct Model {
    /// The survey.
    #[sea_orm(primary_key, auto_increment = false)]
    pub survey_id: i64,
    /// Id of the response.
    #[sea_orm(primary_key, auto_increment = false)]
    pub response_id: String,
    /// 1 for a suggestion, 2 for criticism, as in `CommentKind` of the contract.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i64,
    /// Day of the response in the agency's time zone, `YYYY-MM-DD`; responses that release 0.1.0 stored have the day in
    /// Jakarta.
    pub day: String,
    /// Public service.
    pub service: Option<String>,
    /// The same version as `batch` of its response.
    pub batch: i64,
    /// The text of a row that an earlier release stored, until it is encrypted; else empty.
    pub body: String,
    /// The encrypted text; `None` while it is in `body`.
    pub sealed: Option<Vec<u8>>,
    /// Id of the key that it is encrypted under; empty while the text is in `body`.
    pub sealed_key: String,
    /// Its random position within the day, which the database sets.
    pub place: String,
}

prima_platform::no_relations!();

/// The columns of a new comment; the database sets `place`.
const NEW: [Column; 9] = {
    use Column::*;
    [
        SurveyId, ResponseId, Kind, Day, Service, Batch, Body, Sealed, SealedKey,
    ]
};

impl Model {
    /// The values of the columns [`NEW`].
    fn cells(&self) -> [Cell<'_>; NEW.len()] {
        [
            self.survey_id.into(),
            (&self.response_id).into(),
            self.kind.into(),
            (&self.day).into(),
            self.service.as_ref().into(),
            self.batch.into(),
            (&self.body).into(),
            self.sealed.as_ref().into(),
            (&self.sealed_key).into(),
        ]
    }

    /// Takes over what may have changed in its response, to a survey of this agency, since it was encrypted.
    pub fn follow(&mut self, agency: &str, response: &response::Model) {
        self.day = day_of_agency(agency, from_micros(response.submitted_at)).to_string();
        self.service.clone_from(&response.service);
        self.batch = response.batch;
    }

    /// What the text is bound to when it is encrypted, so that the texts of two rows can't be swapped; must never change
    /// after a release.
    fn purpose(&self) -> String {
        format!(
            "survey comment {} {} {}",
            self.survey_id, self.kind, self.response_id
        )
    }

    /// The same row with its text encrypted under the current key.
    ///
    /// # Errors
    ///
    /// The text can't be decrypted with the key that the row names, or can't be encrypted.
    pub fn sealed(self, vault: &Keyring) -> Result<Self, Failure> {
        let sealed = vault.encrypt(&self.purpose(), self.text(vault)?.as_bytes())?;
        Ok(Self {
            body: String::new(),
            sealed: Some(sealed.bytes),
            sealed_key: sealed.key,
            ..self
        })
    }

    /// The text.
    ///
    /// # Errors
    ///
    /// It can't be decrypted with the key that the row names.
    pub fn text(&self, vault: &Keyring) -> Result<String, Failure> {
        let Some(sealed) = &self.sealed else {
            return Ok(self.body.clone());
        };
        let plain = vault.decrypt(&self.purpose(), &self.sealed_key, sealed)?;
        // The error is dropped, because it would repeat the text.
        String::from_utf8(plain).map_err(|_| Failure::internal("a decrypted text is not UTF-8"))
    }
}

/// The comments of a response to a survey of this agency, its suggestion and criticism, encrypted.
///
/// # Errors
///
/// A text can't be encrypted.
pub fn comments(
    vault: &Keyring,
    agency: &str,
    response: &response::Model,
    texts: [Option<RedactedText>; 2],
) -> Result<Vec<Model>, Failure> {
    let written = (1..).zip(texts).filter_map(|(kind, text)| Some((kind, text?)));
    let row = |(kind, text): (i64, RedactedText)| {
        let mut row = Model {
            survey_id: response.survey_id,
            response_id: response.response_id.clone(),
            kind,
            day: String::new(),
            service: None,
            batch: 0,
            body: text.text().to_owned(),
            sealed: None,
            sealed_key: String::new(),
            place: String::new(),
        };
        row.follow(agency, response);
        row.sealed(vault)
    };
    written.map(row).collect()
}

/// Inserts the comments of newly inserted responses.
pub async fn comment_insert_in_txn(txn: &Txn, rows: &[&Model]) -> Result<(), DbErr> {
    let cells: Vec<_> = rows.iter().map(|row| row.cells()).collect();
    for part in rows::parts(txn, &cells) {
        let insert = rows::insert::<Entity, _>(txn, NEW, part, "");
        txn.execute_raw(insert).await?;
    }
    Ok(())
}

/// Which comments to list; an empty text or 0 means any.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// The survey.
    pub survey: i64,
    /// Only comments whose `batch` is not above this version of the survey.
    pub version: i64,
    /// Not the comments of these responses.
    pub waiting: Vec<String>,
    /// Kind.
    pub kind: i64,
    /// Public service.
    pub service: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Only comments after this cursor: day, place and kind.
    pub after: Option<(String, String, i64)>,
    /// Most rows.
    pub limit: u64,
}

/// Comments of responses that are not voided, the newest day first and in random order within a day.
pub async fn comment_page(conn: &impl ConnectionTrait, filter: &Filter) -> Result<Vec<Model>, DbErr> {
    let (day, place, kind) = filter.after.clone().unwrap_or_default();
    let waiting = filter.waiting.iter().map(|id| [id.as_str().into()]);
    let (waiting, ids) = table(conn, [Type::Text], waiting, 10);
    let text = format!("SELECT c.* FROM comment c JOIN response r ON r.survey_id = c.survey_id AND r.response_id = c.response_id
                WHERE c.survey_id = $1 AND r.voided IS NULL AND c.batch <= $2 AND ($3 = 0 OR c.kind = $3)
                    AND ($4 = '' OR c.service = $4) AND ($5 = '' OR c.day >= $5) AND ($6 = '' OR c.day <= $6)
                    AND (r.quarantine IS NULL OR r.quarantine < 0)
                    AND ($7 = '' OR c.day < $7 OR (c.day = $7 AND (c.place, c.kind) > ($8, $9)))
                AND c.response_id NOT IN (SELECT column1 FROM {waiting})
                ORDER BY c.day DESC, c.place, c.kind LIMIT $10");
    let values: [Value; 10] = [
        filter.survey.into(),
        filter.version.into(),
        filter.kind.into(),
        filter.service.as_str().into(),
        filter.from.as_str().into(),
        filter.to.as_str().into(),
        day.into(),
        place.into(),
        kind.into(),
        i64::try_from(filter.limit).unwrap_or(i64::MAX).into(),
    ];
    let values = values.into_iter().chain(ids);
    Model::find_by_statement(sql(conn, &text, values)).all(conn).await
}

/// The comments of one response, the suggestion first.
pub async fn comments_of(
    conn: &impl ConnectionTrait,
    survey: i64,
    response: &str,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::SurveyId.eq(survey))
        .filter(Column::ResponseId.eq(response))
        .order_by_asc(Column::Kind)
        .all(conn)
        .await
}

/// Erases the comments of one response; returns how many there were.
pub async fn comments_erase_in_txn(txn: &Txn, survey: i64, response: &str) -> Result<u64, DbErr> {
    let all = Entity::delete_many()
        .filter(Column::SurveyId.eq(survey))
        .filter(Column::ResponseId.eq(response));
    Ok(all.exec(txn).await?.rows_affected)
}

/// Erases the comments of all responses that a void excluded.
pub async fn comments_of_void_erase_in_txn(txn: &Txn, survey: i64, number: i64) -> Result<(), DbErr> {
    let text = "DELETE FROM comment WHERE survey_id = $1
                    AND response_id IN (SELECT response_id FROM response WHERE survey_id = $1 AND voided = $2)";
    txn.execute_raw(sql(txn, text, [survey.into(), number.into()]))
        .await
        .map(drop)
}

/// Erases at most `limit` comments of responses that were accepted before `before`, unix microseconds. `last_day` is a day on
/// which none of them was written yet, in any time zone. Returns how many it erased.
pub async fn comments_erase_old_in_txn(
    txn: &Txn,
    before: i64,
    last_day: &str,
    limit: u64,
) -> Result<u64, DbErr> {
    let text = "DELETE FROM comment WHERE (survey_id, response_id, kind) IN (
                    SELECT c.survey_id, c.response_id, c.kind FROM comment c
                    JOIN response r ON r.survey_id = c.survey_id AND r.response_id = c.response_id
                    WHERE c.day < $1 AND r.accepted_at < $2 ORDER BY c.day LIMIT $3)";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let erased = txn
        .execute_raw(sql(txn, text, [last_day.into(), before.into(), limit.into()]))
        .await?;
    Ok(erased.rows_affected())
}

/// The key of a comment.
pub type Key = (i64, String, i64);

/// At most `limit` comments after `after`, locked for a change: those whose text is not encrypted yet, or those that are
/// encrypted under the key `under`. Rows that another transaction has locked are left out.
pub async fn comments_lock_in_txn(
    txn: &Txn,
    under: Option<&str>,
    after: &Key,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let skip = match txn.get_database_backend() {
        DbBackend::Postgres => "FOR UPDATE SKIP LOCKED",
        _ => "",
    };
    // The conditions are those of the partial indexes.
    let which = match under {
        Some(_) => "sealed_key <> '' AND sealed_key = $5",
        None => "body <> ''",
    };
    let text = format!(
        "SELECT * FROM comment WHERE {which} AND (survey_id, response_id, kind) > ($1, $2, $3)
         ORDER BY survey_id, response_id, kind LIMIT $4 {skip}"
    );
    let (survey, response, kind) = after;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![
        (*survey).into(),
        response.as_str().into(),
        (*kind).into(),
        limit.into(),
    ];
    values.extend(under.map(Value::from));
    Model::find_by_statement(sql(txn, &text, values)).all(txn).await
}

/// Number of comments whose text is not encrypted yet.
pub async fn comments_plain(conn: &impl ConnectionTrait) -> Result<u64, DbErr> {
    // The condition is that of the partial index.
    Entity::find().filter(Expr::cust("body <> ''")).count(conn).await
}

/// Replaces the text of a locked comment by the encrypted one.
pub async fn comment_seal_in_txn(txn: &Txn, row: Model) -> Result<(), DbErr> {
    let change = ActiveModel {
        body: Set(row.body),
        sealed: Set(row.sealed),
        sealed_key: Set(row.sealed_key),
        ..Default::default()
    };
    let one = Entity::update_many()
        .set(change)
        .filter(Column::SurveyId.eq(row.survey_id))
        .filter(Column::ResponseId.eq(row.response_id))
        .filter(Column::Kind.eq(row.kind));
    one.exec(txn).await.map(drop)
}

/// Whether a comment that is stored under a key can be decrypted with it; `true` when there is none.
pub async fn key_opens(conn: &impl ConnectionTrait, vault: &Keyring, key: &str) -> Result<bool, DbErr> {
    let one = Entity::find()
        .filter(Expr::cust("sealed_key <> ''"))
        .filter(Column::SealedKey.eq(key));
    Ok(one.one(conn).await?.is_none_or(|row| row.text(vault).is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(response: &str, text: &str) -> Model {
        Model {
            survey_id: 1,
            response_id: response.into(),
            kind: 1,
            day: "2024-07-01".into(),
            service: None,
            batch: 1,
            body: text.into(),
            sealed: None,
            sealed_key: String::new(),
            place: String::new(),
        }
    }

    #[test]
    fn an_encrypted_text_can_be_read_in_its_own_row_only() {
        let key = format!("k1:{}", Keyring::generate_key().unwrap());
        let vault = Keyring::parse(&[key]).unwrap();
        assert_eq!(row("a", "antre").text(&vault).unwrap(), "antre");
        let sealed = row("a", "antre").sealed(&vault).unwrap();
        assert_eq!((sealed.body.as_str(), sealed.sealed_key.as_str()), ("", "k1"));
        assert_eq!(sealed.text(&vault).unwrap(), "antre");
        let moved = Model {
            response_id: "b".into(),
            ..sealed
        };
        assert!(moved.text(&vault).is_err());
    }
}
