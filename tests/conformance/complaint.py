"""Complaints from submission to closing and reopening, consultations, identities, and the settings behind them."""

import base64
import datetime
import hashlib
import json
import secrets

import grpc
from kit import (
    CALL_SECONDS, COMPLAINT, CONSULTATION, DIRECTORY, PRIVACY, SETTINGS, Caller, Mismatch, Watch, expect, expect_within,
    refused, until,
)

REPORTER = {"display_name": "Siti Rahayu", "identity_number": "3271014506900001", "phone": "0812-3456-7890",
            "email": "siti@example.id"}
WRONG_ID = "complaints/00000000-0000-4000-8000-000000000000"


def run(report, endpoints, token, counter):
    """Calls every method of the four services; `counter` is a token with the role intake alone, or empty."""
    check = report.check
    prima, nobody = Caller(endpoints, token), Caller(endpoints)
    run_id = secrets.token_hex(4)
    agency, other = f"agencies/uji-{run_id}", f"agencies/uji-{run_id}-2"
    unit = f"{agency}/units/dpmptsp"
    now = datetime.datetime.now(datetime.timezone.utc)
    year = (now + datetime.timedelta(hours=7)).year
    ids = iter(range(1000))

    def once(fields):
        return {"request_id": f"{run_id}-{next(ids)}"} | fields

    def fields(number, **more):
        return once({
            "parent": unit, "class": "complaint_regular", "category": "business_licence", "channel": "CHANNEL_WEB",
            "title": f"Izin usaha belum terbit {run_id} {number}", "reporter": REPORTER, "region": "3271",
            "text": f"Permohonan izin {number} sudah lengkap sejak sebulan lalu dan belum ada kabar sama sekali.",
        } | more)

    def submit(number, **more):
        answer = prima.call(COMPLAINT, "SubmitComplaint", fields(number, **more))
        return answer.status.name, {"tracking_code": answer.tracking_code, "secret": answer.secret}

    def lead(name, *actions):
        for action in actions:
            action(name)

    def start(name):
        return prima.call(COMPLAINT, "StartVerification", once({"name": name})).status

    def verify(name):
        return prima.call(COMPLAINT, "VerifyComplaint", once({"name": name, "unit": unit, "note": "Segera"})).status

    def follow_up(name):
        return prima.call(COMPLAINT, "StartFollowUp", once({"name": name})).status

    def respond(name):
        return prima.call(COMPLAINT, "RespondToComplaint", once({"name": name, "text": "Izin sudah terbit"})).status

    def timeline(name):
        lines = prima.call(COMPLAINT, "GetComplaint", {"name": name}).complaint.timeline
        expect("numbers", [line.number for line in lines], list(range(1, len(lines) + 1)))
        return [line.action or line.DESCRIPTOR.fields_by_name["kind"].enum_type.values_by_number[line.kind].name
                .removeprefix("TIMELINE_KIND_").lower() for line in lines]

    def upload(data, **access):
        head = once({"display_name": "surat.pdf", "media_type": "application/pdf", "size": len(data),
                     "sha256": base64.b64encode(hashlib.sha256(data).digest()).decode()} | access)
        parts = [{"data": base64.b64encode(data[at:at + 100_000]).decode()} for at in range(0, len(data), 100_000)]
        return [{"head": head}, *parts]

    watch = Watch(prima.call(COMPLAINT, "WatchComplaints", {"parent": agency, "after": "0"}, seconds=CALL_SECONDS * 18))

    # A report is submitted and processed by two agencies.
    for each in (agency, other):
        prima.call(DIRECTORY, "CreateAgency", once({
            "agency_id": each.rpartition("/")[2],
            "agency": {"display_name": "Kota Uji", "kind": "AGENCY_KIND_KEMENTERIAN"},
        }))
    prima.call(DIRECTORY, "CreateUnit", once({
        "parent": agency, "unit_id": "dpmptsp", "unit": {"display_name": "DPMPTSP Uji", "unit_type": "dpmptsp"},
    }))
    first, name, access = None, None, None
    with check("SubmitComplaint takes a report in, and a repeat gets the same code"):
        first = fields(1)
        answer = prima.call(COMPLAINT, "SubmitComplaint", first)
        name, access = answer.status.name, {"tracking_code": answer.tracking_code, "secret": answer.secret}
        expect("state, open", (answer.status.state, answer.status.open), ("received", True))
        expect("clock", answer.status.deadline.clock, "verification")
        expect("repeat", prima.call(COMPLAINT, "SubmitComplaint", first), answer)
    with check("SubmitComplaint refuses a used request_id with another body and names every fault of an empty one"):
        refused(grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED",
                lambda: prima.call(COMPLAINT, "SubmitComplaint", first | {"title": "Judul yang lain"}))
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(COMPLAINT, "SubmitComplaint"))
        expect_within("the fields", ["request_id", "parent", "class", "title", "text", "channel", "reporter"],
                      refusal.fields)
    with check("what needs a token or more than it holds is refused"):
        refused(grpc.StatusCode.UNAUTHENTICATED, None,
                lambda: nobody.call(COMPLAINT, "SubmitComplaint", fields(2)))
        refused(grpc.StatusCode.UNAUTHENTICATED, None,
                lambda: nobody.call(COMPLAINT, "GetComplaint", {"name": name}))
        if counter:
            loket = Caller(endpoints, counter)
            taken = loket.call(COMPLAINT, "SubmitComplaint", fields(3)).status
            expect("agency", taken.agency, agency)
            for method in ("GetComplaint", "StartVerification", "ListDuplicates"):
                body = {"name": name} | ({"request_id": f"{run_id}-l"} if method == "StartVerification" else {})
                refused(grpc.StatusCode.PERMISSION_DENIED, None, lambda: loket.call(COMPLAINT, method, body))
            refused(grpc.StatusCode.PERMISSION_DENIED, None, lambda: loket.call(PRIVACY, "GetKeyUsage"))
            refused(grpc.StatusCode.PERMISSION_DENIED, None, lambda: loket.call(PRIVACY, "ReadIdentity", {
                "name": name, "purpose": "PURPOSE_CONTACT", "reason": "Uji peran"}))
    with check("TrackComplaint shows the report to whoever has its code, and what is confidential with the secret only"):
        code = {"tracking_code": access["tracking_code"]}
        seen = nobody.call(COMPLAINT, "TrackComplaint", {"access": code}).complaint
        expect("title, name, etag", (seen.title, seen.status.name, seen.status.etag), (first["title"], "", ""))
        _, hidden = submit(4, confidential=True)
        seen = nobody.call(COMPLAINT, "TrackComplaint", {"access": {"tracking_code": hidden["tracking_code"]}}).complaint
        expect("hidden", (seen.title, seen.text), ("", ""))
        seen = nobody.call(COMPLAINT, "TrackComplaint", {"access": hidden}).complaint
        expect("shown", seen.text[:15], "Permohonan izin")
    with check("an unknown code, another's secret and an unknown report are NOT_FOUND"):
        unknown = {"tracking_code": "AAAAA-AAAAA-AAAAA-AAAAA", "secret": "AAAAA-AAAAA"}
        refused(grpc.StatusCode.NOT_FOUND, None, lambda: nobody.call(COMPLAINT, "TrackComplaint", {"access": unknown}))
        refused(grpc.StatusCode.NOT_FOUND, None, lambda: nobody.call(
            COMPLAINT, "CloseComplaint", once({"access": access | {"secret": "AAAAA-AAAAA"}})))
        refused(grpc.StatusCode.NOT_FOUND, None, lambda: prima.call(COMPLAINT, "GetComplaint", {"name": WRONG_ID}))
    with check("an action that the state does not allow is ILLEGAL_TRANSITION, one on a stale etag ABORTED"):
        refused(grpc.StatusCode.FAILED_PRECONDITION, "ILLEGAL_TRANSITION", lambda: respond(name))
        refused(grpc.StatusCode.ABORTED, None, lambda: prima.call(
            COMPLAINT, "StartVerification", once({"name": name, "etag": "1"})))
    with check("StartVerification, RequestCompletion and ReplyToComplaint: the clock stands still meanwhile"):
        expect("state", start(name).state, "verifying")
        held = prima.call(COMPLAINT, "RequestCompletion", once({"name": name, "text": "Nomor berkas?"})).status
        expect("state, paused", (held.state, held.deadline.paused), ("on_hold", True))
        back = nobody.call(COMPLAINT, "ReplyToComplaint", once({"access": access, "text": "Nomor 12/2024"})).status
        expect("state, name", (back.state, back.name), ("verifying", ""))
    with check("ForwardComplaint hands it to another agency and back, and the trail shows both hops"):
        to = prima.call(COMPLAINT, "ForwardComplaint", once({"name": name, "to": other, "text": "Bukan di kami"})).status
        expect("agency, state", (to.agency, to.state), (other, "forwarded"))
        prima.call(COMPLAINT, "ForwardComplaint", once({"name": name, "to": agency, "text": "Ternyata di sana"}))
        read = prima.call(COMPLAINT, "GetComplaint", {"name": name}).complaint
        hops = [(line.from_parent, line.to_parent) for line in read.timeline if line.action == "forward"]
        expect("hops", ([h[1] for h in hops], read.hops), ([other, agency], 2))
    with check("EscalateComplaint raises a report by one level"):
        raised = prima.call(COMPLAINT, "EscalateComplaint", once({"name": name, "text": "Sudah mendesak"})).status
        expect("level", raised.level, 1)
    with check("VerifyComplaint and StartFollowUp bring it to the unit, whose clock runs"):
        expect("unit, clock", ((given := verify(name)).unit, given.deadline.clock != "verification"), (unit, True))
        expect("state", follow_up(name).state, "in_progress")
    data = b"%PDF-1.7\n" + b"tanggapan " * 30_000
    with check("UploadAttachment, RespondToComplaint and ReadAttachment bring a file to the reporter"):
        file = prima.call(COMPLAINT, "UploadAttachment", rows=upload(data)).attachment
        expect("size", file.size, len(data))
        answered = prima.call(COMPLAINT, "RespondToComplaint", once({
            "name": name, "text": "Izin sudah terbit", "attachments": [file.name],
        })).status
        expect("state", answered.state, "responded")
        read = nobody.call(COMPLAINT, "ReadAttachment", {"name": file.name, "access": access})
        expect("bytes", b"".join(part.data for part in read) == data, True)
        refused(grpc.StatusCode.UNAUTHENTICATED, None,
                lambda: nobody.call(COMPLAINT, "ReadAttachment", {"name": file.name}))
        spoilt = upload(data)
        spoilt[-1] = {"data": base64.b64encode(b"!").decode()}
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(COMPLAINT, "UploadAttachment", rows=spoilt))
    with check("CloseComplaint, RateComplaint and ReopenComplaint are the reporter's"):
        expect("state", nobody.call(COMPLAINT, "CloseComplaint", once({"access": access})).status.state, "closed")
        nobody.call(COMPLAINT, "RateComplaint", once({"access": access, "rating": 2, "text": "Lambat"}))
        refused(grpc.StatusCode.FAILED_PRECONDITION, "ALREADY_RATED", lambda: nobody.call(
            COMPLAINT, "RateComplaint", once({"access": access, "rating": 5})))
        again = nobody.call(COMPLAINT, "ReopenComplaint", once({"access": access, "text": "Belum terbit juga"})).status
        expect("state, open", (again.state, again.open), ("reopened", True))
        lead(name, follow_up, respond)
        nobody.call(COMPLAINT, "CloseComplaint", once({"access": access}))
        nobody.call(COMPLAINT, "RateComplaint", once({"access": access, "rating": 5}))
    with check("GetComplaint tells every step once, numbered without a gap"):
        expect("timeline", timeline(name), [
            "received", "start_verification", "hold", "reply", "forward", "start_verification", "forward",
            "escalated_by_hand", "start_verification", "disposition", "start_follow_up", "respond", "close", "rated", "reopen",
            "start_follow_up", "respond", "close", "rated",
        ])
    twin, _ = submit(1)
    with check("ListDuplicates finds the same text to the same unit, MergeComplaint ties it to the one that goes on"):
        whole, _ = submit(1)
        found = {d.complaint.status.name: d for d in prima.call(COMPLAINT, "ListDuplicates", {"name": twin}).duplicates}
        expect_within("the duplicates", [whole, name], found)
        expect("alike", (found[whole].text_similarity, found[whole].title_similarity), ("100.00", "100.00"))
        start(twin)
        merged = prima.call(COMPLAINT, "MergeComplaint", once({"name": twin, "into": whole})).status
        expect("state, open", (merged.state, merged.open), ("archived", False))
        expect("other", prima.call(COMPLAINT, "GetComplaint", {"name": twin}).complaint.merged_into, whole)
    with check("RejectComplaint archives with a reason of the workflow only"):
        wrong, _ = submit(5)
        start(wrong)
        bad = {"name": wrong, "reason": "wrong_address", "text": "Salah alamat"}
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(COMPLAINT, "RejectComplaint", once(bad)))
        done = prima.call(COMPLAINT, "RejectComplaint", once(bad | {"reason": "out_of_scope"})).status
        expect("state", done.state, "archived")
    with check("ListComplaints pages through an agency's reports, the newest first, and filters them"):
        names, page_token = [], ""
        while True:
            page = prima.call(COMPLAINT, "ListComplaints", {"parent": agency, "page_size": 2, "page_token": page_token})
            names += [c.status.name for c in page.complaints]
            page_token = page.next_page_token
            if not page_token or len(names) > 100:
                break
        whole_list = prima.call(COMPLAINT, "ListComplaints", {"parent": agency, "page_size": 1000}).complaints
        expect("pages", names, [c.status.name for c in whole_list])
        expect("each once", len(set(names)), len(names))
        closed = prima.call(COMPLAINT, "ListComplaints", {"parent": unit, "state": "closed"}).complaints
        expect("closed", [c.status.name for c in closed], [name])
        due = prima.call(COMPLAINT, "ListComplaints", {
            "parent": agency, "order": "COMPLAINT_ORDER_DUE", "open": True, "page_size": 1000}).complaints
        times = [c.status.deadline.due_time.seconds for c in due]
        expect("order", (times, bool(times)), (sorted(times), True))
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(
            COMPLAINT, "ListComplaints", {"parent": "agencies", "page_size": -1, "page_token": "x"}))
    with check("WatchComplaints told every step of the agency once, in order, without text"):
        def told():
            return [m for m in list(watch.messages) if m.complaint == name and m.agency == agency]
        until("the last line", lambda: any(m.entry.number == 19 for m in told()))
        numbers = [m.entry.number for m in told()]
        expect("once, in order", numbers, sorted(set(numbers)))
        expect("the rest was told too", set(range(1, 20)) - set(numbers) <= {5, 6, 7}, True)
        expect("text", [m.entry.text for m in watch.messages if m.entry.text], [])
        last = told()[-1]
        resumed = Watch(prima.call(COMPLAINT, "WatchComplaints", {"parent": agency, "after": told()[-2].cursor},
                                   seconds=CALL_SECONDS))
        expect("goes on after the cursor", resumed.until("an event", lambda m: True).cursor != told()[-2].cursor, True)
        until("the last line again", lambda: last in list(resumed.messages))
        resumed.close()
        watch.close()
    with check("GetPerformance counts them, for the year as published and for a month"):
        def figures(period):
            return prima.call(COMPLAINT, "GetPerformance", {"unit": unit, "period": period})
        month = (now + datetime.timedelta(hours=7)).strftime("%Y-m%m")
        answer = figures(month)
        expect("resolved, archived, merged, reopened",
               (answer.performance.resolved, answer.performance.archived, answer.performance.merged,
                answer.performance.reopened), (1, 1, 1, 1))
        expect("rating", (answer.performance.ratings, answer.performance.rating_total), (1, 5))
        until("the year", lambda: figures(str(year)).performance.resolved == 1)
        expect("score", figures(str(year)).score.value, "100.00")
        whole = prima.call(COMPLAINT, "GetPerformance", {"agency": agency, "period": str(year)})
        expect("the agency's own", (whole.performance.agency, whole.performance.unit), (agency, ""))
        expect("in time, late", (whole.performance.in_time, whole.performance.late), (1, 0))
    settings(check, prima, nobody, once, run_id, agency, unit, year)
    consult(check, prima, nobody, once, agency, unit)
    identities(check, prima, once, agency, name, twin)


def settings(check, prima, nobody, once, run_id, agency, unit, year):
    """Calls the methods for calendar, hours, deadlines, workflow, categories and desks."""
    with check("ListHolidays and CalculateDueTime agree on a calendar that everybody can read"):
        days = nobody.call(SETTINGS, "ListHolidays", {"year": 2026})
        expect("loaded", days.loaded, True)
        expect_within("the days", ["2026-03-20", "2026-12-25"], [h.date for h in days.holidays])
        due = nobody.call(SETTINGS, "CalculateDueTime", {"start_time": "2026-02-13T03:00:00Z", "working_days": 3})
        expect("due, provisional", (due.due_date, due.provisional), ("2026-02-20", False))
        paused = nobody.call(SETTINGS, "CalculateDueTime", {
            "start_time": "2026-02-13T03:00:00Z", "working_days": 3,
            "pauses": [{"start_time": "2026-02-18T03:00:00Z", "end_time": "2026-02-19T03:00:00Z"}],
        })
        expect("a day later", paused.due_date, "2026-02-23")
    with check("ImportHolidays replaces the years that it touches, and names every fault"):
        rows = [{"date": "2100-01-01", "kind": "HOLIDAY_KIND_LIBUR_NASIONAL", "display_name": "Tahun Baru"},
                {"date": "2100-01-04", "kind": "HOLIDAY_KIND_CUTI_BERSAMA", "display_name": "Cuti bersama"}]
        done = prima.call(SETTINGS, "ImportHolidays", once({"holidays": rows, "citation": "Uji kesesuaian"}))
        expect("years", list(done.years), [2100])
        read = nobody.call(SETTINGS, "ListHolidays", {"year": 2100})
        expect("days", [h.date for h in read.holidays], [row["date"] for row in rows])
        if read.version < done.version:
            raise Mismatch(f"version {read.version} after {done.version}")
        bad = [{"date": "besok", "kind": "HOLIDAY_KIND_LIBUR_NASIONAL", "display_name": "x"}, {"date": "2100-02-01"}]
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(
            SETTINGS, "ImportHolidays", once({"holidays": bad})))
        if len(refusal.fields) < 4:
            raise Mismatch(f"only {refusal.fields} are named")
    with check("UpdateAgencyHours and GetAgencyHours agree on an agency's hours and time zone"):
        usual = nobody.call(SETTINGS, "GetAgencyHours", {"agency": agency}).hours
        expect("own", usual.own, False)
        hours = {"agency": agency, "zone": "wit",
                 "days": [{"weekday": day, "open": "08:00", "close": "14:00"} for day in range(1, 7)]}
        stored = prima.call(SETTINGS, "UpdateAgencyHours", once({"hours": hours})).hours
        expect("own, zone, days", (stored.own, stored.zone, len(stored.days)), (True, "wit", 6))
        expect("as read", nobody.call(SETTINGS, "GetAgencyHours", {"agency": agency}).hours, stored)
    with check("SetDeadline promises less than the national default, ListDeadlines shows it"):
        def days():
            listed = nobody.call(SETTINGS, "ListDeadlines", {"unit": unit}).deadlines
            return {d.__getattribute__("class"): (d.working_days, d.own) for d in listed}
        expect("default", days()["complaint_regular"], (14, False))
        prima.call(SETTINGS, "SetDeadline", once({
            "unit": unit, "class": "complaint_regular", "working_days": 7, "citation": "Standar pelayanan uji"}))
        expect("promise", days()["complaint_regular"], (7, True))
        prima.call(SETTINGS, "SetDeadline", once({
            "unit": unit, "class": "complaint_regular", "working_days": 0, "citation": "Standar pelayanan uji"}))
        expect("default again", days()["complaint_regular"], (14, False))
    with check("AddWorkflow takes the rules in force under a new id, and names the faults of broken ones"):
        current = nobody.call(SETTINGS, "ListWorkflows").workflows[0]
        expect("current", current.current, True)
        rules = json.loads(current.json) | {"id": f"uji-{run_id}"}
        broken = rules | {"classes": [], "clocks": [{"key": "x"}]}
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(
            SETTINGS, "AddWorkflow", once({"json": json.dumps(broken)})))
        if len(refusal.fields) < 2:
            raise Mismatch(f"only {refusal.fields} are named")
        added = prima.call(SETTINGS, "AddWorkflow", once({"json": json.dumps(rules)})).workflow
        expect("added", (added.id, added.current), (f"uji-{run_id}", True))
        listed = nobody.call(SETTINGS, "ListWorkflows").workflows
        expect("current", [w.id for w in listed if w.current], [f"uji-{run_id}"])
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(
            SETTINGS, "AddWorkflow", once({"json": json.dumps(rules)})))
        expect("an id in use", list(refusal.fields), ["json.id"])
    with check("ListCategories gives a tree, each after its parent"):
        known = {""}
        for category in nobody.call(SETTINGS, "ListCategories").categories:
            expect_within("the parents", [category.parent], known)
            known.add(category.key)
        expect_within("the tree", ["licensing", "business_licence"], known)
    with check("UpdateDesk, RecordAccountability and GetDesk tell how a unit can be reached and what it did"):
        desk = {"unit": unit, "channels": [{"channel": "CHANNEL_FACE_TO_FACE", "since_date": f"{year - 1}-01-02"}],
                "sp4n_since_date": f"{year - 1}-01-02"}
        made = prima.call(SETTINGS, "UpdateDesk", once({"desk": desk})).desk
        record = {"kind": "ACCOUNTABILITY_KIND_REPORT", "date": f"{year - 1}-06-30", "title": "Laporan semester"}
        kept = prima.call(SETTINGS, "RecordAccountability", once({"unit": unit, "record": record})).desk
        expect("records", [r.title for r in kept.records], ["Laporan semester"])
        expect("as read", prima.call(SETTINGS, "GetDesk", {"unit": unit}).desk, kept)
        refused(grpc.StatusCode.ABORTED, None, lambda: prima.call(
            SETTINGS, "UpdateDesk", once({"desk": desk | {"etag": made.etag + "0"}})))


def consult(check, prima, nobody, once, agency, unit):
    """A citizen asks the desk of a unit, and a unit asks the clinic."""
    member = f"{agency}/members/budi"
    with check("CreateTeamMember, UpdateTeamMember and ListTeamMembers keep a team"):
        made = prima.call(CONSULTATION, "CreateTeamMember", once({
            "parent": agency, "member_id": "budi",
            "member": {"display_name": "Budi Santoso", "office": "Bagian Organisasi", "topics": ["procedure", "sop"],
                       "active": True},
        })).member
        expect("name", made.name, member)
        changed = prima.call(CONSULTATION, "UpdateTeamMember", {
            "member": {"name": member, "office": "Biro Organisasi", "etag": made.etag}, "update_mask": "office",
        }).member
        listed = list(prima.call(CONSULTATION, "ListTeamMembers", {"parent": agency, "topic": "sop"}).members)
        expect("listed", listed, [changed])
        refused(grpc.StatusCode.ABORTED, None, lambda: prima.call(CONSULTATION, "UpdateTeamMember", {
            "member": {"name": member, "office": "Lain", "etag": made.etag}, "update_mask": "office"}))
    name, access, entry = None, None, None
    with check("RequestConsultation takes a citizen's question, TrackConsultation shows it with its code"):
        question = {"kind": "CONSULTATION_KIND_SERVICE_DESK", "parent": unit, "topic": "procedure",
                    "question": "Bagaimana cara memperpanjang izin usaha toko kelontong?",
                    "channel": "CHANNEL_FACE_TO_FACE", "asker": REPORTER}
        asked = prima.call(CONSULTATION, "RequestConsultation", once(question))
        name, access = asked.name, {"tracking_code": asked.tracking_code, "secret": asked.secret}
        seen = nobody.call(CONSULTATION, "TrackConsultation", {"access": access}).consultation
        expect("question, name", (seen.question, seen.name), (question["question"], ""))
        refused(grpc.StatusCode.NOT_FOUND, None, lambda: nobody.call(CONSULTATION, "TrackConsultation", {
            "access": {"tracking_code": "AAAAA-AAAAA-AAAAA-AAAAA", "secret": "AAAAA-AAAAA"}}))
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                          lambda: prima.call(CONSULTATION, "RequestConsultation"))
        expect_within("the fields", ["request_id", "kind", "parent", "topic", "question", "channel"], refusal.fields)
    with check("ScheduleConsultation, AnswerConsultation and CompleteConsultation answer it"):
        tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
        planned = prima.call(CONSULTATION, "ScheduleConsultation", once({
            "name": name, "member": member, "appointment_mode": "APPOINTMENT_MODE_ONLINE",
            "appointment_time": tomorrow.strftime("%Y-%m-%dT%H:%M:%SZ"), "note": "Tautan menyusul"}))
        expect("state", planned.state, 2)
        prima.call(CONSULTATION, "AnswerConsultation", once({
            "name": name, "text": "Ajukan lewat OSS dengan NIB yang lama", "member": member}))
        prima.call(CONSULTATION, "CompleteConsultation", once({"name": name}))
        read = prima.call(CONSULTATION, "GetConsultation", {"name": name}).consultation
        expect("state, answers, member", (read.state, len(read.answers), read.member), (4, 1, member))
        listed = prima.call(CONSULTATION, "ListConsultations", {"parent": agency, "member": member}).consultations
        expect("listed", [c.name for c in listed], [name])
    with check("RateConsultation takes the asker's stars once"):
        rated = nobody.call(CONSULTATION, "RateConsultation", once({"access": access, "rating": 4}))
        expect("rating", rated.rating, 4)
        refused(grpc.StatusCode.FAILED_PRECONDITION, "ALREADY_RATED", lambda: nobody.call(
            CONSULTATION, "RateConsultation", once({"access": access, "rating": 5})))
    with check("PublishKnowledge, SearchKnowledge and GetKnowledge make an answer public, WithdrawKnowledge ends that"):
        entry = prima.call(CONSULTATION, "PublishKnowledge", once({
            "consultation": name, "question": "Bagaimana memperpanjang izin usaha?",
            "answer": "Lewat OSS dengan NIB yang lama."})).knowledge
        found = nobody.call(CONSULTATION, "SearchKnowledge", {"query": "memperpanjang izin", "agency": agency}).entries
        expect("found", list(found), [entry])
        expect("as read", nobody.call(CONSULTATION, "GetKnowledge", {"name": entry.name}).knowledge, entry)
        clinic = prima.call(CONSULTATION, "RequestConsultation", once({
            "kind": "CONSULTATION_KIND_CLINIC", "parent": agency, "asking_unit": unit, "topic": "sop",
            "question": "Bagaimana memperpanjang izin usaha menurut SOP yang baru?", "channel": "CHANNEL_WEB"}))
        expect("codes", (clinic.tracking_code, clinic.secret), ("", ""))
        prima.call(CONSULTATION, "WithdrawKnowledge", once({"name": entry.name, "reason": "Sudah tidak berlaku"}))
        gone = nobody.call(CONSULTATION, "SearchKnowledge", {"query": "memperpanjang izin", "agency": agency}).entries
        expect("found", list(gone), [])
        refused(grpc.StatusCode.NOT_FOUND, None, lambda: nobody.call(
            CONSULTATION, "GetKnowledge", {"name": "knowledge/00000000-0000-4000-8000-000000000000"}))


def identities(check, prima, once, agency, name, twin):
    """Reads, finds, lists and erases identities, and shows which keys encrypt them."""
    why = {"purpose": "PURPOSE_CONTACT", "reason": "Surat 12/2026"}
    with check("ReadIdentity and FindComplaints tell who it was, and each reading stands in ListIdentityReadings"):
        who = prima.call(PRIVACY, "ReadIdentity", {"name": name} | why).reporter
        expect("who", (who.display_name, who.phone), (REPORTER["display_name"], "+6281234567890"))
        found = prima.call(PRIVACY, "FindComplaints", {"contact": "+62 812 3456 7890", "parent": agency} | why)
        expect_within("found", [name, twin], [c.name for c in found.complaints])
        log = prima.call(PRIVACY, "ListIdentityReadings", {"parent": agency, "name": name}).readings
        expect("methods", sorted(r.method for r in log), ["FindComplaints", "ReadIdentity"])
        expect("reasons", {r.reason for r in log}, {why["reason"]})
        refusal = refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                          lambda: prima.call(PRIVACY, "ReadIdentity", {"name": name}))
        expect_within("the fields", ["purpose", "reason"], refusal.fields)
    with check("CorrectIdentity replaces an identity, and ListHeldRecords lists what a breach affects"):
        right = {"display_name": "Nama Yang Benar", "phone": "081311112222"}
        prima.call(PRIVACY, "CorrectIdentity", once({"name": name, "reporter": right, "reason": "Permohonan 2/PDP"}))
        expect("corrected", prima.call(PRIVACY, "ReadIdentity", {"name": name} | why).reporter.display_name,
               right["display_name"])
        held = prima.call(PRIVACY, "ListHeldRecords", {
            "parent": "agencies/-", "from_time": "2000-01-01T00:00:00Z", "to_time": "2100-01-01T00:00:00Z", "page_size": 1000,
        }).records
        expect("held", [one.identity for one in held if one.name == name], [True])
    with check("EraseComplaint erases an identity for good, not the timeline"):
        prima.call(PRIVACY, "EraseComplaint", once({"name": name, "text_too": True, "reason": "Permintaan pelapor"}))
        refused(grpc.StatusCode.FAILED_PRECONDITION, "IDENTITY_ERASED",
                lambda: prima.call(PRIVACY, "ReadIdentity", {"name": name} | why))
        read = prima.call(COMPLAINT, "GetComplaint", {"name": name}).complaint
        expect("erased", (read.title, read.text, read.HasField("erase_time")), ("", "", True))
        expect("texts", {line.text for line in read.timeline}, {"", "Permintaan pelapor"})
        if len(read.timeline) < 20:
            raise Mismatch(f"{len(read.timeline)} lines are left")
    with check("GetKeyUsage counts what is sealed under each key, the current one first"):
        keys = prima.call(PRIVACY, "GetKeyUsage").keys
        expect("first", (keys[0].current, keys[0].present, keys[0].rows > 0), (True, True, True))
