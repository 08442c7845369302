//! The asker rates a completed consultation, once.

use prima_platform::{
    caller::Caller,
    failure::{Failure, Kind},
};
use prima_proto::{complaint::v1, name};

use super::{App, named, refused, require_liaison, shown};
use crate::{
    app::{Once, reporter::Access},
    grpc::render_consultation::state,
    store::{Lock, consultation::consultation_save},
};

const METHOD: &str = "complaint.RateConsultation";

/// Who rates.
pub enum By {
    /// A citizen, with code and secret.
    Citizen(Access),
    /// The unit that asked, with a token of its agency.
    Unit(name::Consultation),
}

/// A rating.
pub struct Request {
    /// Tells repeats.
    pub once: Once,
    /// Who rates what.
    pub by: By,
    /// 1 to 5.
    pub rating: i32,
}

/// The answer, the first one when the request is a repeat.
pub async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
) -> Result<v1::RateConsultationResponse, Failure> {
    let txn = app.context.db.begin().await?;
    let (mut stored, rater) = match &request.by {
        By::Citizen(access) => {
            let stored = shown(app, &txn, access, Lock::Update).await?;
            // Citizens have no token: their request ids are told apart by what they ask about.
            let rater = Caller::new(stored.name.to_string(), Vec::new(), Vec::new());
            (stored, rater)
        }
        By::Unit(name) => {
            caller.known()?;
            let stored = named(&txn, name, Lock::Update).await?;
            let unit = stored.head.asking.as_ref().ok_or_else(not_the_asker)?;
            require_liaison(caller, &unit.agency)?;
            (stored, caller.clone())
        }
    };
    if let Some(first) = request.once.find(&txn, METHOD, &rater).await? {
        return Ok(first);
    }
    stored.course.rate(request.rating).map_err(refused)?;
    consultation_save(&txn, &mut stored, app.now()).await?;
    let answer = v1::RateConsultationResponse {
        state: state(stored.course.state).into(),
        rating: stored.course.rating,
    };
    request.once.keep(&txn, METHOD, &rater, &answer, app).await?;
    app.commit(txn).await?;
    Ok(answer)
}

fn not_the_asker() -> Failure {
    Failure::new(
        Kind::Denied,
        "PERMISSION_DENIED",
        "a citizen's question is rated with its code and secret",
        "Konsultasi warga dinilai dengan kode pelacakan dan kode rahasianya",
    )
}
