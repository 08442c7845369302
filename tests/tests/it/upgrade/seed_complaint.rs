//! Complaints and consultations of the country.

use serde_json::{Value, json};

use super::seed::{
    AWAY, COMPLAINT, CONSULTATION, HOME, OTHER, PRIVACY, SETTINGS, Seed, UNIT, file, upload, with,
};

/// A complaint that is being processed.
pub struct Report {
    name: String,
    access: Value,
}

/// Complaints to continue ten days later.
pub struct Reports {
    resolved: Report,
    answered: Report,
    on_hold: Report,
    consulted: Value,
}

impl Seed {
    async fn submit(&self, title: &str, more: Value) -> Report {
        let reporter = json!({"displayName": "Siti Rahayu", "identityNumber": "3271014506900001",
                              "phone": "0812-3456-7890", "email": "siti@example.id"});
        let report = json!({
            "parent": UNIT, "class": "complaint_regular", "category": "business_licence", "channel": "CHANNEL_WEB",
            "title": title, "reporter": reporter, "region": "3271", "incidentDate": "2024-02-20",
            "text": format!("{title}: permohonan sudah lengkap sejak sebulan lalu dan belum ada kabar sama sekali."),
        });
        let answer = self
            .act_and_repeat(COMPLAINT, "SubmitComplaint", with(report, more))
            .await;
        let name = answer["status"]["name"].as_str().unwrap().to_owned();
        let access = json!({"trackingCode": answer["trackingCode"], "secret": answer["secret"]});
        self.ask(COMPLAINT, "GetComplaint", json!({"name": name}));
        self.ask(COMPLAINT, "TrackComplaint", json!({"access": access}));
        Report { name, access }
    }

    async fn act_on(&self, report: &Report, method: &str, more: Value) {
        self.act(COMPLAINT, method, with(json!({"name": report.name}), more))
            .await;
    }

    async fn verify(&self, report: &Report) {
        self.act_on(report, "StartVerification", json!({})).await;
        self.act_on(report, "VerifyComplaint", json!({"unit": UNIT, "note": "Segera"}))
            .await;
        self.act_on(report, "StartFollowUp", json!({})).await;
    }

    /// Complaints in many states.
    pub async fn complaints(&self) -> Reports {
        let days: Vec<Value> = (1..=6)
            .map(|day| json!({"weekday": day, "open": "08:00", "close": "14:00"}))
            .collect();
        let hours = json!({"hours": {"agency": AWAY, "zone": "wit", "days": days}});
        self.act(SETTINGS, "UpdateAgencyHours", hours).await;
        let deadline = json!({"unit": UNIT, "class": "complaint_normative", "workingDays": 3, "citation": "Standar pelayanan uji"});
        self.act(SETTINGS, "SetDeadline", deadline).await;
        let desk = json!({"unit": UNIT, "channels": [{"channel": "CHANNEL_FACE_TO_FACE", "sinceDate": "2023-01-02"}],
                          "sp4nSinceDate": "2023-01-02"});
        self.act(SETTINGS, "UpdateDesk", json!({"desk": desk})).await;
        let record =
            json!({"kind": "ACCOUNTABILITY_KIND_REPORT", "date": "2023-06-30", "title": "Laporan semester"});
        self.act(
            SETTINGS,
            "RecordAccountability",
            json!({"unit": UNIT, "record": record}),
        )
        .await;

        let data = b"%PDF-1.7\nsurat pengantar ".repeat(200);
        let head = with(file(&data), json!({"displayName": "surat.pdf"}));
        let sent = self
            .call(
                COMPLAINT,
                "UploadAttachment",
                upload(self.identified(head), &data),
            )
            .await;
        let attachment = sent["attachment"]["name"].clone();
        let resolved = self
            .submit("Izin usaha belum terbit", json!({"attachments": [attachment]}))
            .await;
        self.ask(
            COMPLAINT,
            "ReadAttachment",
            json!({"name": attachment, "access": resolved.access}),
        );
        self.verify(&resolved).await;
        let answered = self
            .submit("Antrean loket panjang", json!({"class": "complaint_normative"}))
            .await;
        self.verify(&answered).await;
        let on_hold = self
            .submit(
                "Berkas hilang",
                json!({"sp4nNumber": "5512345", "channel": "CHANNEL_INTEGRATED"}),
            )
            .await;
        self.act_on(&on_hold, "StartVerification", json!({})).await;
        self.submit("Loket tutup lebih awal", json!({"confidential": true}))
            .await;
        self.submit(
            "Pungutan di loket",
            json!({"anonymous": true, "class": "complaint_oversight"}),
        )
        .await;
        let late = self.submit("Reklame belum diputus", json!({})).await;
        self.verify(&late).await;
        let rejected = self.submit("Harga beras naik", json!({})).await;
        self.act_on(&rejected, "StartVerification", json!({})).await;
        let reason = json!({"reason": "out_of_scope", "text": "Bukan layanan kami"});
        self.act_on(&rejected, "RejectComplaint", reason).await;
        let forwarded = self
            .submit("Jalan rusak di Bandung", json!({"parent": HOME}))
            .await;
        self.act_on(
            &forwarded,
            "ForwardComplaint",
            json!({"to": AWAY, "text": "Lokasinya di Bandung"}),
        )
        .await;
        let twin = self
            .submit("Izin usaha belum terbit", json!({"channel": "CHANNEL_EMAIL"}))
            .await;
        self.act_on(&twin, "StartVerification", json!({})).await;
        self.act_on(&twin, "MergeComplaint", json!({"into": resolved.name}))
            .await;
        self.ask(COMPLAINT, "ListDuplicates", json!({"name": twin.name}));
        let erased = self.submit("Salah kirim", json!({"class": "aspiration"})).await;
        self.act_on(&erased, "StartVerification", json!({})).await;
        let reason = json!({"reason": "not_a_report", "text": "Permintaan pelapor"});
        self.act_on(&erased, "RejectComplaint", reason).await;
        let erasure = json!({"name": erased.name, "textToo": true, "reason": "Permintaan pelapor"});
        self.act(PRIVACY, "EraseComplaint", erasure).await;
        let purpose = json!({"purpose": "PURPOSE_CONTACT", "reason": "Surat 12/2024"});
        let identity = with(json!({"name": on_hold.name}), purpose.clone());
        self.call(PRIVACY, "ReadIdentity", identity.clone()).await;
        self.once(PRIVACY, "ReadIdentity", identity);
        let contact = with(json!({"contact": "+62 812 3456 7890", "parent": HOME}), purpose);
        self.once(PRIVACY, "FindComplaints", contact);
        let consulted = self.consultations().await;

        for request in [
            json!({"parent": "agencies/-", "pageSize": 100}),
            json!({"parent": AWAY}),
            json!({"parent": UNIT, "state": "closed"}),
            json!({"parent": "agencies/-", "order": "COMPLAINT_ORDER_DUE", "open": true}),
            json!({"parent": HOME, "overdue": true}),
        ] {
            self.ask(COMPLAINT, "ListComplaints", request);
        }
        for (unit, period) in [
            (UNIT, "2024"),
            (UNIT, "2024-m03"),
            (UNIT, "2024-s1"),
            (OTHER, "2024"),
        ] {
            self.ask(
                COMPLAINT,
                "GetPerformance",
                json!({"unit": unit, "period": period}),
            );
        }
        let watch = super::Question::new(
            COMPLAINT,
            "WatchComplaints",
            json!({"parent": HOME, "after": "0"}),
        );
        self.reads.borrow_mut().push(watch.take(15));
        self.ask(PRIVACY, "ListIdentityReadings", json!({"parent": "agencies/-"}));
        for agency in [HOME, AWAY] {
            self.ask(SETTINGS, "GetAgencyHours", json!({"agency": agency}));
        }
        self.ask(SETTINGS, "ListDeadlines", json!({"unit": UNIT}));
        self.ask(SETTINGS, "GetDesk", json!({"unit": UNIT}));
        Reports {
            resolved,
            answered,
            on_hold,
            consulted,
        }
    }

    async fn consultations(&self) -> Value {
        let member = json!({"displayName": "Budi Santoso", "office": "Bagian Organisasi", "topics": ["procedure", "sop"], "active": true});
        self.act(
            CONSULTATION,
            "CreateTeamMember",
            json!({"parent": HOME, "memberId": "budi", "member": member}),
        )
        .await;
        let asker = json!({"displayName": "Agus", "phone": "0812-1111-2222"});
        let question = json!({"kind": "CONSULTATION_KIND_SERVICE_DESK", "parent": UNIT, "topic": "procedure",
                              "question": "Bagaimana cara memperpanjang izin usaha?", "channel": "CHANNEL_WEB", "asker": asker});
        let asked = self
            .act_and_repeat(CONSULTATION, "RequestConsultation", question)
            .await;
        let clinic = json!({"kind": "CONSULTATION_KIND_CLINIC", "parent": HOME, "askingUnit": UNIT, "topic": "sop",
                            "question": "Apa isi SOP yang baru?", "channel": "CHANNEL_WEB"});
        let clinic = self.act(CONSULTATION, "RequestConsultation", clinic).await;
        let schedule = json!({"name": clinic["name"], "member": format!("{HOME}/members/budi"), "note": "Bawa SOP",
                              "appointmentTime": "2024-03-20T03:00:00Z", "appointmentMode": "APPOINTMENT_MODE_ONLINE"});
        self.act(CONSULTATION, "ScheduleConsultation", schedule).await;
        for name in [&asked["name"], &clinic["name"]] {
            self.ask(CONSULTATION, "GetConsultation", json!({"name": name}));
        }
        let access = json!({"trackingCode": asked["trackingCode"], "secret": asked["secret"]});
        self.ask(CONSULTATION, "TrackConsultation", json!({"access": access}));
        self.ask(CONSULTATION, "ListConsultations", json!({"parent": HOME}));
        self.ask(CONSULTATION, "ListTeamMembers", json!({"parent": HOME}));
        self.ask(
            CONSULTATION,
            "SearchKnowledge",
            json!({"query": "memperpanjang izin"}),
        );
        json!({"name": asked["name"], "access": access})
    }

    /// Continues the complaints ten days later.
    pub async fn complaints_go_on(&self, reports: &Reports) {
        for (report, text) in [
            (&reports.resolved, "Izin sudah terbit"),
            (&reports.answered, "Loket ditambah"),
        ] {
            self.act_on(report, "RespondToComplaint", json!({"text": text}))
                .await;
        }
        let access = &reports.resolved.access;
        self.act(COMPLAINT, "CloseComplaint", json!({"access": access}))
            .await;
        self.act(
            COMPLAINT,
            "RateComplaint",
            json!({"access": access, "rating": 4, "text": "Cukup"}),
        )
        .await;
        self.act_on(
            &reports.on_hold,
            "RequestCompletion",
            json!({"text": "Nomor berkas?"}),
        )
        .await;
        self.act_on(&reports.on_hold, "EscalateComplaint", json!({"text": "Mendesak"}))
            .await;

        let name = &reports.consulted["name"];
        self.act(
            CONSULTATION,
            "AnswerConsultation",
            json!({"name": name, "text": "Lewat OSS."}),
        )
        .await;
        self.act(CONSULTATION, "CompleteConsultation", json!({"name": name}))
            .await;
        let rating = json!({"access": reports.consulted["access"], "rating": 5});
        self.act(CONSULTATION, "RateConsultation", rating).await;
        let entry = json!({"consultation": name, "question": "Bagaimana memperpanjang izin usaha?",
                           "answer": "Lewat OSS dengan NIB yang lama."});
        self.act(CONSULTATION, "PublishKnowledge", entry).await;
    }
}
