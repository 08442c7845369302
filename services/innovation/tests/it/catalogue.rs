//! The public catalogue.

use prima_proto::innovation::v1;

use crate::fixture::*;

fn search(query: &str) -> v1::SearchCatalogueRequest {
    v1::SearchCatalogueRequest {
        query: query.into(),
        ..Default::default()
    }
}

async fn found(t: &mut World, request: v1::SearchCatalogueRequest) -> Vec<String> {
    let answer = t.client.search_catalogue(request).await.unwrap().into_inner();
    answer
        .items
        .iter()
        .map(|i| i.innovation.rsplit('/').next().unwrap().to_owned())
        .collect()
}

async fn register(t: &mut World, id: &str, change: impl Fn(&mut v1::Innovation)) {
    let mut new = innovation(id);
    change(new.innovation.as_mut().unwrap());
    t.client.register_innovation(unit(new)).await.unwrap();
}

#[tokio::test]
async fn words_filters_and_pages_find_implemented_innovations() {
    on_each_database(async |mut t| {
        register(&mut t, "akta", |i| {
            i.title = "Akta Kelahiran Keliling".into();
            i.description = "Petugas menjemput berkas dari rumah warga pedesaan.".into();
            i.sdgs = vec![1, 16];
        })
        .await;
        register(&mut t, "izin", |i| {
            i.title = "Izin Usaha Sehari".into();
            i.description = "Perizinan selesai hari itu juga.".into();
            i.category = "tpb".into();
            i.sdgs = vec![11];
            i.start_date = "2018-05-01".into();
            i.stop_date = "2019-05-01".into();
            i.status = v1::InnovationStatus::Stopped.into();
        })
        .await;
        register(&mut t, "gagasan", |i| {
            i.title = "Akta Lewat Gawai".into();
            i.status = v1::InnovationStatus::Idea.into();
            i.start_date = String::new();
        })
        .await;
        assert_eq!(
            found(&mut t, search("")).await,
            ["akta", "izin"],
            "an idea is not shown"
        );
        assert_eq!(found(&mut t, search("AKTA kelahiran")).await, ["akta"]);
        assert_eq!(
            found(&mut t, search("akta izin")).await,
            Vec::<String>::new(),
            "every word must occur"
        );
        assert_eq!(
            found(&mut t, search("warga \"*) OR NEAR(")).await,
            Vec::<String>::new()
        );
        assert_eq!(found(&mut t, search("usaha!")).await, ["izin"]);
        let with = |change: &dyn Fn(&mut v1::SearchCatalogueRequest)| {
            let mut request = search("");
            change(&mut request);
            request
        };
        assert_eq!(
            found(&mut t, with(&|r| r.category = "tpb".into())).await,
            ["izin"]
        );
        assert_eq!(
            found(&mut t, with(&|r| r.sdg = 1)).await,
            ["akta"],
            "goal 1 is not goal 11 or 16"
        );
        assert_eq!(found(&mut t, with(&|r| r.year = 2019)).await, ["izin"]);
        assert_eq!(found(&mut t, with(&|r| r.year = 2022)).await, ["akta"]);
        assert_eq!(
            found(&mut t, with(&|r| r.agency = "agencies/3273".into())).await,
            Vec::<String>::new()
        );
        let first = t
            .client
            .search_catalogue(with(&|r| r.page_size = 1))
            .await
            .unwrap()
            .into_inner();
        let token = first.next_page_token.clone();
        let next = with(&|r| {
            r.page_size = 1;
            r.page_token.clone_from(&token);
        });
        assert_eq!(
            (first.items.len(), found(&mut t, next).await),
            (1, vec!["izin".to_owned()])
        );
    })
    .await;
}

#[tokio::test]
async fn a_changed_text_is_found_by_its_new_words_only() {
    on_each_database(async |mut t| {
        register(&mut t, "a", |i| i.title = "Layanan Terpadu".into()).await;
        let update = v1::UpdateInnovationRequest {
            innovation: Some(v1::Innovation {
                name: format!("{DPMPTSP}/innovations/a"),
                title: "Gerai Samsat".into(),
                ..Default::default()
            }),
            update_mask: mask(&["title"]),
        };
        t.client.update_innovation(unit(update)).await.unwrap();
        assert_eq!(found(&mut t, search("terpadu")).await, Vec::<String>::new());
        assert_eq!(found(&mut t, search("samsat")).await, ["a"]);
    })
    .await;
}

#[tokio::test]
async fn postgres_finds_a_word_by_its_stem() {
    let mut t = World::postgres().await;
    register(&mut t, "a", |i| {
        i.description = "Membantu warga mengurus perizinan.".into()
    })
    .await;
    assert_eq!(
        found(&mut t, search("bantuan")).await,
        ["a"],
        "membantu and bantuan share a stem"
    );
}

#[tokio::test]
async fn the_page_of_an_innovation_has_names_awards_and_its_spread() {
    on_each_database(async |mut t| {
        let mut new = innovation("a");
        let given = new.innovation.as_mut().unwrap();
        given.former_awards = vec![v1::Award {
            year: 2019,
            award: "top-45".into(),
            round: String::new(),
        }];
        t.client.register_innovation(ministry(new)).await.unwrap();
        let name = format!("{DPMPTSP}/innovations/a");
        for agency in ["3273", "3573"] {
            let replication = v1::RecordReplicationRequest {
                request_id: format!("r-{agency}"),
                parent: name.clone(),
                replication: Some(v1::Replication {
                    adopter: format!("agencies/{agency}/units/dpmptsp"),
                    adopt_date: "2021-01-01".into(),
                    evidence: vec![link()],
                    ..Default::default()
                }),
            };
            t.client.record_replication(ministry(replication)).await.unwrap();
        }
        let page = v1::GetCatalogueEntryRequest { name };
        let page = t.client.get_catalogue_entry(page).await.unwrap().into_inner();
        assert_eq!(
            page.category_display_name,
            "Pelayanan Publik yang Inklusif dan Berkeadilan"
        );
        assert_eq!(
            page.sdg_display_names,
            ["Perdamaian, keadilan, dan kelembagaan yang tangguh"]
        );
        assert_eq!(
            page.awards.iter().map(|a| a.award.as_str()).collect::<Vec<_>>(),
            ["top-45"]
        );
        let counts = (
            page.replication_count,
            page.adopter_agency_count,
            page.in_use_count,
            page.transfer_count,
        );
        assert_eq!(counts, (2, 2, 2, 0));
    })
    .await;
}
