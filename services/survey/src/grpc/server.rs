//! The RPCs: convert, call the use case, answer.

use std::{collections::HashSet, time::Duration};

use futures::StreamExt;
use prima_platform::{
    caller::{self, Caller, Role},
    clock::to_proto,
    failure::{Failure, Kind, Violation},
    grpc::{WatchStream, status},
};
use prima_proto::{
    subject,
    survey::v1::{
        self as pb,
        survey_service_server::{SurveyService, SurveyServiceServer},
    },
};
use tokio::sync::watch;
use tonic::{Request, Response, Status, Streaming};

use super::convert;
use crate::{
    app::{
        App,
        close_survey::close_survey,
        create_survey::create_survey,
        intake::{Item, Outcome},
        result,
        update_survey::update_survey,
    },
    domain::sample,
    store::{
        survey::survey_page,
        unit::{unit_confirmed, unit_confirmed_in},
    },
};

/// Responses of a stream that share one hand-over to intake.
const CHUNK: usize = 1000;
/// Chunks of one stream on their way at once.
const AHEAD: usize = 2;
/// Refused responses that an answer lists.
const LISTED: usize = 1000;
/// How often a watched result is looked at when no event says so: the bus may be down.
const LOOK: Duration = Duration::from_secs(2);

/// The service for tonic.
pub fn server(app: App, ready: watch::Sender<bool>, max_message_bytes: usize) -> SurveyServiceServer<Server> {
    SurveyServiceServer::new(Server { app, _ready: ready }).max_decoding_message_size(max_message_bytes)
}

/// Answers the RPCs.
pub struct Server {
    app: App,
    _ready: watch::Sender<bool>,
}

type Answer<T> = std::result::Result<Response<T>, Status>;

fn answer<T>(result: std::result::Result<T, Failure>) -> Answer<T> {
    result.map(Response::new).map_err(status)
}

impl Server {
    async fn get_survey(&self, caller: &Caller, name: &str) -> std::result::Result<pb::Survey, Failure> {
        caller.known()?;
        let name = convert::survey_name("name", name).map_err(|v| vec![v])?;
        let reader = self.app.context.db.reader();
        let stored = crate::store::survey::survey_get(reader, &name.to_string()).await?;
        let stored = stored.ok_or_else(|| Failure::not_found(&name.to_string()))?;
        let confirmed = unit_confirmed(reader, &name.unit).await?;
        Ok(convert::survey(&stored, confirmed, self.app.context.clock.now()))
    }

    async fn list_surveys(
        &self,
        r: pb::ListSurveysRequest,
    ) -> std::result::Result<pb::ListSurveysResponse, Failure> {
        let (filter, page) = convert::list(&r.parent, r.page_size, &r.page_token, &r.period)?;
        let reader = self.app.context.db.reader();
        let mut surveys = survey_page(reader, &filter).await?;
        let next_page_token = page.cut(&mut surveys, |s| s.survey.name.to_string());
        let agencies: HashSet<&str> = surveys
            .iter()
            .map(|s| s.survey.name.unit.agency.as_str())
            .collect();
        let known = unit_confirmed_in(reader, &agencies.into_iter().collect::<Vec<_>>()).await?;
        let now = self.app.context.clock.now();
        let surveys = surveys
            .iter()
            .map(|s| {
                let unit = &s.survey.name.unit;
                convert::survey(s, known.contains(&(unit.agency.clone(), unit.unit.clone())), now)
            })
            .collect();
        Ok(pb::ListSurveysResponse {
            surveys,
            next_page_token,
        })
    }

    async fn list_results(
        &self,
        r: pb::ListResultsRequest,
    ) -> std::result::Result<pb::ListResultsResponse, Failure> {
        let (filter, page) = convert::list(&r.parent, r.page_size, &r.page_token, &r.period)?;
        let mut rows = result::page(&self.app.context.db, &filter).await?;
        let next_page_token = page.cut(&mut rows, |(s, _)| s.survey.name.to_string());
        let now = self.app.context.clock.now();
        let results = rows.iter().map(|(s, o)| convert::result(s, o, now)).collect();
        Ok(pb::ListResultsResponse {
            results,
            next_page_token,
        })
    }

    async fn get_result(&self, caller: &Caller, survey: &str) -> std::result::Result<pb::Result, Failure> {
        caller.known()?;
        let name = convert::survey_name("survey", survey)
            .map_err(|v| vec![v])?
            .to_string();
        let found = result::get(&self.app.context.db, &name).await?;
        let (stored, outcome) = found.ok_or_else(|| Failure::not_found(&name))?;
        Ok(convert::result(&stored, &outcome, self.app.context.clock.now()))
    }

    async fn submit_response(
        &self,
        caller: &Caller,
        r: pb::SubmitResponseRequest,
    ) -> std::result::Result<pb::SubmitResponseResponse, Failure> {
        let id = r.request_id.clone();
        let item = convert::item(&r.survey, r.request_id, "request_id", r.response)?;
        allow(caller, &item)?;
        let name = format!("{}/responses/{id}", item.survey);
        match self.app.intake.submit(vec![item], false).await?.pop() {
            Some(Outcome::Accepted(at) | Outcome::Repeated(at)) => Ok(pb::SubmitResponseResponse {
                name,
                accept_time: Some(to_proto(at)),
            }),
            Some(Outcome::Refused(failure)) => Err(failure),
            None => Err(Failure::internal("no outcome")),
        }
    }

    async fn submit_responses(
        &self,
        caller: Caller,
        stream: Streaming<pb::SubmitResponsesRequest>,
    ) -> std::result::Result<pb::SubmitResponsesResponse, Failure> {
        let mut sum = pb::SubmitResponsesResponse::default();
        let mut last = String::new();
        let chunks = stream
            .enumerate()
            .map(|(index, message)| message.map(|m| (index as i64, m)))
            .map(|message| {
                message.map(|(index, m)| {
                    if !m.survey.is_empty() {
                        m.survey.clone_into(&mut last);
                    }
                    let id = m.response_id.clone();
                    let item = convert::item(&last, m.response_id, "response_id", m.response)
                        .and_then(|item| allow(&caller, &item).map(|()| item));
                    (index, id, item)
                })
            })
            .ready_chunks(CHUNK)
            .map(|chunk| self.take_chunk(chunk))
            .buffered(AHEAD);
        let mut chunks = std::pin::pin!(chunks);
        while let Some(chunk) = chunks.next().await {
            let (outcomes, broken) = chunk?;
            for (index, response_id, outcome) in outcomes {
                match outcome {
                    Outcome::Accepted(_) => sum.accepted += 1,
                    Outcome::Repeated(_) => sum.repeated_count += 1,
                    Outcome::Refused(failure) => {
                        sum.rejected += 1;
                        if sum.rejections.len() < LISTED {
                            sum.rejections.push(rejection(index, response_id, failure));
                        }
                    }
                }
            }
            if let Some(broken) = broken {
                return Err(broken);
            }
        }
        Ok(sum)
    }

    /// Hands a chunk over. What came before a broken message is stored; then the stream fails.
    #[expect(
        clippy::type_complexity,
        reason = "private; index, id and outcome of each, and what broke the stream"
    )]
    async fn take_chunk(
        &self,
        chunk: Vec<std::result::Result<(i64, String, std::result::Result<Item, Failure>), Status>>,
    ) -> std::result::Result<(Vec<(i64, String, Outcome)>, Option<Failure>), Failure> {
        let (mut items, mut places, mut outcomes) = (Vec::new(), Vec::new(), Vec::new());
        let mut broken = None;
        for message in chunk {
            match message {
                Ok((index, id, Ok(item))) => {
                    items.push(item);
                    places.push((index, id));
                }
                Ok((index, id, Err(failure))) => outcomes.push((index, id, Outcome::Refused(failure))),
                Err(error) => {
                    broken = Some(broken_stream(&error));
                    break;
                }
            }
        }
        if !items.is_empty() {
            let stored = self.app.intake.submit(items, true).await?;
            outcomes.extend(
                places
                    .into_iter()
                    .zip(stored)
                    .map(|((index, id), outcome)| (index, id, outcome)),
            );
        }
        outcomes.sort_by_key(|(index, _, _)| *index);
        Ok((outcomes, broken))
    }

    async fn watch_result(
        &self,
        caller: &Caller,
        survey: &str,
    ) -> std::result::Result<WatchStream<pb::WatchResultResponse>, Failure> {
        let first = self.get_result(caller, survey).await?;
        let name = convert::survey_name("survey", survey).map_err(|v| vec![v])?;
        let bell = self.app.results.watch(&subject::survey_result(&name));
        let app = self.app.clone();
        let text = name.to_string();
        app.context.watchers.clone().open(move |sender| async move {
            let mut rung = bell.subscribe();
            let mut version = first.version;
            let mut next = Some(first);
            loop {
                if let Some(result) = next.take() {
                    version = result.version;
                    if sender
                        .send(pb::WatchResultResponse { result: Some(result) })
                        .await
                        .is_err()
                    {
                        return;
                    }
                }
                tokio::select! {
                    () = sender.closed() => return,
                    _ = rung.changed() => {}
                    () = tokio::time::sleep(LOOK) => {}
                }
                // The event only says when to look: this database is the truth.
                match result::get(&app.context.db, &text).await {
                    Ok(Some((stored, outcome))) if stored.version != version => {
                        next = Some(convert::result(&stored, &outcome, app.context.clock.now()));
                    }
                    Ok(_) => {}
                    Err(failure) => return sender.fail(failure).await,
                }
            }
        })
    }
}

/// Handing in responses needs a role in the survey's agency.
fn allow(caller: &Caller, item: &Item) -> std::result::Result<(), Failure> {
    caller.require(&[Role::Operator, Role::Intake], &item.survey.unit.agency)
}

fn broken_stream(error: &Status) -> Failure {
    let kind = match error.code() {
        tonic::Code::OutOfRange | tonic::Code::ResourceExhausted => Kind::Exhausted,
        tonic::Code::Cancelled | tonic::Code::Unknown | tonic::Code::Unavailable => Kind::Unavailable,
        _ => Kind::Invalid,
    };
    let text = format!(
        "the stream broke: {}; what came before is stored",
        error.message()
    );
    Failure::new(
        kind,
        "STREAM_BROKEN",
        text,
        "Aliran data terputus; yang sudah diterima sebelumnya tersimpan",
    )
}

fn rejection(index: i64, response_id: String, failure: Failure) -> pb::Rejection {
    let internal = failure.kind == Kind::Internal;
    pb::Rejection {
        index,
        response_id: response_id.chars().take(64).collect(),
        reason: failure.reason.to_owned(),
        message: if internal {
            "internal error".to_owned()
        } else {
            failure.localized
        },
        violations: failure
            .violations
            .into_iter()
            .take(30)
            .map(|v| pb::FieldViolation {
                field: v.field,
                description: v.description,
                localized_message: v.localized,
            })
            .collect(),
    }
}

#[tonic::async_trait]
impl SurveyService for Server {
    async fn create_survey(&self, r: Request<pb::CreateSurveyRequest>) -> Answer<pb::CreateSurveyResponse> {
        let caller = caller::of(&r);
        let work = async {
            let command = convert::create(r.into_inner(), self.app.context.clock.now())?;
            let survey = create_survey(&self.app, &caller, command).await?;
            Ok(pb::CreateSurveyResponse { survey: Some(survey) })
        };
        answer(work.await)
    }

    async fn get_survey(&self, r: Request<pb::GetSurveyRequest>) -> Answer<pb::GetSurveyResponse> {
        let survey = self.get_survey(&caller::of(&r), &r.get_ref().name).await;
        answer(survey.map(|s| pb::GetSurveyResponse { survey: Some(s) }))
    }

    async fn list_surveys(&self, r: Request<pb::ListSurveysRequest>) -> Answer<pb::ListSurveysResponse> {
        answer(self.list_surveys(r.into_inner()).await)
    }

    async fn update_survey(&self, r: Request<pb::UpdateSurveyRequest>) -> Answer<pb::UpdateSurveyResponse> {
        let caller = caller::of(&r);
        let work = async {
            let (name, etag, change) = convert::update(r.into_inner())?;
            let survey = update_survey(&self.app, &caller, &name, &etag, change).await?;
            Ok(pb::UpdateSurveyResponse { survey: Some(survey) })
        };
        answer(work.await)
    }

    async fn close_survey(&self, r: Request<pb::CloseSurveyRequest>) -> Answer<pb::CloseSurveyResponse> {
        let caller = caller::of(&r);
        let work = async {
            let name = convert::survey_name("name", &r.get_ref().name).map_err(|v| vec![v])?;
            let survey = close_survey(&self.app, &caller, &name, &r.get_ref().etag).await?;
            Ok(pb::CloseSurveyResponse { survey: Some(survey) })
        };
        answer(work.await)
    }

    async fn submit_response(
        &self,
        r: Request<pb::SubmitResponseRequest>,
    ) -> Answer<pb::SubmitResponseResponse> {
        let caller = caller::of(&r);
        answer(self.submit_response(&caller, r.into_inner()).await)
    }

    async fn submit_responses(
        &self,
        r: Request<Streaming<pb::SubmitResponsesRequest>>,
    ) -> Answer<pb::SubmitResponsesResponse> {
        let caller = caller::of(&r);
        answer(self.submit_responses(caller, r.into_inner()).await)
    }

    async fn get_result(&self, r: Request<pb::GetResultRequest>) -> Answer<pb::GetResultResponse> {
        let result = self.get_result(&caller::of(&r), &r.get_ref().survey).await;
        answer(result.map(|r| pb::GetResultResponse { result: Some(r) }))
    }

    async fn list_results(&self, r: Request<pb::ListResultsRequest>) -> Answer<pb::ListResultsResponse> {
        answer(self.list_results(r.into_inner()).await)
    }

    type WatchResultStream = WatchStream<pb::WatchResultResponse>;

    async fn watch_result(&self, r: Request<pb::WatchResultRequest>) -> Answer<Self::WatchResultStream> {
        answer(self.watch_result(&caller::of(&r), &r.get_ref().survey).await)
    }

    async fn calculate_sample_size(
        &self,
        r: Request<pb::CalculateSampleSizeRequest>,
    ) -> Answer<pb::CalculateSampleSizeResponse> {
        let size = sample::krejcie_morgan(r.get_ref().population).ok_or_else(|| {
            Failure::invalid(vec![Violation::new(
                "population",
                "must be 1 to 1,000,000,000",
                "harus 1 sampai 1.000.000.000",
            )])
        });
        answer(size.map(|sample_size| pb::CalculateSampleSizeResponse { sample_size }))
    }
}
