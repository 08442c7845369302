//! Hostile letters in every text field of every request. The list of fields follows from the descriptors: one that is not
//! listed here is a name, and refuses letters that can't be seen or look like others.

use prima_platform::caller::Role;
use prima_tests::Suite;

use super::{
    Everything, RawClient,
    fields::{Place, every_place, refused_fields},
    healthy, stored,
};

/// Names in which letters deceive: a zero-width space, an override of the direction, a Cyrillic letter, a private character.
const HOSTILE: [&str; 4] = [
    "Dinas K\u{200b}esehatan Kota Uji",
    "Dinas \u{202e}natahesek\u{202c} Kota Uji",
    "Dinas Kes\u{435}hatan Kota Uji",
    "Dinas Kesehatan \u{e000} Kota Uji",
];
/// A text with an escape sequence of a terminal, which no field takes.
const CONTROL: &str = "Dinas \u{1b}[31m Kesehatan Kota Uji";
/// A name with the same length, for which no field is refused because of its letters.
const HONEST: &str = "Dinas Kesehatan Kota Uji";

/// The last fields of the ways to free texts: what people write in their own words. They are kept as they were written, without
/// what rearranges the text around it; control characters are refused.
const FREE: [&str; 17] = [
    "address",
    "answer",
    "citation",
    "contains",
    "criticism",
    "decision",
    "description",
    "grounds",
    "location",
    "note",
    "purpose",
    "query",
    "question",
    "reason",
    "remark",
    "suggestion",
    "text",
];
/// A report of a citizen has a free title; other titles are names.
const FREE_TITLE: &[(&str, &str)] = &[("SubmitComplaint", "title")];
/// Fields whose text has no effect in such a request: the service sets them, they can't be changed, or they are only compared with
/// what is stored, such as a key of the survey's instrument, an `etag` or a code. `*` is any method; a path covers what is in it.
const NOT_READ: &[(&str, &str)] = &[
    ("*", "etag"),
    ("ListAuditEntries", "method"),
    ("ListAuditEntries", "subject"),
    ("CreateUnit", "unit.close_date"),
    ("CreateUnit", "unit.successors"),
    ("UpdateUnit", "unit.close_date"),
    ("UpdateUnit", "unit.successors"),
    ("CreateUnitType", "unit_type.key"),
    ("UpdateUnitType", "unit_type.key"),
    ("CreateSurvey", "survey.elements[0].display_name"),
    ("CreateSurvey", "survey.elements[0].question"),
    ("CreateSurvey", "survey.elements[0].answers"),
    ("CreateSurvey", "survey.elements[0].aspect"),
    ("CreateSurvey", "survey.citations"),
    // These are checked with the survey, which this request does not name.
    ("UpdateSurvey", "survey.display_name"),
    ("UpdateSurvey", "survey.period"),
    ("UpdateSurvey", "survey.instrument"),
    ("UpdateSurvey", "survey.elements"),
    ("UpdateSurvey", "survey.service_populations"),
    ("UpdateSurvey", "survey.citations"),
    ("SubmitResponse", "response.profile"),
    ("SubmitResponses", "response.profile"),
    ("SubmitResponse", "response.device"),
    ("SubmitResponses", "response.device"),
    ("SubmitResponse", "credential.token"),
    ("SubmitResponses", "credential.token"),
    ("SubmitResponse", "credential.link"),
    ("SubmitResponses", "credential.link"),
    ("ReadResponse", "token"),
    ("EraseResponseTexts", "token"),
    ("RecordResult", "result.actor"),
    ("CreateFollowUp", "follow_up.element"),
    ("CreateFollowUp", "follow_up.done_date"),
    ("CreateFollowUp", "follow_up.evidence"),
    ("CreateFollowUp", "follow_up.note"),
    ("OpenCycle", "cycle.weighting"),
    ("OpenCycle", "cycle.roll_up"),
    ("OpenCycle", "cycle.under_minimum_policy"),
    ("ListCycles", "year"),
    ("UpdateCycle", "cycle.year"),
    ("UpdateCycle", "cycle.agency"),
    ("UpdateCycle", "cycle.instrument"),
    ("UpdateCycle", "cycle.weighting"),
    ("UpdateCycle", "cycle.roll_up"),
    ("UpdateCycle", "cycle.under_minimum_policy"),
    ("UpdateCycle", "cycle.evaluation_date"),
    ("SubmitSelfAssessment", "levels[0].indicator"),
    ("AttachEvidence", "head.evidence.indicator"),
    ("SubmitEvaluation", "evaluations[0].indicator"),
    ("SubmitEvaluation", "evaluations[0].evaluator"),
    ("FileObjection", "indicator"),
    ("CreateAction", "action.indicator"),
    ("CreateAction", "action.done_date"),
    ("CreateAction", "action.note"),
    ("GetInstrument", "id"),
    ("CheckInstrument", "document"),
    ("AddInstrument", "document"),
    ("SimulateIndex", "instrument"),
    ("SimulateIndex", "form"),
    ("SimulateIndex", "f03"),
    ("SimulateIndex", "under_minimum_policy"),
    ("SimulateIndex", "weighting"),
    ("SimulateIndex", "leave_out_aspect"),
    // The metric, which this request does not name, says what it has.
    ("RecordExternalScore", "score.score"),
    ("RecordExternalScore", "score.category"),
    ("RecordExternalScore", "score.category_display_name"),
    ("RecordExternalScore", "score.zone"),
    ("RecordExternalScore", "score.era"),
    ("RecordExternalScore", "score.change"),
    ("RecordExternalScore", "score.recorder"),
    ("RecordExternalScore", "score.parts"),
    ("RecordExternalScore", "score.units_mean"),
    ("WatchLeagueTable", "resume_token"),
    ("EnterRound", "entry.answers[0].part"),
    ("EnterRound", "entry.awards"),
    ("EnterRound", "entry.category"),
    ("EnterRound", "entry.causes"),
    ("EnterRound", "entry.failed_rules"),
    ("EnterRound", "entry.group"),
    ("EnterRound", "entry.note"),
    ("EnterRound", "entry.results"),
    ("EnterRound", "entry.title"),
    ("UpdateEntry", "entry.innovation"),
    ("UpdateEntry", "entry.answers[0].part"),
    ("UpdateEntry", "entry.awards"),
    ("UpdateEntry", "entry.category"),
    ("UpdateEntry", "entry.causes"),
    ("UpdateEntry", "entry.failed_rules"),
    ("UpdateEntry", "entry.group"),
    ("UpdateEntry", "entry.note"),
    ("UpdateEntry", "entry.results"),
    ("UpdateEntry", "entry.title"),
    ("OpenRound", "round.panel[0].stages"),
    ("OpenRound", "round.stage"),
    ("OpenRound", "round.windows"),
    ("OpenRound", "template"),
    ("RecordReplication", "replication.follow_ups"),
    ("RegisterInnovation", "innovation.category"),
    ("UpdateInnovation", "innovation.category"),
    ("ScoreEntry", "parts[0].part"),
    ("RejectComplaint", "reason"),
    ("RequestConsultation", "asking_unit"),
    ("TrackComplaint", "access"),
    ("GetQuestionnaire", "credential.token"),
    ("GetQuestionnaire", "credential.link"),
    ("UpdateDesk", "desk.records"),
    ("UpdateTeamMember", "member.display_name"),
    ("UpdateTeamMember", "member.office"),
    ("UpdateTeamMember", "member.topics"),
    ("VerifyComplaint", "class"),
];

/// Whether a list has this field, or what it is in; `*` is any method, with the name of a field.
fn lists(list: &[(&str, &str)], place: &Place) -> bool {
    let (method, path) = (place.method.name(), place.path());
    list.iter().any(|(named, at)| {
        let within = path.strip_prefix(at);
        let covered = within.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
        (*named == method && covered) || (*named == "*" && last(place) == *at)
    })
}

fn last(place: &Place) -> String {
    place.way.last().unwrap().name().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_letters_are_refused_in_every_field_that_is_a_name() {
    let suite = Suite::start().await;
    let all = Everything::beside(suite).await;
    let suite = &all.suite;
    let token = suite.cluster.token(
        &[Role::Admin, Role::Operator, Role::Intake, Role::Evaluator],
        &["*"],
    );
    let before = stored(&suite.cluster).await;
    let (mut wrong, mut names, mut free) = (Vec::new(), 0, 0);
    for place in every_place() {
        let service = place.method.parent_service();
        let process = all.process(service);
        let client = RawClient::new(process, service.full_name(), &token);
        let blamed = async |text: &str| {
            let fields = refused_fields(&client, &place, Some(text)).await;
            fields.iter().any(|field| place.is_blamed(field))
        };
        let (method, path) = (place.method.name(), place.path());
        let is_free = FREE.contains(&last(&place).as_str()) || lists(FREE_TITLE, &place);
        let unread = lists(NOT_READ, &place) || place.is_own_name();
        let mut taken = Vec::new();
        for text in HOSTILE {
            if !blamed(text).await {
                taken.push(text);
            }
        }
        let control = blamed(CONTROL).await;
        let as_it_should = match (unread, is_free) {
            (true, _) => taken.len() == HOSTILE.len() && !control,
            (false, true) => taken.len() == HOSTILE.len() && control,
            (false, false) => taken.is_empty() && control,
        };
        if !as_it_should {
            wrong.push(format!(
                "{method} {path}: {} of {} taken, control characters refused: {control}",
                taken.len(),
                HOSTILE.len()
            ));
        }
        // A name that refuses honest text as well has another form, such as that of an id.
        names += usize::from(!unread && !is_free && !blamed(HONEST).await);
        free += usize::from(!unread && is_free);
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    assert!(names > 20 && free > 40, "{names} names, {free} free texts");
    assert_eq!(stored(&suite.cluster).await, before, "nothing is stored");
    healthy(suite).await;
}
