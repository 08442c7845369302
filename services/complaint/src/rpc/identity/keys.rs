//! Reports how many rows are encrypted under each key.

use prima_platform::failure::Failure;
use prima_proto::complaint::v1;

use crate::{context::App, store::rotation::usage};

/// Every key of this process, the current one first, and every other key that is in use.
pub async fn keys(app: &App) -> Result<v1::GetKeyUsageResponse, Failure> {
    let mut used = usage(app.context.db.reader()).await?;
    let mut keys = Vec::new();
    for key in app.vault.ids() {
        keys.push(v1::KeyUsage {
            key: key.to_owned(),
            current: key == app.vault.current(),
            present: true,
            rows: used.remove(key).unwrap_or_default(),
        });
    }
    keys.extend(used.into_iter().map(|(key, rows)| v1::KeyUsage {
        key,
        current: false,
        present: false,
        rows,
    }));
    Ok(v1::GetKeyUsageResponse { keys })
}
