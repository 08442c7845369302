//! Fixed documents that are answered to GET, such as the description of the API.

use std::collections::HashMap;

use bytes::Bytes;
use http::{HeaderValue, Method, Response, header};
use tonic::body::Body;

use super::refusal::whole;

/// A document that needs no token.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its path, such as `/openapi.json`.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Its content.
    pub body: Bytes,
}

/// The documents of a server, by path.
pub(super) struct Documents(HashMap<&'static str, Document>);

impl Documents {
    pub(super) fn new(documents: Vec<Document>) -> Self {
        Self(documents.into_iter().map(|one| (one.path, one)).collect())
    }

    /// The document of a path.
    pub(super) fn get(&self, path: &str) -> Option<&Document> {
        self.0.get(path)
    }
}

impl Document {
    /// The methods of HTTP that a document has.
    pub(super) const ALLOWED: &'static [Method] = &[Method::GET, Method::HEAD];

    /// The response to `method`; `None` when it is not one of [`Self::ALLOWED`].
    pub(super) fn answer(&self, method: &Method) -> Option<Response<Body>> {
        let body = match *method {
            Method::GET => self.body.clone(),
            Method::HEAD => Bytes::new(),
            _ => return None,
        };
        let mut response = Response::new(whole(body));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        // It changes with the release only.
        headers.insert(
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=300"),
        );
        Some(response)
    }
}
