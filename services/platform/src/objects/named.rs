//! Files under names of their own, for readers that reach the storage without the service.

use bytes::Bytes;
use object_store::{ObjectStoreExt, path::Path};

use super::{Error, Objects};

impl Objects {
    /// Writes a file in place of the one with this name; readers see the whole old or the whole new one.
    ///
    /// # Errors
    ///
    /// The storage failed.
    pub async fn put_named(&self, name: &str, content: impl Into<Bytes>) -> Result<(), Error> {
        let location = Path::from(name);
        self.store.put(&location, content.into().into()).await?;
        Ok(())
    }

    /// The file with this name; `None` when there is none.
    ///
    /// # Errors
    ///
    /// The storage failed.
    pub async fn get_named(&self, name: &str) -> Result<Option<Bytes>, Error> {
        match self.store.get(&Path::from(name)).await {
            Ok(found) => Ok(Some(found.bytes().await?)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
