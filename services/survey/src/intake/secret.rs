//! The secret from which respondent tokens and links are derived.

use prima_platform::{db::Database, service::Error};
use ring::rand::{SecureRandom, SystemRandom};

use crate::{
    domain::{
        NAME,
        access::{SECRET_BYTES, Secret},
    },
    store::secret::secret_get_or_insert,
};

/// The secret of this service: random bytes of the operating system, generated once and then read from the database.
pub async fn secret(db: &Database) -> Result<Secret, Error> {
    let mut fresh = [0; SECRET_BYTES];
    SystemRandom::new()
        .fill(&mut fresh)
        .map_err(|_| Error::Service(NAME, "sistem operasi tidak memberi bilangan acak".to_owned()))?;
    secret_get_or_insert(db, &fresh)
        .await
        .map_err(|error| Error::Database(NAME, error))
}
