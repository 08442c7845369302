//! The asker rates a completed consultation, once.

use chrono::{DateTime, Utc};
use prima_platform::{
    caller::Caller,
    command::{Command, IdempotencyKey, Work},
    failure::{Failure, Kind},
    request::{self, Faults},
};
use prima_proto::{complaint::v1, name};

use super::{message, shared::refused};
use crate::{
    context::App,
    rpc::{
        access::{self, Access},
        once,
        party::readable,
        rights::require_liaison,
    },
    store::{Lock, consultation::consultation_save_in_txn},
};

/// Who rates.
enum By {
    /// A citizen, by tracking code and secret.
    Citizen(Access),
    /// The unit that asked, by a token of its agency.
    Unit(name::Consultation),
}

/// A parsed rating.
pub struct Rate {
    once: IdempotencyKey,
    by: By,
    /// 1 to 5.
    rating: i32,
}

impl Command for Rate {
    /// A citizen who asked a service desk has no token.
    type App = App;
    type Message = v1::RateConsultationRequest;
    type Answer = v1::RateConsultationResponse;

    fn parse(raw: Self::Message, _: DateTime<Utc>) -> Result<Self, Failure> {
        let mut faults = Faults::default();
        let once = faults.take(once::parse("complaint.RateConsultation", &raw.request_id, &raw));
        let by = if raw.name.is_empty() {
            access::required("access", raw.access, &mut faults).map(By::Citizen)
        } else {
            if raw.access.is_some() {
                faults.add(
                    "access",
                    "must be left out where a name is given",
                    "harus dikosongkan bila nama diisi",
                );
            }
            let name = faults.take(request::name("name", &raw.name));
            name.map(By::Unit)
        };
        let rating = faults.range("rating", raw.rating, 1, 5);
        faults.build(|| {
            Some(Self {
                once: once?,
                by: by?,
                rating,
            })
        })
    }

    fn idempotency_key(&self) -> Option<IdempotencyKey> {
        Some(self.once.clone())
    }

    async fn prepare(&mut self, app: &App) -> Result<Option<Caller>, Failure> {
        let By::Citizen(access) = &self.by else {
            return Ok(None);
        };
        let asked = access::consultation(app, app.context.db.reader(), access, Lock::None).await?;
        Ok(Some(access::requester(&asked.name)))
    }

    async fn work(self, work: &mut Work<'_, App>) -> Result<Self::Answer, Failure> {
        let (txn, caller) = (work.txn, work.caller);
        let mut stored = match &self.by {
            By::Citizen(access) => access::consultation(work.app, txn, access, Lock::Update).await?,
            By::Unit(name) => {
                let stored = readable(txn, caller, name, Lock::Update).await?;
                let unit = stored.head.asking.as_ref().ok_or_else(not_the_asker)?;
                require_liaison(caller, &unit.agency)?;
                stored
            }
        };
        stored.progress.rate(self.rating).map_err(refused)?;
        consultation_save_in_txn(txn, &mut stored, work.now()).await?;
        Ok(v1::RateConsultationResponse {
            state: message::state(stored.progress.state).into(),
            rating: stored.progress.rating,
        })
    }
}

fn not_the_asker() -> Failure {
    Failure::new(
        Kind::Denied,
        "PERMISSION_DENIED",
        "a citizen's question is rated with its code and secret",
        "Konsultasi warga dinilai dengan kode pelacakan dan kode rahasianya",
    )
}
