//! The gRPC server: statuses, the edge around all services, limits, and `Watch…` streams.

mod answer;
mod body;
mod connect;
mod connection;
mod edge;
mod limits;
mod origin;
mod rates;
mod server;
mod shares;
mod shed;
mod status;
mod tls;
mod watching;

pub use answer::{Answer, answer};
pub use connect::{Document, by_get};
pub use edge::{Edge, InvalidToken};
pub use origin::Network;
pub use server::{Error as ServerError, Server, bind};
pub use status::status;
pub use tls::Error as TlsError;
pub use watching::{Sender as WatchSender, WatchStream, Watchers};
