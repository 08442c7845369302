//! The status of a report: who may read it, its deadlines, and the actions that are possible.

use prima_platform::{caller::Role, db::sql};
use prima_proto::complaint::v1;
use sea_orm::ConnectionTrait;
use tonic::{Code, Request};

use crate::{
    fixture::{
        UNIT, World, by, coordinator, faults, intake, liaison, national, on_each_database, public, refused,
        request_id,
    },
    track::{REPLY, Reader, ask, read, respond, verify},
};

#[tokio::test]
async fn a_deadline_is_overdue_as_soon_as_it_passes_whether_or_not_the_system_has_acted() {
    on_each_database(async |mut world| {
        let report = world.submit("1").await;
        let due = |complaint: v1::Complaint| complaint.status.unwrap().deadline.unwrap();
        let before = due(read(&mut world, &report, Reader::Code).await);
        assert_eq!((before.clock.as_str(), before.overdue), ("verification", false));
        let due_time = prima_platform::clock::from_proto(&before.due_time.unwrap()).unwrap();
        world.at(&(due_time - chrono::TimeDelta::seconds(60)).to_rfc3339());
        assert!(!due(read(&mut world, &report, Reader::Code).await).overdue);
        world.at(&(due_time + chrono::TimeDelta::seconds(1)).to_rfc3339());
        for reader in [Reader::Code, Reader::Secret, Reader::Official] {
            let after = due(read(&mut world, &report, reader).await);
            assert_eq!(
                (after.overdue, after.due_time),
                (true, before.due_time),
                "{reader:?}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn the_listed_actions_are_those_that_the_reader_may_take_now() {
    on_each_database(async |mut world| {
        let report = world.submit("1").await;
        let name = report.name.clone();
        let none: [&str; 0] = [];
        assert_eq!(read(&mut world, &report, Reader::Code).await.actions, none);
        assert_eq!(read(&mut world, &report, Reader::Secret).await.actions, none);
        let request = liaison(v1::GetComplaintRequest { name: name.clone() });
        let answer = world
            .complaints
            .get_complaint(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.complaint.unwrap().actions, none);
        assert_eq!(
            read(&mut world, &report, Reader::Official).await.actions,
            [
                "start_verification",
                "disposition",
                "hold",
                "reject",
                "forward",
                "merge"
            ]
        );
        verify(&mut world, &name).await;
        ask(&mut world, &name).await;
        assert_eq!(read(&mut world, &report, Reader::Secret).await.actions, ["reply"]);
        let request = v1::ReplyToComplaintRequest {
            request_id: request_id(),
            access: report.access(),
            text: REPLY.into(),
            ..Default::default()
        };
        world
            .complaints
            .reply_to_complaint(public(request))
            .await
            .unwrap();
        respond(&mut world, &name).await;
        assert_eq!(
            read(&mut world, &report, Reader::Secret).await.actions,
            ["reply", "close"]
        );
        assert_eq!(read(&mut world, &report, Reader::Code).await.actions, none);
        let request = v1::CloseComplaintRequest {
            request_id: request_id(),
            access: report.access(),
        };
        world.complaints.close_complaint(public(request)).await.unwrap();
        assert_eq!(
            read(&mut world, &report, Reader::Secret).await.actions,
            ["reopen"]
        );
        world.clock.advance(chrono::TimeDelta::days(29));
        assert_eq!(
            read(&mut world, &report, Reader::Secret).await.actions,
            ["reopen"]
        );
        world.clock.advance(chrono::TimeDelta::days(3));
        assert_eq!(read(&mut world, &report, Reader::Secret).await.actions, none);
    })
    .await;
}

#[tokio::test]
async fn a_report_is_read_by_the_agency_that_handles_it_now() {
    on_each_database(async |mut world| {
        let report = world.submit("1").await;
        let name = report.name.clone();
        let request = || v1::GetComplaintRequest { name: name.clone() };
        let other = |message| by("lain", Role::Operator, "3273", message);
        let may = async |world: &mut World, request: Request<v1::GetComplaintRequest>| {
            world
                .complaints
                .get_complaint(request)
                .await
                .map(|a| a.into_inner().complaint.unwrap())
        };
        refused(
            may(&mut world, public(request())).await,
            Code::Unauthenticated,
            "TOKEN_MISSING",
        );
        let denied = (Code::PermissionDenied, "PERMISSION_DENIED");
        let hidden = (Code::NotFound, "NOT_FOUND");
        let strangers = [
            (intake(request()), denied),
            (by("penilai", Role::Evaluator, "*", request()), denied),
            (other(request()), hidden),
            (by("lain", Role::Admin, "3273", request()), hidden),
        ];
        for (request, (code, reason)) in strangers {
            let status = refused(may(&mut world, request).await, code, reason);
            assert!(!status.message().contains("3271"), "{status:?}");
        }
        for request in [liaison(request()), coordinator(request()), national(request())] {
            let complaint = may(&mut world, request).await.unwrap();
            assert_eq!(complaint.title, "Izin usaha belum terbit (1)");
            assert!(!complaint.unit_confirmed);
        }
        let writer = world.db.writer();
        let text = "INSERT INTO directory_unit (agency, unit) VALUES ('3271', 'dpmptsp')";
        writer.execute_raw(sql(writer, text, [])).await.unwrap();
        assert!(may(&mut world, liaison(request())).await.unwrap().unit_confirmed);
        let forward = v1::ForwardComplaintRequest {
            request_id: request_id(),
            name: name.clone(),
            to: "agencies/3273/units/dinkes".into(),
            text: "Kewenangan Kota Bandung".into(),
            ..Default::default()
        };
        world
            .complaints
            .forward_complaint(coordinator(forward))
            .await
            .unwrap();
        refused(
            may(&mut world, coordinator(request())).await,
            Code::NotFound,
            "NOT_FOUND",
        );
        let complaint = may(&mut world, other(request())).await.unwrap();
        let hop = complaint
            .timeline
            .iter()
            .find(|line| line.action == "forward")
            .unwrap();
        assert_eq!(
            (hop.from_parent.as_str(), hop.to_parent.as_str()),
            (UNIT, "agencies/3273/units/dinkes")
        );
        assert_eq!(
            (hop.text.as_str(), hop.actor.as_str()),
            ("Kewenangan Kota Bandung", "")
        );
        assert_eq!((complaint.hops, complaint.unit_confirmed), (1, false));
        let complaint = may(&mut world, national(request())).await.unwrap();
        let hop = complaint
            .timeline
            .iter()
            .find(|line| line.action == "forward")
            .unwrap();
        assert_eq!(hop.actor, "koordinator");
        // The public sees every forwarding, too.
        let public = read(&mut world, &report, Reader::Code).await;
        assert!(
            public
                .timeline
                .iter()
                .any(|line| line.to_parent == "agencies/3273/units/dinkes")
        );
    })
    .await;
}

#[tokio::test]
async fn a_malformed_name_is_refused_and_an_unknown_one_not_repeated() {
    on_each_database(async |mut world| {
        for name in [
            "",
            "complaints/",
            "complaints/a/b",
            "complaint/1",
            "complaints/A B",
            "agencies/3271",
        ] {
            let request = coordinator(v1::GetComplaintRequest { name: name.into() });
            assert_eq!(
                faults(world.complaints.get_complaint(request).await),
                ["name"],
                "{name}"
            );
        }
        let name = "complaints/abcde-fghjk-00000-00000".to_owned();
        let request = coordinator(v1::GetComplaintRequest { name });
        let answer = world.complaints.get_complaint(request).await;
        let status = refused(answer, Code::NotFound, "NOT_FOUND");
        assert!(!format!("{status:?}").contains("abcde"), "{status:?}");
    })
    .await;
}
