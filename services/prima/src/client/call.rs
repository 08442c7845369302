//! How calls are made: each has a deadline, and is repeated where a repetition can help.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use prost::Message;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt;
use uuid::Uuid;

/// Longest time to wait for the response of one call. Streams that stay open are not limited.
pub const DEADLINE: Duration = Duration::from_secs(30);
/// Rows that are read at once.
pub const PAGE: i32 = 1000;
const TRIES: usize = 7;
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(5);
/// Longest time to wait before a retry, even when a service asks for more.
const LONGEST_ASKED: Duration = Duration::from_secs(60);

/// A request with the usual deadline.
pub fn request<T>(message: T) -> Request<T> {
    within(message, DEADLINE)
}

/// A request with a deadline of its own.
pub fn within<T>(message: T, deadline: Duration) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(deadline);
    request
}

/// The delays before retries, each twice as long as the one before, up to a limit; as many as are asked for.
pub fn delays(retries: usize) -> ExponentialBuilder {
    ExponentialBuilder::new()
        .with_min_delay(FIRST_DELAY)
        .with_max_delay(LONGEST_DELAY)
        .with_max_times(retries)
}

/// Makes a call that may safely be repeated, up to seven times while the service is unreachable or overloaded. Returns
/// the status of the last try when all fail.
pub async fn retry<T, F>(call: impl FnMut() -> F) -> Result<T, Status>
where
    F: Future<Output = Result<Response<T>, Status>>,
{
    let retried = call.retry(delays(TRIES - 1)).when(transient).adjust(longer);
    retried.await.map(Response::into_inner)
}

/// [`retry`] of one method: `repeat!(client, method, message)`.
macro_rules! repeat {
    ($client:expr, $method:ident, $message:expr) => {{
        let message = $message;
        $crate::client::call::retry(|| {
            let (mut client, message) = ($client.clone(), message.clone());
            async move { client.$method($crate::client::call::request(message)).await }
        })
        .await
    }};
}
pub(crate) use repeat;

/// Every page of a list: `pages!(client, method, message, items)` is the last response, whose `items` are those of all
/// pages. The function that uses it returns the error of a page.
macro_rules! pages {
    ($client:expr, $method:ident, $message:expr, $items:ident) => {{
        let mut message = $message;
        let mut items = Vec::new();
        message.page_size = $crate::client::call::PAGE;
        loop {
            let mut page = $crate::client::call::repeat!($client, $method, message.clone())?;
            items.append(&mut page.$items);
            if page.next_page_token.is_empty() {
                page.$items = items;
                break page;
            }
            message.page_token = page.next_page_token;
        }
    }};
}
pub(crate) use pages;

/// A request id that is derived from the method and the content, so that sending the same again is a repeat.
pub fn request_id(method: &str, content: &impl Message) -> String {
    let text = [method.as_bytes(), b"\0", &content.encode_to_vec()].concat();
    Uuid::new_v5(&Uuid::NAMESPACE_URL, &text).to_string()
}

/// Whether the same call may succeed later: the service says so, or the connection broke during the call.
pub fn transient(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable | Code::ResourceExhausted => true,
        Code::Unknown | Code::Internal | Code::Cancelled => std::error::Error::source(status).is_some(),
        _ => false,
    }
}

/// The delay before a retry: what the service asks for, when that is longer; `None` when there are no more retries.
pub fn longer(status: &Status, delay: Option<Duration>) -> Option<Duration> {
    let asked = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay)
        .unwrap_or_default();
    delay.map(|delay| delay.max(asked.min(LONGEST_ASKED)))
}

#[cfg(test)]
mod tests {
    use backon::BackoffBuilder;
    use tonic_types::ErrorDetails;

    use super::*;

    #[tokio::test]
    async fn a_busy_service_is_retried_and_a_refusal_is_final() {
        let mut calls = 0;
        let answer = retry(|| {
            calls += 1;
            let busy = calls < 3;
            async move {
                if busy {
                    Err(Status::resource_exhausted("busy"))
                } else {
                    Ok(Response::new(7))
                }
            }
        });
        assert_eq!(answer.await.unwrap(), 7);
        assert_eq!(calls, 3);

        let mut calls = 0;
        let answer: Result<(), Status> = retry(|| {
            calls += 1;
            async { Err(Status::invalid_argument("no")) }
        })
        .await;
        assert_eq!((answer.unwrap_err().code(), calls), (Code::InvalidArgument, 1));
    }

    #[test]
    fn waits_grow_and_have_a_limit() {
        let delay = |status: &Status, tried: usize| {
            let grown = delays(usize::MAX).build().nth(tried - 1);
            // Growing delays are not exact to the nanosecond.
            Duration::from_millis(longer(status, grown).unwrap().as_millis() as u64)
        };
        let status = Status::unavailable("");
        assert_eq!(delay(&status, 1), FIRST_DELAY);
        assert_eq!(delay(&status, 3), FIRST_DELAY * 4);
        assert_eq!(delay(&status, 60), LONGEST_DELAY);
        let asked = |seconds| {
            let details = ErrorDetails::with_retry_info(Some(Duration::from_secs(seconds)));
            Status::with_error_details(Code::ResourceExhausted, "", details)
        };
        assert_eq!(delay(&asked(7), 1), Duration::from_secs(7));
        assert_eq!(delay(&asked(3600), 1), LONGEST_ASKED);
    }
}
