//! Answered questions are published, found, suggested and withdrawn.

use prima_proto::complaint::v1;
use tonic::Code;

use crate::{consultation::*, consultation_rows::found_in_plain, fixture::*};

/// A request to publish a consultation; the request id is derived from `id`.
pub fn entry(consultation: &str, id: &str) -> v1::PublishKnowledgeRequest {
    v1::PublishKnowledgeRequest {
        request_id: format!("entry-{id}"),
        consultation: consultation.into(),
        question: "Berapa hari cuti bersama dihitung?".into(),
        answer: "Cuti bersama bukan hari kerja.".into(),
    }
}

pub fn withdraw(name: &str) -> v1::WithdrawKnowledgeRequest {
    v1::WithdrawKnowledgeRequest {
        request_id: request_id(),
        name: name.into(),
        reason: "Memuat ketentuan yang sudah dicabut".into(),
    }
}

fn search(query: &str) -> v1::SearchKnowledgeRequest {
    v1::SearchKnowledgeRequest {
        query: query.into(),
        ..Default::default()
    }
}

impl World {
    /// Publishes a question that the province answered.
    pub async fn published(&mut self, id: &str, question: &str, text: &str) -> v1::Knowledge {
        let name = self.clinic(&format!("entry-{id}")).await;
        let reply = self
            .consultations
            .answer_consultation(province(answer(&name, "Jawaban lengkap")));
        reply.await.unwrap();
        let new = v1::PublishKnowledgeRequest {
            question: question.into(),
            answer: text.into(),
            ..entry(&name, id)
        };
        let made = self.consultations.publish_knowledge(province(new)).await;
        made.unwrap().into_inner().knowledge.unwrap()
    }

    async fn found(&mut self, request: v1::SearchKnowledgeRequest) -> Vec<String> {
        let page = self
            .consultations
            .search_knowledge(public(request))
            .await
            .unwrap();
        page.into_inner().entries.into_iter().map(|e| e.name).collect()
    }
}

#[tokio::test]
async fn an_entry_is_found_by_its_words_until_it_is_withdrawn() {
    on_each_database(async |mut t| {
        let permit = t
            .published(
                "a",
                "Berapa lama izin usaha terbit?",
                "Lima hari kerja sejak berkas lengkap.",
            )
            .await;
        let birth = t
            .published(
                "b",
                "Siapa yang mengurus akta kelahiran?",
                "Orang tua, dengan surat dari bidan.",
            )
            .await;
        assert_eq!(permit.agency, PROVINCE);
        assert_eq!(permit.topic, "service_standard");
        let both = [birth.name.clone(), permit.name.clone()];
        assert_eq!(t.found(search("")).await, both);
        for (query, expected) in [
            ("IZIN", vec![&permit.name]),
            ("berkas izin", vec![&permit.name]),
            ("izin bidan", vec![]),
            ("akta'; DROP TABLE knowledge; --", vec![]),
            ("akta", vec![&birth.name]),
            ("\"akta\" OR izin*", vec![]),
            ("paspor", vec![]),
        ] {
            assert_eq!(
                t.found(search(query)).await.iter().collect::<Vec<_>>(),
                expected,
                "{query}"
            );
        }
        let narrowed = |agency: &str, topic: &str| v1::SearchKnowledgeRequest {
            agency: agency.into(),
            topic: topic.into(),
            ..search("izin")
        };
        assert_eq!(t.found(narrowed(PROVINCE, "service_standard")).await.len(), 1);
        assert_eq!(t.found(narrowed(AGENCY, "")).await.len(), 0);
        assert_eq!(t.found(narrowed("", "sop")).await.len(), 0);

        let gone = withdraw(&permit.name);
        t.consultations
            .withdraw_knowledge(province(gone.clone()))
            .await
            .unwrap();
        t.consultations.withdraw_knowledge(province(gone)).await.unwrap();
        let twice = t
            .consultations
            .withdraw_knowledge(province(withdraw(&permit.name)))
            .await;
        refused(twice, Code::FailedPrecondition, "ALREADY_WITHDRAWN");
        assert_eq!(t.found(search("izin")).await, Vec::<String>::new());
        assert_eq!(t.found(search("")).await, [birth.name]);
        let read = v1::GetKnowledgeRequest { name: permit.name };
        refused(
            t.consultations.get_knowledge(public(read)).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let reasons = ["dicabut".to_owned()];
        assert_eq!(found_in_plain(&t, &reasons).await, Vec::<String>::new());
    })
    .await;
}

#[tokio::test]
async fn a_word_also_matches_its_other_forms() {
    let entry = (
        "Bagaimana cara pelayanan perizinannya?",
        "Permohonan diajukan secara daring.",
    );
    // SQLite has no stemming for Indonesian; there a word matches longer words that begin with it.
    for (mut t, query) in [
        (World::sqlite().await, "perizinan"),
        (World::postgres().await, "perizinan"),
        (World::postgres().await, "melayani"),
    ] {
        let published = t.published("a", entry.0, entry.1).await;
        assert_eq!(t.found(search(query)).await, [published.name], "{query}");
    }
}

#[tokio::test]
async fn pages_follow_each_other_the_newest_first() {
    on_each_database(async |mut t| {
        let mut names = Vec::new();
        for id in ["a", "b", "c", "d", "e"] {
            let question = format!("Apa syarat izin nomor {id}?");
            names.push(
                t.published(id, &question, "Syaratnya tertera di laman.")
                    .await
                    .name,
            );
        }
        names.reverse();
        let (mut found, mut token) = (Vec::new(), String::new());
        for _ in 0..3 {
            let request = v1::SearchKnowledgeRequest {
                page_size: 2,
                page_token: token,
                ..search("syarat")
            };
            let page = t
                .consultations
                .search_knowledge(public(request))
                .await
                .unwrap()
                .into_inner();
            found.extend(page.entries.into_iter().map(|e| e.name));
            token = page.next_page_token;
        }
        assert_eq!((found, token.as_str()), (names, ""));
    })
    .await;
}

#[tokio::test]
async fn only_what_was_answered_is_published_and_a_repeat_publishes_once() {
    on_each_database(async |mut t| {
        let name = t.clinic("a").await;
        let early = t
            .consultations
            .publish_knowledge(province(entry(&name, "a")))
            .await;
        refused(early, Code::FailedPrecondition, "NOT_ANSWERED");
        let end = complete(&name, "Ditarik oleh penanya");
        t.consultations
            .complete_consultation(province(end))
            .await
            .unwrap();
        let unanswered = t
            .consultations
            .publish_knowledge(province(entry(&name, "a")))
            .await;
        refused(unanswered, Code::FailedPrecondition, "NOT_ANSWERED");
        let name = t.clinic("b").await;
        t.consultations
            .answer_consultation(province(answer(&name, "Jawaban")))
            .await
            .unwrap();
        t.consultations
            .complete_consultation(province(complete(&name, "")))
            .await
            .unwrap();
        let first = t
            .consultations
            .publish_knowledge(province(entry(&name, "b")))
            .await
            .unwrap();
        let again = t
            .consultations
            .publish_knowledge(province(entry(&name, "b")))
            .await
            .unwrap();
        assert_eq!(first.into_inner(), again.into_inner());
        assert_eq!(t.count("knowledge").await, 1);
        let gone = v1::PublishKnowledgeRequest {
            consultation: "consultations/none".into(),
            ..entry(&name, "c")
        };
        let gone = t.consultations.publish_knowledge(province(gone)).await;
        refused(gone, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

#[tokio::test]
async fn a_question_gets_the_five_most_similar_entries_suggested() {
    on_each_database(async |mut t| {
        let other = t
            .published("x", "Kapan pasar hewan buka?", "Setiap hari Senin.")
            .await
            .name;
        let mut names = Vec::new();
        for id in ["a", "b", "c", "d", "e"] {
            let entry = t
                .published(id, "Berkas apa untuk izin reklame?", "Gambar dan ukuran reklame.")
                .await;
            names.push(entry.name);
        }
        let best = t
            .published("y", "Berkas izin warung kelontong?", "KTP dan surat domisili.")
            .await
            .name;
        let newest: Vec<String> = std::iter::once(best)
            .chain(names.into_iter().rev().take(4))
            .collect();
        let asked = t.desk("a").await;
        assert_eq!(asked.suggestions, newest);
        let nothing = v1::RequestConsultationRequest {
            question: "Apakah saya bisa? Kapan?".into(),
            ..desk("b")
        };
        let asked = t
            .consultations
            .request_consultation(intake(nothing))
            .await
            .unwrap();
        assert_eq!(asked.into_inner().suggestions, Vec::<String>::new());
        t.consultations
            .withdraw_knowledge(province(withdraw(&newest[0])))
            .await
            .unwrap();
        let asked = t.desk("c").await;
        assert_eq!(asked.suggestions.len(), 5);
        assert!(!asked.suggestions.contains(&newest[0]) && !asked.suggestions.contains(&other));
    })
    .await;
}
