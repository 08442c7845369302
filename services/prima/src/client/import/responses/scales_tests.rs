//! Tests of the scores of answers.

use super::*;
use crate::client::import::responses::form_fixture::form;

/// Returns the scores of all answers to one question, when every question has the same answers.
fn judged(key: &str, texts: &[&str]) -> Vec<Option<i32>> {
    let form = form();
    let question = form.question(key).unwrap();
    let mut pool = Pool::default();
    for text in texts {
        pool.add(text, question);
    }
    let judged = Judged::new(texts.iter().copied(), question, (1, 4), &pool);
    texts.iter().map(|text| judged.score(text).ok()).collect()
}

#[test]
fn a_number_of_the_scale_is_a_score_and_no_other_number_is() {
    for (text, expected) in [
        ("3", Some(3)),
        ("3,0", Some(3)),
        ("4.00", Some(4)),
        ("5", None),
        ("0", None),
        ("3.5", None),
        ("2.000", None),
        ("1-4", None),
        ("3/4", None),
        ("2024-01-04", None),
        ("04-Jan", None),
        ("2 hari", None),
        ("3 dari 5", None),
        ("Rp 2", None),
        ("kurang dari 3", None),
        ("4. Tidak tahu", None),
        ("3 - menurut kami cukup", None),
        ("4 (empat)", Some(4)),
        ("4 (tiga)", None),
        ("Nilai 3", Some(3)),
        ("3 bintang", Some(3)),
        ("", None),
        ("-", None),
    ] {
        assert_eq!(judged("time", &[text]), [expected], "{text}");
    }
}

#[test]
fn answers_are_judged_with_all_answers_to_their_question() {
    for (texts, expected) in [
        // The scale of the official questionnaire.
        (
            vec!["Tidak puas", "Kurang puas", "Puas", "Sangat puas"],
            vec![Some(1), Some(2), Some(3), Some(4)],
        ),
        (
            vec!["Kurang setuju", "Setuju", "Sangat setuju"],
            vec![Some(2), Some(3), Some(4)],
        ),
        (vec!["Puas", "Sangat puas"], vec![Some(3), Some(4)]),
        // The other common scale.
        (
            vec!["Sangat tidak puas", "Tidak puas", "Puas"],
            vec![Some(1), Some(2), Some(3)],
        ),
        // The answers do not decide between the scales.
        (
            vec!["Tidak puas", "Puas", "Sangat puas"],
            vec![None, Some(3), Some(4)],
        ),
        (vec!["Tidak puas"], vec![None]),
        // The number beside the answer decides.
        (vec!["2. Tidak puas", "3. Puas"], vec![Some(2), Some(3)]),
        (vec!["1. Tidak puas", "3. Puas"], vec![Some(1), Some(3)]),
        // On a scale with `cukup` the lowest grade is `kurang`.
        (
            vec!["Kurang baik", "Cukup baik", "Baik", "Sangat baik"],
            vec![Some(1), Some(2), Some(3), Some(4)],
        ),
        (
            vec!["Tidak baik", "Kurang baik", "Cukup baik", "Baik"],
            vec![Some(1), Some(2), Some(3), Some(4)],
        ),
        (vec!["Cukup baik", "Baik"], vec![None, None]),
        (
            vec!["Kurang", "Cukup", "Baik", "Sangat baik"],
            vec![Some(1), Some(2), Some(3), Some(4)],
        ),
        (vec!["Kurang", "Baik"], vec![None, None]),
        (vec!["Baik"], vec![Some(3)]),
        // A form on which 1 is the best score.
        (
            vec!["1. Sangat memuaskan", "2. Memuaskan", "3. Kurang memuaskan"],
            vec![None, None, None],
        ),
        // Abbreviations and letters.
        (
            vec!["STS", "TS", "S", "SS"],
            vec![Some(1), Some(2), Some(3), Some(4)],
        ),
        (
            vec!["TS", "KS", "S", "SS"],
            vec![Some(1), Some(2), Some(3), Some(4)],
        ),
        (vec!["TS", "S", "SS"], vec![None, Some(3), Some(4)]),
        (
            vec!["TB", "KB", "B", "SB"],
            vec![Some(1), Some(2), Some(3), Some(4)],
        ),
        (
            vec!["K", "C", "B", "SB"],
            vec![Some(1), Some(2), Some(3), Some(4)],
        ),
        (vec!["b", "c", "d"], vec![Some(2), Some(3), Some(4)]),
        (vec!["A", "B", "D"], vec![None, None, None]),
        (vec!["d. Sangat sesuai", "c. Sesuai"], vec![Some(4), Some(3)]),
        (
            vec![
                "Sangat setuju (SS)",
                "Setuju (S)",
                "Tidak setuju (TS)",
                "Sangat tidak setuju (STS)",
            ],
            vec![Some(4), Some(3), Some(2), Some(1)],
        ),
        // Numbers beside words.
        (
            vec!["4", "Kurang cepat", "Tidak cepat"],
            vec![Some(4), Some(2), Some(1)],
        ),
        (vec!["Netral", "Setuju"], vec![None, Some(3)]),
        (vec!["Ya", "Tidak"], vec![None, None]),
    ] {
        assert_eq!(judged("requirements", &texts), expected, "{texts:?}");
    }
}

#[test]
fn codes_of_answers_are_counted_in_their_order() {
    for (texts, expected) in [
        (vec!["A1", "A4", "A3"], vec![Some(1), Some(4), Some(3)]),
        (vec!["AO01", "AO04"], vec![Some(1), Some(4)]),
        // The fifth answer shows that the scale is another one.
        (vec!["A1", "A5"], vec![None, None]),
        (vec!["A0", "A3"], vec![None, None]),
        (vec!["A", "B"], vec![None, None]),
    ] {
        assert_eq!(judged("time", &texts), expected, "{texts:?}");
    }
}

#[test]
fn elements_have_words_of_their_own() {
    for (key, texts, expected) in [
        (
            "cost",
            vec!["Sangat mahal", "Cukup mahal", "Murah", "Gratis"],
            vec![1, 2, 3, 4],
        ),
        ("cost", vec!["Mahal sekali", "Tanpa Biaya"], vec![1, 4]),
        (
            "facilities",
            vec!["Buruk", "Cukup", "Baik", "Sangat baik"],
            vec![1, 2, 3, 4],
        ),
        (
            "complaint_handling",
            vec![
                "Tidak ada",
                "Ada tetapi tidak berfungsi",
                "Berfungsi, kurang maksimal",
                "Dikelola dengan baik",
            ],
            vec![1, 2, 3, 4],
        ),
        (
            "conduct",
            vec!["Sopan dan ramah", "Sangat sopan dan ramah"],
            vec![3, 4],
        ),
        ("time", vec!["cepat  sekali", "Lambat"], vec![4, 1]),
    ] {
        let expected: Vec<Option<i32>> = expected.into_iter().map(Some).collect();
        assert_eq!(judged(key, &texts), expected, "{key} {texts:?}");
    }
}

#[test]
fn the_labels_of_the_survey_are_those_of_its_form() {
    for question in form().questions {
        let numbered: Vec<String> = (1..)
            .zip(&question.answers)
            .map(|(n, a)| format!("{n}. {}", a.to_uppercase()))
            .collect();
        for texts in [&question.answers, &numbered] {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            assert_eq!(
                judged(&question.key, &texts),
                [Some(1), Some(2), Some(3), Some(4)],
                "{texts:?}"
            );
        }
    }
    // `Tidak layak` is on two scales; other answers may show that respondents used the form of this survey.
    assert_eq!(judged("facilities", &["Tidak layak", "Layak"]), [None, Some(3)]);
    let form = form();
    let mut pool = Pool::default();
    pool.add("Agak lambat", form.question("time").unwrap());
    let question = form.question("facilities").unwrap();
    let judged = Judged::new(["Tidak layak"].into_iter(), question, (1, 4), &pool);
    assert_eq!(judged.score("Tidak layak"), Ok(1));
}

#[test]
fn the_usual_scales_have_the_grades_of_the_instrument() {
    let form = form();
    let question = form.question("requirements").unwrap();
    let judged = |texts: &[&str], scale| {
        let judged = Judged::new(texts.iter().copied(), question, scale, &Pool::default());
        texts
            .iter()
            .map(|text| judged.score(text).ok())
            .collect::<Vec<_>>()
    };
    assert_eq!(judged(&["Sangat baik", "0"], (0, 5)), [None, Some(0)]);
    assert_eq!(
        judged(
            &[
                "Sangat tidak puas",
                "Tidak puas",
                "Cukup puas",
                "Puas",
                "Sangat puas"
            ],
            (1, 5)
        ),
        [Some(1), Some(2), Some(3), Some(4), Some(5)]
    );
}
