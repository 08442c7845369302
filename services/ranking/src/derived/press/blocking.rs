//! Work of the processor that others must not wait for.

use prima_platform::failure::Failure;

/// Hashes, or makes documents, on a thread of its own. A table has up to 100,000 rows.
///
/// # Errors
///
/// The work panicked, or the process ends.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(Failure::internal)
}
