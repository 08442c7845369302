//! The form of a survey, as the device of a citizen reads it.

use prima_proto::survey::v1 as pb;

use crate::cli::SurveyQuestionsArgs;
use crate::client::call::repeat;
use crate::client::connect::Survey;
use crate::client::print::{self, Table};
use crate::client::text;

use super::corrections::local;

/// Runs `prima survey questions`.
pub(super) async fn show(client: &Survey, args: SurveyQuestionsArgs) -> anyhow::Result<()> {
    let secret = |file| text::secrets(file, 1).map(|mut found| found.pop().unwrap_or_default());
    let credential = match (&args.token, &args.link) {
        (None, None) => None,
        (Some(file), _) => Some(pb::Credential {
            token: secret(file)?,
            ..Default::default()
        }),
        (None, Some(file)) => Some(pb::Credential {
            link: secret(file)?,
            ..Default::default()
        }),
    };
    let message = pb::GetQuestionnaireRequest {
        survey: args.survey,
        credential,
    };
    let form = repeat!(client, get_questionnaire, message)?
        .questionnaire
        .unwrap_or_default();
    print::answer(args.output.format, "prima.survey.v1.Questionnaire", &form, render)
}

fn render(form: &pb::Questionnaire) -> String {
    let until = local(form.close_time.as_ref());
    let state = match (form.is_open, until.is_empty()) {
        (true, true) => "dibuka".to_owned(),
        (true, false) => format!("dibuka sampai {until}"),
        (false, _) => format!("dibuka mulai {}", local(form.open_time.as_ref())),
    };
    let mut text = print::lines(&[
        ("Survei", form.survey.clone()),
        ("Judul", print::or_dash(&form.display_name)),
        ("Unit", print::or_dash(&form.unit_display_name)),
        ("Keadaan", state),
        ("Nilai", format!("{} sampai {}", form.min_score, form.max_score)),
    ]);
    text += &Table::of(&form.questions)
        .whole("Kode", |question| &question.code)
        .whole("Unsur", |question| &question.key)
        .text("Pertanyaan", |question| &question.question)
        .text("Jawaban, terendah dahulu", |question| question.answers.join("; "))
        .text("Wajib", |question| if question.optional { "tidak" } else { "ya" })
        .print();
    text.push('\n');
    text + &Table::of(&form.profile_fields)
        .whole("Isian", |field| &field.key)
        .text("Nama", |field| &field.display_name)
        .text("Pilihan", |field| {
            let codes: Vec<&str> = field.choices.iter().map(|one| one.code.as_str()).collect();
            codes.join(", ")
        })
        .print()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_says_whether_it_is_open_and_shows_each_question_with_its_answers() {
        let mut form = pb::Questionnaire {
            survey: "agencies/3271/units/mpp/surveys/a".into(),
            is_open: true,
            min_score: 1,
            max_score: 4,
            questions: vec![pb::Question {
                key: "time".into(),
                code: "U3".into(),
                question: "Bagaimana waktu pelayanan?".into(),
                answers: vec!["lama".into(), "cepat".into()],
                ..Default::default()
            }],
            ..Default::default()
        };
        let text = render(&form);
        assert!(text.contains("Keadaan     : dibuka\n"), "{text}");
        assert!(text.contains("lama; cepat") && text.contains("U3"), "{text}");
        form.is_open = false;
        form.open_time = Some("2024-07-01T01:00:00Z".parse().unwrap());
        assert!(
            render(&form).contains("dibuka mulai 2024-07-01"),
            "{}",
            render(&form)
        );
    }
}
