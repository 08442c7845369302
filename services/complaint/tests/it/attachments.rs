//! Attachments: they are encrypted, attached once, and readable only by those who may.

use std::time::Duration;

use chrono::TimeDelta;
use futures::stream;
use prima_platform::{caller::Role, testing::eventually};
use prima_proto::complaint::v1::{self, upload_attachment_request::Part};
use sha2::{Digest, Sha256};
use tonic::Code;

use crate::{
    fixture::{
        World, by, faults, intake, liaison, national, on_each_database, public, refused, report, request_id,
    },
    helpers::{chunk, head, messages, part, pdf, png, swept},
};

fn read(name: &str) -> v1::ReadAttachmentRequest {
    v1::ReadAttachmentRequest {
        name: name.into(),
        access: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_downloaded_as_it_was_uploaded_and_stored_encrypted() {
    on_each_database(async |mut world| {
        for size in [20, 256 << 10, (256 << 10) + 1, 700_000] {
            let bytes = pdf("isi surat yang rahasia", size);
            let name = world.upload("surat.pdf", &bytes).await;
            let by_intake = world.download(|| intake(read(&name))).await;
            refused(by_intake, Code::PermissionDenied, "PERMISSION_DENIED");
            let report = world.submit_with(&size.to_string(), vec![name.clone()]).await;
            assert_eq!(world.download(|| liaison(read(&name))).await.unwrap(), bytes);
            assert_eq!(world.download(|| national(read(&name))).await.unwrap(), bytes);
            let own = || v1::ReadAttachmentRequest {
                access: report.access(),
                ..read(&name)
            };
            assert_eq!(world.download(|| public(own())).await.unwrap(), bytes);
        }
        let needle = b"isi surat yang rahasia";
        let objects = world.objects();
        assert_eq!(objects.len(), 4);
        for object in &objects {
            assert!(!object.windows(needle.len()).any(|w| w == needle));
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_agency_and_the_reporter_can_download_a_file() {
    on_each_database(async |mut world| {
        let name = world.upload("surat.pdf", &pdf("a", 100)).await;
        let report = world.submit_with("satu", vec![name.clone()]).await;
        let other = world.submit("dua").await;
        let elsewhere = world
            .download(|| by("x", Role::Operator, "3201", read(&name)))
            .await;
        let status = refused(elsewhere, Code::NotFound, "NOT_FOUND");
        assert!(!status.message().contains("3271"), "{status:?}");
        let by_intake = world.download(|| intake(read(&name))).await;
        refused(by_intake, Code::PermissionDenied, "PERMISSION_DENIED");
        let nobody = world.download(|| public(read(&name))).await;
        refused(nobody, Code::Unauthenticated, "TOKEN_MISSING");
        let wrong_secret = v1::Access {
            secret: other.secret.clone(),
            ..report.access().unwrap()
        };
        for access in [other.access().unwrap(), wrong_secret] {
            let request = || {
                public(v1::ReadAttachmentRequest {
                    access: Some(access.clone()),
                    ..read(&name)
                })
            };
            refused(world.download(request).await, Code::NotFound, "NOT_FOUND");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_sees_own_replies_and_public_answers_but_no_internal_notes() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        let of_answer = world.liaison_upload().await;
        world
            .respond(
                &report.name,
                "Terlampir surat jawaban kami.",
                vec![of_answer.clone()],
            )
            .await;
        let own = world.upload_by(&report, &pdf("bukti", 500)).await.unwrap();
        let reply = v1::ReplyToComplaintRequest {
            request_id: request_id(),
            access: report.access(),
            text: "Belum selesai, lihat foto".into(),
            attachments: vec![own.name.clone()],
        };
        world.complaints.reply_to_complaint(public(reply)).await.unwrap();
        for name in [&of_answer, &own.name] {
            let request = || {
                public(v1::ReadAttachmentRequest {
                    access: report.access(),
                    ..read(name)
                })
            };
            assert!(world.download(request).await.is_ok());
            assert!(world.download(|| liaison(read(name))).await.is_ok());
        }
        let internal = "UPDATE timeline SET public = 0 WHERE role <> 'reporter'";
        world.tamper(internal).await;
        let hidden = || {
            public(v1::ReadAttachmentRequest {
                access: report.access(),
                ..read(&of_answer)
            })
        };
        refused(world.download(hidden).await, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

/// A picture whose metadata (a text and EXIF) name its author.
fn signed_picture() -> Vec<u8> {
    let picture = png("piksel");
    let (start, rest) = picture.split_at(8 + 25);
    let texts = [
        chunk(b"tEXt", b"Author\0Rahasia"),
        chunk(b"eXIf", b"MM\0*Rahasia GPS"),
    ]
    .concat();
    [start, &texts, rest].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_file_identifies_an_anonymous_reporter() {
    on_each_database(async |mut world| {
        let bytes = signed_picture();
        let png_head = |name: &str| v1::UploadAttachmentHead {
            media_type: "image/png".into(),
            ..head(name, &bytes)
        };
        let sent = |head| stream::iter(messages(head, &bytes));
        let stored = world
            .send(intake(sent(png_head("../../KTP_Pelapor.png"))))
            .await
            .unwrap();
        assert_eq!(stored.display_name, "KTP_Pelapor.png");
        assert_eq!(stored.size, i64::try_from(png("piksel").len()).unwrap());
        let document = world.upload("Surat_Pelapor.pdf", &pdf("a", 100)).await;
        let anonymous = |attachments| v1::SubmitComplaintRequest {
            anonymous: true,
            attachments,
            ..report("anonim")
        };
        let both = anonymous(vec![stored.name.clone(), document.clone()]);
        let answer = world.complaints.submit_complaint(intake(both)).await;
        assert_eq!(faults(answer), ["attachments[1]"]);
        let report = world.submit_as(anonymous(vec![stored.name.clone()])).await;
        let shown = v1::GetComplaintRequest {
            name: report.name.clone(),
        };
        let shown = world
            .complaints
            .get_complaint(liaison(shown))
            .await
            .unwrap()
            .into_inner();
        let names: Vec<String> = shown
            .complaint
            .unwrap()
            .attachments
            .into_iter()
            .map(|a| a.display_name)
            .collect();
        assert_eq!(names, ["lampiran-1.png"]);
        let read_back = world.download(|| liaison(read(&stored.name))).await.unwrap();
        assert_eq!(read_back, png("piksel"));

        // Files that are sent later do not identify the reporter either.
        let own = v1::UploadAttachmentHead {
            access: report.access(),
            ..png_head("Foto_Pelapor.png")
        };
        let own = world.send(public(sent(own))).await.unwrap();
        let letter = world.upload_by(&report, &pdf("bukti", 500)).await.unwrap();
        let answer = world.liaison_upload().await;
        let text = "Terlampir surat jawaban kami.";
        world.respond(&report.name, text, vec![answer.clone()]).await;
        let reply = |attachments| v1::ReplyToComplaintRequest {
            request_id: request_id(),
            access: report.access(),
            text: "Belum selesai, lihat foto".into(),
            attachments,
        };
        let refused = world
            .complaints
            .reply_to_complaint(public(reply(vec![letter.name])))
            .await;
        assert_eq!(faults(refused), ["attachments[0]"]);
        world
            .complaints
            .reply_to_complaint(public(reply(vec![own.name.clone()])))
            .await
            .unwrap();
        assert_eq!(
            world.download(|| liaison(read(&own.name))).await.unwrap(),
            png("piksel")
        );

        // A reporter who gives a name may send documents, whose file names are kept.
        let named = world.submit_with("dua", vec![document]).await;
        let shown = v1::GetComplaintRequest { name: named.name };
        let shown = world
            .complaints
            .get_complaint(liaison(shown))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(
            shown.complaint.unwrap().attachments[0].display_name,
            "Surat_Pelapor.pdf"
        );

        // A picture whose metadata can't be removed is not stored.
        let damaged = &bytes[..bytes.len() - 20];
        let cut = v1::UploadAttachmentHead {
            media_type: "image/png".into(),
            ..head("rusak.png", damaged)
        };
        let answer = world.send(intake(stream::iter(messages(cut, damaged)))).await;
        assert_eq!(faults(answer), ["data"]);
    })
    .await;
}

impl World {
    async fn liaison_upload(&self) -> String {
        let bytes = pdf("jawaban", 400);
        let messages = messages(head("jawaban.pdf", &bytes), &bytes);
        self.send(liaison(stream::iter(messages))).await.unwrap().name
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_upload_gets_the_stored_response() {
    on_each_database(async |world| {
        let bytes = pdf("a", 3000);
        let first = head("surat.pdf", &bytes);
        let answer = world
            .send(intake(stream::iter(messages(first.clone(), &bytes))))
            .await
            .unwrap();
        assert_eq!((answer.display_name.as_str(), answer.size), ("surat.pdf", 3000));
        // A repeat needs no content.
        let again = world
            .send(intake(stream::iter(messages(first.clone(), b""))))
            .await
            .unwrap();
        assert_eq!(again, answer);
        let other = v1::UploadAttachmentHead {
            display_name: "lain.pdf".into(),
            ..first
        };
        let reused = world.send(intake(stream::iter(messages(other, &bytes)))).await;
        refused(reused, Code::InvalidArgument, "REQUEST_ID_REUSED");
        assert_eq!(world.count("attachment").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_can_be_attached_once_by_its_uploader_within_a_day() {
    on_each_database(async |mut world| {
        let taken = world.upload("a.pdf", &pdf("a", 100)).await;
        world.submit_with("satu", vec![taken.clone()]).await;
        let foreign = world.liaison_upload().await;
        let first = world.submit("dua").await;
        let reporters = world.upload_by(&first, &pdf("r", 100)).await.unwrap().name;
        let old = world.upload("b.pdf", &pdf("b", 100)).await;
        world.advance(TimeDelta::hours(24) + TimeDelta::seconds(1));
        let fresh = world.upload("c.pdf", &pdf("c", 100)).await;
        let unknown = "attachments/0190".to_owned();
        let before = world.count("complaint").await;
        let request = v1::SubmitComplaintRequest {
            attachments: vec![taken, fresh.clone(), foreign, reporters, old, unknown],
            ..report("tiga")
        };
        let answer = world.complaints.submit_complaint(intake(request)).await;
        let expected = [0, 2, 3, 4, 5].map(|n| format!("attachments[{n}]"));
        assert_eq!(faults(answer), expected);
        assert_eq!(world.count("complaint").await, before);
        // A file whose request was refused can be attached by another.
        world.submit_with("tiga", vec![fresh]).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporters_file_can_be_attached_only_by_that_reporter() {
    on_each_database(async |mut world| {
        let (one, two) = (world.submit("satu").await, world.submit("dua").await);
        world.respond(&one.name, "Sudah ditangani.", Vec::new()).await;
        world.respond(&two.name, "Sudah ditangani.", Vec::new()).await;
        let file = world.upload_by(&one, &pdf("r", 100)).await.unwrap().name;
        let reply = |report: &crate::fixture::Submitted| v1::ReplyToComplaintRequest {
            request_id: request_id(),
            access: report.access(),
            text: "Belum selesai sama sekali".into(),
            attachments: vec![file.clone()],
        };
        let stolen = world.complaints.reply_to_complaint(public(reply(&two))).await;
        assert_eq!(faults(stolen), ["attachments[0]"]);
        world
            .complaints
            .reply_to_complaint(public(reply(&one)))
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_refused_with_every_fault_of_its_head() {
    on_each_database(async |world| {
        let wrong = v1::UploadAttachmentHead {
            request_id: "a b".into(),
            display_name: "a\nb".into(),
            media_type: "text/html".into(),
            size: (10 << 20) + 1,
            sha256: vec![1; 31],
            access: Some(v1::Access {
                tracking_code: "kurang".into(),
                secret: "x".into(),
            }),
        };
        let answer = world.send(public(stream::iter(messages(wrong, b"")))).await;
        let fields = [
            "request_id",
            "head.display_name",
            "head.media_type",
            "head.size",
            "head.sha256",
            "head.access.tracking_code",
            "head.access.secret",
        ];
        assert_eq!(faults(answer), fields);
        for size in [0, -1] {
            let wrong = v1::UploadAttachmentHead {
                size,
                ..head("a.pdf", b"")
            };
            let answer = world.send(intake(stream::iter(messages(wrong, b"")))).await;
            assert_eq!(faults(answer), ["head.size"]);
        }
        assert_eq!(world.count("attachment").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn content_that_does_not_match_the_declaration_is_refused() {
    on_each_database(async |world| {
        let bytes = pdf("a", 5000);
        let declared = || head("a.pdf", &bytes);
        let send = async |head, bytes: &[u8]| {
            let answer = world.send(intake(stream::iter(messages(head, bytes)))).await;
            faults(answer)
        };
        assert_eq!(send(declared(), &bytes[..4999]).await, ["head.size"]);
        let mut longer = bytes.clone();
        longer.push(1);
        assert_eq!(send(declared(), &longer).await, ["head.size"]);
        let mut other = bytes.clone();
        other[4000] ^= 1;
        assert_eq!(send(declared(), &other).await, ["head.sha256"]);
        other[0] = b'<';
        assert_eq!(send(declared(), &other).await, ["head.sha256", "head.media_type"]);
        assert_eq!(send(declared(), b"").await, ["head.size", "head.media_type"]);
        let png = v1::UploadAttachmentHead {
            media_type: "image/png".into(),
            ..declared()
        };
        assert_eq!(send(png, &bytes).await, ["head.media_type"]);
        let large = pdf("a", (1 << 20) + 1);
        let streams = [
            (vec![part(Part::Data(bytes.clone()))], "head"),
            (vec![], "head"),
            (
                vec![part(Part::Head(declared())), part(Part::Head(declared()))],
                "data",
            ),
            (
                vec![
                    part(Part::Head(head("a.pdf", &large))),
                    part(Part::Data(large.clone())),
                ],
                "data",
            ),
        ];
        for (messages, field) in streams {
            assert_eq!(faults(world.send(intake(stream::iter(messages))).await), [field]);
        }
        assert_eq!(world.count("attachment").await, 0);
        assert_eq!(world.objects().len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_needs_a_desk_or_the_reporter() {
    on_each_database(async |mut world| {
        let bytes = pdf("a", 100);
        let stream = || stream::iter(messages(head("a.pdf", &bytes), &bytes));
        let nobody = world.send(public(stream())).await;
        refused(nobody, Code::Unauthenticated, "TOKEN_MISSING");
        let evaluator = world.send(by("e", Role::Evaluator, "*", stream())).await;
        refused(evaluator, Code::PermissionDenied, "PERMISSION_DENIED");
        let mut guess = world.submit("satu").await;
        guess.secret = "00000-00000".into();
        refused(world.upload_by(&guess, &bytes).await, Code::NotFound, "NOT_FOUND");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reporter_may_have_at_most_twenty_unattached_files() {
    on_each_database(async |mut world| {
        let report = world.submit("satu").await;
        for n in 0..20 {
            let bytes = pdf(&n.to_string(), 50);
            world.upload_by(&report, &bytes).await.unwrap();
        }
        let more = world.upload_by(&report, &pdf("x", 50)).await;
        refused(more, Code::ResourceExhausted, "TOO_MANY_UPLOADS");
        world.upload("a.pdf", &pdf("a", 50)).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unattached_files_are_deleted_after_a_day() {
    swept(1, 1, async |mut world| {
        let kept = world.upload("a.pdf", &pdf("a", 100)).await;
        world.submit_with("satu", vec![kept.clone()]).await;
        world.upload("b.pdf", &pdf("b", 100)).await;
        world.advance(TimeDelta::hours(24));
        world.erased().await;
        assert_eq!(world.objects().len(), 2);
        world.advance(TimeDelta::hours(2));
        let gone = async || (world.count("attachment").await == 1).then_some(());
        eventually(Duration::from_secs(10), gone).await.unwrap();
        assert_eq!(world.objects().len(), 1);
        assert!(world.download(|| liaison(read(&kept))).await.is_ok());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_changed_in_the_storage_cannot_be_downloaded() {
    on_each_database(async |mut world| {
        let bytes = pdf("a", 600_000);
        let name = world.upload("a.pdf", &bytes).await;
        world.submit_with("satu", vec![name.clone()]).await;
        let sealed = world.objects().remove(0);
        let digest: [u8; 32] = Sha256::digest(&sealed).into();
        let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        let path = world
            .place
            .dir
            .path()
            .join("objects/sha256")
            .join(&hex[..2])
            .join(&hex);
        let piece = (256 << 10) + 28;
        let mut swapped = sealed.clone();
        swapped[..piece].copy_from_slice(&sealed[piece..2 * piece]);
        swapped[piece..2 * piece].copy_from_slice(&sealed[..piece]);
        for changed in [swapped, sealed[..sealed.len() - 1].to_vec()] {
            std::fs::write(&path, changed).unwrap();
            let read = world.download(|| liaison(read(&name))).await;
            refused(read, Code::Internal, "INTERNAL");
        }
    })
    .await;
}
