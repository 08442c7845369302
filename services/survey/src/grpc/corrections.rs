//! Voids.

use std::collections::HashSet;

use prima_platform::{
    caller::{Caller, Role},
    failure::{Failure, Violation},
    page::Page,
    request_id,
};
use prima_proto::survey::v1 as pb;

use super::convert;
use crate::{
    app::{
        App,
        void_responses::{VoidResponses, Which, entry, void_responses},
    },
    domain::input,
    store::{survey::survey_get, void::void_page},
};

const IDS_MAX: usize = 1000;

pub async fn void(
    app: &App,
    caller: &Caller,
    r: pb::VoidResponsesRequest,
) -> Result<pb::VoidResponsesResponse, Failure> {
    let digest = request_id::digest(&r);
    let mut faults = Vec::new();
    faults.extend(request_id::check("request_id", &r.request_id).err());
    let survey = convert::survey_name("survey", &r.survey)
        .map_err(|v| faults.push(v))
        .ok();
    let which = which(r.which, &mut faults);
    let reason = input::line("reason", &r.reason, 5, 500, &mut faults);
    let (Some(survey), Some(which), true) = (survey, which, faults.is_empty()) else {
        return Err(faults.into());
    };
    let command = VoidResponses {
        request_id: r.request_id,
        digest,
        survey,
        which,
        reason,
    };
    let void = void_responses(app, caller, command).await?;
    Ok(pb::VoidResponsesResponse { void: Some(void) })
}

fn which(given: Option<pb::void_responses_request::Which>, faults: &mut Vec<Violation>) -> Option<Which> {
    use pb::void_responses_request::Which as Given;
    match given {
        None => {
            faults.push(Violation::new(
                "which",
                "needs `responses` or `import_id`",
                "perlu `responses` atau `import_id`",
            ));
            None
        }
        Some(Given::ImportId(import)) => {
            faults.extend(request_id::check("import_id", &import).err());
            Some(Which::Import(import))
        }
        Some(Given::Responses(list)) => {
            if !(1..=IDS_MAX).contains(&list.ids.len()) {
                faults.push(Violation::new(
                    "responses.ids",
                    format!("must be 1 to {IDS_MAX}"),
                    format!("harus 1 sampai {IDS_MAX} tanggapan"),
                ));
                return None;
            }
            let mut seen = HashSet::new();
            for (n, id) in (0..).zip(&list.ids) {
                let field = format!("responses.ids[{n}]");
                faults.extend(request_id::check(&field, id).err());
                if !seen.insert(id) {
                    faults.push(Violation::new(field, "is named twice", "disebut dua kali"));
                }
            }
            Some(Which::Ids(list.ids))
        }
    }
}

pub async fn list_voids(
    app: &App,
    caller: &Caller,
    r: pb::ListVoidsRequest,
) -> Result<pb::ListVoidsResponse, Failure> {
    caller.known()?;
    let mut faults = Vec::new();
    let survey = convert::survey_name("survey", &r.survey)
        .map_err(|v| faults.push(v))
        .ok();
    let page = Page::parse(r.page_size, &r.page_token, &[&r.survey])
        .map_err(|v| faults.extend(v))
        .ok();
    let (Some(survey), Some(page)) = (survey, page) else {
        return Err(faults.into());
    };
    caller.require(&[Role::Operator, Role::Evaluator], &survey.unit.agency)?;
    let reader = app.context.db.reader();
    let text = survey.to_string();
    let stored = survey_get(reader, &text)
        .await?
        .ok_or_else(|| Failure::not_found(&text))?;
    // A token is checked when the page is parsed; what is no number can't be in one.
    let after = page.after.parse().unwrap_or(0);
    let mut voids = void_page(reader, stored.id, after, page.limit()).await?;
    let next_page_token = page.cut(&mut voids, |v| v.number.to_string());
    Ok(pb::ListVoidsResponse {
        voids: voids.iter().map(entry).collect(),
        next_page_token,
    })
}
