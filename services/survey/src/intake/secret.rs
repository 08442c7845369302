//! The secret with which tokens and links are made.

use prima_platform::{db::Database, service::Error};
use ring::rand::{SecureRandom, SystemRandom};

use crate::{
    domain::{
        NAME,
        access::{SECRET_BYTES, Secret},
    },
    store::secret::secret_get_or_insert,
};

/// The secret of this service: made of random bytes of the operating system once, then always that one.
pub async fn secret(db: &Database) -> Result<Secret, Error> {
    let mut fresh = [0; SECRET_BYTES];
    SystemRandom::new()
        .fill(&mut fresh)
        .map_err(|_| Error::Service(NAME, "sistem operasi tidak memberi bilangan acak".to_owned()))?;
    secret_get_or_insert(db, &fresh)
        .await
        .map_err(|error| Error::Database(NAME, error))
}
