//! Reports how many texts are encrypted under each key.

use prima_platform::{failure::Failure, rotation};
use prima_proto::survey::v1 as pb;

use crate::{
    service::App,
    store::{SEALED_TABLES, comment::comments_plain},
};

/// Every key of this process, the current one first, and every other key that is in use.
pub async fn keys(app: &App) -> Result<pb::GetTextKeyUsageResponse, Failure> {
    let reader = app.context.db.reader();
    let plain = comments_plain(reader).await?;
    let mut used = rotation::usage(reader, &SEALED_TABLES).await?;
    let mut keys = Vec::new();
    for key in app.vault.ids() {
        keys.push(pb::TextKeyUsage {
            key: key.to_owned(),
            current: key == app.vault.current(),
            present: true,
            rows: used.remove(key).unwrap_or_default(),
        });
    }
    keys.extend(used.into_iter().map(|(key, rows)| pb::TextKeyUsage {
        key,
        current: false,
        present: false,
        rows,
    }));
    Ok(pb::GetTextKeyUsageResponse {
        keys,
        plain: i64::try_from(plain).map_err(Failure::internal)?,
    })
}
