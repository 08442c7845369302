//! Other surveys of the unit into which a file may have been imported already.

use prima_proto::survey::v1 as pb;

use super::form::Form;
use crate::client::call::repeat;
use crate::client::connect::Survey;
use crate::client::import::PAGE;
use crate::client::print;

/// Returns the result of a survey.
///
/// # Errors
///
/// When the service rejects the request.
pub(super) async fn result(client: &Survey, survey: &str) -> anyhow::Result<pb::Result> {
    let message = pb::GetResultRequest {
        survey: survey.to_owned(),
    };
    let answer = repeat!(client, get_result, message)?;
    Ok(answer.result.unwrap_or_default())
}

/// Prints the other surveys of the unit that hold responses of this very file, and those of the same period, with which
/// it is pooled.
///
/// # Errors
///
/// When the service rejects the request.
pub(super) async fn note_siblings(client: &Survey, form: &Form, import_id: &str) -> anyhow::Result<()> {
    let Some((parent, _)) = form.survey.split_once("/surveys/") else {
        return Ok(());
    };
    let others = async |period: &str, import_id: &str| -> anyhow::Result<Vec<String>> {
        let message = pb::ListSurveysRequest {
            parent: parent.to_owned(),
            page_size: PAGE,
            period: period.to_owned(),
            import_id: import_id.to_owned(),
            ..Default::default()
        };
        let surveys = repeat!(client, list_surveys, message)?.surveys;
        let names = surveys.into_iter().map(|survey| survey.name);
        Ok(names.filter(|name| *name != form.survey).collect())
    };
    let with_file = others("", import_id).await?;
    for other in &with_file {
        print::note(&print::clean(&format!(
            "berkas ini ({import_id}) sudah diimpor ke survei `{other}` dari unit yang sama; bila keliru, batalkan salah satunya \
             dengan `prima call VoidResponses survey=SURVEI import_id={import_id} reason=…`"
        )));
    }
    for other in others(&form.period_name, "").await? {
        let count = result(client, &other).await?.respondents;
        if count > 0 && !with_file.contains(&other) {
            print::note(&print::clean(&format!(
                "unit ini juga memiliki survei `{other}` pada periode yang sama, dengan {count} responden, dan nilai unit \
                 dihitung dari keduanya; pastikan berkas ini belum diimpor ke sana"
            )));
        }
    }
    Ok(())
}
