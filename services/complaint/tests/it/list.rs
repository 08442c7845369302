//! Lists of reports: permissions, filters and pages.

use std::collections::BTreeSet;

use futures::{StreamExt, stream};
use prima_platform::caller::Role;
use prima_proto::complaint::v1;
use tonic::Code;

use crate::fixture::{
    AGENCY, UNIT, World, by, coordinator, faults, intake, liaison, national, on_each_database, public,
    refused, report, request_id, without_sweeps,
};

const OTHER_UNIT: &str = "agencies/3271/units/dishub";

async fn page(world: &mut World, request: v1::ListComplaintsRequest) -> v1::ListComplaintsResponse {
    let answer = world.complaints.list_complaints(national(request)).await;
    answer.unwrap().into_inner()
}

fn of(parent: &str) -> v1::ListComplaintsRequest {
    v1::ListComplaintsRequest {
        parent: parent.into(),
        ..Default::default()
    }
}

fn names(page: &v1::ListComplaintsResponse) -> Vec<String> {
    let status = |c: &v1::ComplaintSummary| c.status.clone().unwrap().name;
    page.complaints.iter().map(status).collect()
}

/// Submits many reports concurrently.
async fn submit_many(world: &World, ids: std::ops::Range<usize>) -> BTreeSet<String> {
    let one = |id: usize| {
        let mut client = world.complaints.clone();
        async move {
            let answer = client.submit_complaint(intake(report(&id.to_string()))).await;
            answer.unwrap().into_inner().status.unwrap().name
        }
    };
    stream::iter(ids).map(one).buffer_unordered(20).collect().await
}

#[tokio::test]
async fn pages_contain_each_of_a_thousand_reports_once_while_new_ones_arrive() {
    on_each_database(async |mut world| {
        let there = submit_many(&world, 0..1000).await;
        assert_eq!(there.len(), 1000);
        let mut next_id = 1000;
        for order in [v1::ComplaintOrder::Newest, v1::ComplaintOrder::Due] {
            let mut request = v1::ListComplaintsRequest {
                order: order.into(),
                page_size: 137,
                ..of(UNIT)
            };
            let (mut seen, mut seats) = (Vec::new(), Vec::new());
            loop {
                let page = page(&mut world, request.clone()).await;
                seen.extend(names(&page));
                for complaint in &page.complaints {
                    let status = complaint.status.as_ref().unwrap();
                    let time = match order {
                        v1::ComplaintOrder::Due => status.deadline.as_ref().unwrap().due_time,
                        _ => status.receive_time,
                    };
                    seats.push(time.map(|t| (t.seconds, t.nanos)).unwrap());
                }
                if page.next_page_token.is_empty() {
                    break;
                }
                request.page_token = page.next_page_token;
                submit_many(&world, next_id..next_id + 3).await;
                next_id += 3;
            }
            if order == v1::ComplaintOrder::Newest {
                seats.reverse();
            }
            assert!(seats.is_sorted(), "{order:?}");
            let once: BTreeSet<String> = seen.iter().cloned().collect();
            assert_eq!(once.len(), seen.len(), "{order:?} shows one twice");
            assert!(once.is_superset(&there), "{order:?} leaves one out");
        }
        // The last page is full, and no further page follows.
        let all = page(
            &mut world,
            v1::ListComplaintsRequest {
                page_size: 1000,
                ..of(UNIT)
            },
        )
        .await;
        assert_eq!(
            (all.complaints.len(), all.next_page_token.is_empty()),
            (1000, false)
        );
        let rest = v1::ListComplaintsRequest {
            page_size: 1000,
            page_token: all.next_page_token,
            ..of(UNIT)
        };
        let rest = page(&mut world, rest).await;
        assert_eq!(
            (rest.complaints.len(), rest.next_page_token.as_str()),
            (next_id - 1000, "")
        );
    })
    .await;
}

/// Submits reports of every kind that the filters distinguish.
async fn mixed(world: &mut World) {
    let classes = ["complaint_regular", "aspiration", "information_request"];
    for n in 0..18 {
        let parent = [UNIT, OTHER_UNIT, "agencies/3273"][n % 3];
        let request = v1::SubmitComplaintRequest {
            request_id: request_id(),
            parent: parent.into(),
            class: classes[n / 3 % 3].into(),
            category: "licensing".into(),
            incident_date: String::new(),
            ..report("x")
        };
        // Some are received long before the others, so that their deadlines have passed.
        world.at(&format!("2026-0{}-{:02}T03:00:00Z", 1 + n % 2, 5 + n % 8));
        let name = world.submit_as(request).await.name;
        let unit = if n % 3 == 2 {
            "agencies/3273/units/dinkes"
        } else {
            parent
        };
        let verify = v1::VerifyComplaintRequest {
            request_id: request_id(),
            name: name.clone(),
            unit: unit.into(),
            ..Default::default()
        };
        let respond = v1::RespondToComplaintRequest {
            request_id: request_id(),
            name: name.clone(),
            text: "Sudah kami tangani".into(),
            ..Default::default()
        };
        let reject = v1::RejectComplaintRequest {
            request_id: request_id(),
            name,
            reason: "out_of_scope".into(),
            text: "Bukan pelayanan publik".into(),
            ..Default::default()
        };
        let complaints = &mut world.complaints;
        match n % 5 {
            0 => {}
            1 => drop(complaints.reject_complaint(national(reject)).await.unwrap()),
            2 => drop(complaints.verify_complaint(national(verify)).await.unwrap()),
            _ => {
                complaints.verify_complaint(national(verify)).await.unwrap();
                complaints.respond_to_complaint(national(respond)).await.unwrap();
            }
        }
    }
    world.at("2026-02-16T03:00:00Z");
}

#[tokio::test]
async fn every_filter_excludes_exactly_what_it_should() {
    without_sweeps(async |mut world| {
        mixed(&mut world).await;
        let all = page(&mut world, of("agencies/-")).await.complaints;
        assert_eq!(all.len(), 18);
        let all: Vec<v1::ComplaintStatus> = all.into_iter().map(|c| c.status.unwrap()).collect();
        let (mut asked, mut shown) = (0, 0);
        for parent in ["agencies/-", AGENCY, UNIT, "agencies/3273", "agencies/9999"] {
            for state in ["", "received", "archived", "dispositioned", "responded", "closed"] {
                for class in ["", "aspiration", "complaint_regular"] {
                    for flags in 0..8 {
                        let (open, overdue, due) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0);
                        let order = if due {
                            v1::ComplaintOrder::Due
                        } else {
                            v1::ComplaintOrder::Unspecified
                        };
                        let request = v1::ListComplaintsRequest {
                            state: state.into(),
                            class: class.into(),
                            open,
                            overdue,
                            order: order.into(),
                            ..of(parent)
                        };
                        let is_due = |s: &v1::ComplaintStatus| s.deadline.as_ref().and_then(|d| d.due_time);
                        let mut expected: Vec<&v1::ComplaintStatus> = all
                            .iter()
                            .filter(|s| parent == "agencies/-" || s.agency == parent || s.unit == parent)
                            .filter(|s| state.is_empty() || s.state == state)
                            .filter(|s| class.is_empty() || s.class == class)
                            .filter(|s| !open || s.open)
                            .filter(|s| !overdue || s.deadline.as_ref().is_some_and(|d| d.overdue))
                            .filter(|s| !due || is_due(s).is_some())
                            .collect();
                        if due {
                            expected.sort_by_key(|s| is_due(s).map(|t| (t.seconds, t.nanos)));
                        }
                        let answer = page(&mut world, request.clone()).await;
                        let got: Vec<v1::ComplaintStatus> =
                            answer.complaints.into_iter().map(|c| c.status.unwrap()).collect();
                        let key = |s: &v1::ComplaintStatus| match due {
                            true => is_due(s).map(|t| (t.seconds, t.nanos)),
                            false => s.receive_time.map(|t| (t.seconds, t.nanos)),
                        };
                        let keys: Vec<_> = got.iter().map(key).collect();
                        assert_eq!(
                            keys,
                            expected.iter().map(|s| key(s)).collect::<Vec<_>>(),
                            "{request:?}"
                        );
                        let (mut got, mut want): (Vec<_>, Vec<_>) = (
                            got.iter().map(|s| &s.name).collect(),
                            expected.iter().map(|s| &s.name).collect(),
                        );
                        got.sort();
                        want.sort();
                        assert_eq!(got, want, "{request:?}");
                        asked += 1;
                        shown += usize::from(!want.is_empty());
                    }
                }
            }
        }
        assert_eq!(asked, 720);
        assert!(shown > 200, "{shown}");
    })
    .await;
}

#[tokio::test]
async fn a_row_contains_title_and_flags_but_no_identity() {
    on_each_database(async |mut world| {
        let request = v1::SubmitComplaintRequest {
            confidential: true,
            anonymous: true,
            ..report("1")
        };
        let submitted = world.submit_as(request).await;
        let page = page(&mut world, of(AGENCY)).await;
        let [row] = page.complaints.as_slice() else {
            panic!("{page:?}");
        };
        assert_eq!(row.title, "Izin usaha belum terbit (1)");
        assert_eq!((row.anonymous, row.confidential), (true, true));
        assert_eq!(row.channel(), v1::Channel::Web);
        assert_eq!(row.status, Some(submitted.status));
        for never in ["Siti", "siti@", "lengkap sejak", "Loket"] {
            assert!(!format!("{page:?}").contains(never), "{never}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_agency_lists_its_own_and_the_national_admin_lists_all() {
    on_each_database(async |mut world| {
        let answer = world.complaints.list_complaints(public(of(AGENCY))).await;
        refused(answer, Code::Unauthenticated, "TOKEN_MISSING");
        let denied = [
            intake(of(AGENCY)),
            liaison(of("agencies/3273")),
            coordinator(of("agencies/3273/units/dinkes")),
            liaison(of("agencies/-")),
            coordinator(of("agencies/-")),
        ];
        for request in denied {
            let answer = world.complaints.list_complaints(request).await;
            refused(answer, Code::PermissionDenied, "PERMISSION_DENIED");
        }
        let allowed = [
            liaison(of(AGENCY)),
            coordinator(of(UNIT)),
            national(of(AGENCY)),
            national(of("agencies/-")),
            by("semua", Role::Operator, "*", of("agencies/-")),
        ];
        for request in allowed {
            world.complaints.list_complaints(request).await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn bad_input_reports_every_fault() {
    on_each_database(async |mut world| {
        let request = v1::ListComplaintsRequest {
            parent: "units/x".into(),
            state: "unheard_of".into(),
            class: "rumour".into(),
            order: 9,
            page_size: -1,
            page_token: "rubbish!".into(),
            ..Default::default()
        };
        let found = faults(world.complaints.list_complaints(national(request)).await);
        assert_eq!(
            found,
            ["parent", "state", "class", "order", "page_size", "page_token"]
        );
        for parent in [
            "",
            "agencies",
            "agencies/",
            "agencies/3271/units/",
            "agencies/A",
            "agencies/-/units/x/y",
        ] {
            let found = faults(world.complaints.list_complaints(national(of(parent))).await);
            assert_eq!(found, ["parent"], "{parent}");
        }
        let request = v1::ListComplaintsRequest {
            page_size: 1001,
            ..of(AGENCY)
        };
        assert_eq!(
            faults(world.complaints.list_complaints(national(request)).await),
            ["page_size"]
        );
        // A token of this list is invalid for another list.
        world.submit("1").await;
        world.submit("2").await;
        let first = v1::ListComplaintsRequest {
            page_size: 1,
            ..of(AGENCY)
        };
        let token = page(&mut world, first.clone()).await.next_page_token;
        assert!(!token.is_empty());
        let next = v1::ListComplaintsRequest {
            page_token: token,
            ..first
        };
        assert_eq!(page(&mut world, next.clone()).await.complaints.len(), 1);
        let others = [
            v1::ListComplaintsRequest {
                parent: UNIT.into(),
                ..next.clone()
            },
            v1::ListComplaintsRequest {
                state: "received".into(),
                ..next.clone()
            },
            v1::ListComplaintsRequest {
                class: "aspiration".into(),
                ..next.clone()
            },
            v1::ListComplaintsRequest {
                open: true,
                ..next.clone()
            },
            v1::ListComplaintsRequest {
                overdue: true,
                ..next.clone()
            },
            v1::ListComplaintsRequest {
                order: v1::ComplaintOrder::Due.into(),
                ..next
            },
        ];
        for other in others {
            assert_eq!(
                faults(world.complaints.list_complaints(national(other)).await),
                ["page_token"]
            );
        }
    })
    .await;
}
