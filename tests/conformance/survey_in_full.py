"""A year of one unit's surveys: instruments, access, disclosure, results, publication, follow-up, corrections, history."""

import base64
import concurrent.futures
import decimal
import time

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from kit import ACCESS, CALL_SECONDS, SURVEY, Mismatch, expect, expect_within, refused

YEAR = "2023"
USES = 40


def signed(key, device, counter, survey, response_id, answers):
    """The proof of a kiosk, as intake.proto describes it."""
    lines = ["prima-kiosk-1", survey, device, str(counter), response_id]
    lines += [f"{element}={score}" for element, score in sorted(answers.items())]
    return {"device": device, "counter": counter, "signature": key.sign("\n".join(lines).encode())}


def reading(key, device, survey):
    """The credential by which a kiosk reads the form, as questionnaire.proto describes it."""
    now = int(time.time())
    signature = key.sign("\n".join(["prima-kiosk-form-1", survey, device, str(now)]).encode())
    return {"kiosk": {"device": device, "counter": now, "signature": _base64(signature)}}


def run(report, prima, nobody, unit, run_id, rows, expected):
    check = report.check
    agency = unit.rpartition("/units/")[0]
    survey = f"{unit}/surveys/{YEAR}"

    def create(survey_id, **fields):
        return prima.call(SURVEY, "CreateSurvey", {
            "request_id": f"{run_id}-{survey_id}", "parent": unit, "survey_id": survey_id, "survey": fields,
        }).survey

    def result(of=survey):
        return prima.call(SURVEY, "GetResult", {"survey": of}).result

    # Instruments.
    with check("ListInstruments gives SKM and both forms of F-03, to anybody"):
        instruments = {i.id: i for i in nobody.call(SURVEY, "ListInstruments").instruments}
        expect_within("the list", ["skm-2017", "f03-offline-2022", "f03-online-2022"], instruments)
        skm = instruments["skm-2017"]
        expect("scale", (skm.min_score, skm.max_score), (1, 4))
        codes = {e.key: (e.code, e.form_code) for e in skm.elements}
        expect("codes of facilities", codes["facilities"], ("U9", "U8"))
        expect("codes of complaint handling", codes["complaint_handling"], ("U8", "U9"))
        expect("questions of F-03", [len(instruments[f"f03-{form}-2022"].elements) for form in ("offline", "online")],
               [14, 11])
    with check("an F-03 survey gives the mean of its aspects' means"):
        questions = [e.key for e in instruments["f03-offline-2022"].elements]
        f03 = create(f"{YEAR}-f03", period=YEAR, instrument="f03-offline-2022")
        # Five rows, because fewer show nothing.
        prima.call(SURVEY, "SubmitResponses", rows=[
            {"survey": f03.name, "response_id": f"f-{n}", "response": {"answers": {q: 4 for q in questions}}}
            for n in range(5)
        ])
        found = result(f03.name)
        expect("index and minimum", (found.index, found.minimum_respondents), ("4.00", 10))

    # Access.
    with check("CreateSurvey opens a survey with tokens, a link, kiosks and a population per service"):
        created = create(
            YEAR, period=YEAR,
            access_modes=["ACCESS_MODE_AGENT", "ACCESS_MODE_TOKEN", "ACCESS_MODE_LINK", "ACCESS_MODE_KIOSK"],
            service_populations=[{"service": "izin-usaha", "population": 40}, {"service": "izin-reklame", "population": 30}],
        )
        expect("population", created.population, 70)
        expect("minimum", result().minimum_respondents, 64)
    batch = None
    with check("IssueTokens gives a batch of single-use tokens, the same again on a repeat"):
        request = {"request_id": f"{run_id}-tokens", "survey": survey, "counter": "loket-1", "service": "izin-usaha",
                   "size": 5}
        batch = prima.call(ACCESS, "IssueTokens", request)
        expect("tokens", len(set(batch.tokens)), 5)
        expect("repeat", prima.call(ACCESS, "IssueTokens", request), batch)
    def form(credential, to=survey):
        return nobody.call(SURVEY, "GetQuestionnaire", {"survey": to, "credential": credential}).questionnaire

    with check("GetQuestionnaire gives the holder of a token the form, without using the token"):
        read = form({"token": batch.tokens[0]})
        expect("open", read.is_open, True)
        expect("service of the token", read.service, "izin-usaha")
        expect("questions", {q.key for q in read.questions}, set(rows[0]))
        expect("labels per question", {len(q.answers) for q in read.questions}, {4})
        expect_within("the profile", ["sex", "education", "occupation"], [f.key for f in read.profile_fields])
        expect("by role", prima.call(SURVEY, "GetQuestionnaire", {"survey": survey}).questionnaire.questions, read.questions)
        refused(grpc.StatusCode.PERMISSION_DENIED, "TOKEN_INVALID", lambda: form({"token": "x"}))
        refused(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING", lambda: form({}))
    with check("of many uses of one token at once exactly one is stored, without a bearer token"):
        def use(number):
            try:
                nobody.call(SURVEY, "SubmitResponse", {
                    "request_id": f"t-{number}", "survey": survey, "response": {"answers": rows[0]},
                    "credential": {"token": batch.tokens[0]},
                })
            except grpc.RpcError as error:
                return error.code().name
            return "OK"
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(use, range(USES)))
        expect("answers", {code: answers.count(code) for code in set(answers)},
               {"OK": 1, "FAILED_PRECONDITION": USES - 1})
        expect("respondents", result().respondents, 1)
    with check("a used token reads no form"):
        refused(grpc.StatusCode.FAILED_PRECONDITION, "TOKEN_USED", lambda: form({"token": batch.tokens[0]}))
    with check("a used, a foreign and a forged token are refused"):
        for token, survey_name, reason in (
            (batch.tokens[0], survey, "TOKEN_USED"), (batch.tokens[1] + "A", survey, "TOKEN_INVALID"), ("x", survey, "TOKEN_INVALID"),
        ):
            refused(grpc.StatusCode.FAILED_PRECONDITION if reason == "TOKEN_USED" else grpc.StatusCode.PERMISSION_DENIED,
                    reason, lambda: nobody.call(SURVEY, "SubmitResponse", {
                        "request_id": "lain", "survey": survey_name, "response": {"answers": rows[1]},
                        "credential": {"token": token},
                    }))
    with check("ListTokenBatches counts what was used, RevokeTokenBatch ends the rest"):
        listed = prima.call(ACCESS, "ListTokenBatches", {"parent": survey}).batches
        expect("used of", [(b.used, b.size, b.counter) for b in listed], [(1, 5, "loket-1")])
        prima.call(ACCESS, "RevokeTokenBatch", {"name": listed[0].name})
        refused(grpc.StatusCode.FAILED_PRECONDITION, "TOKEN_REVOKED", lambda: nobody.call(SURVEY, "SubmitResponse", {
            "request_id": "dicabut", "survey": survey, "response": {"answers": rows[1]},
            "credential": {"token": batch.tokens[1]},
        }))
    with check("IssueLink gives a link that anybody can answer by"):
        link = prima.call(ACCESS, "IssueLink", {"survey": survey}).link
        expect("survey of the form", form({"link": link}).survey, survey)
        nobody.call(SURVEY, "SubmitResponse", {
            "request_id": "tautan-1", "survey": survey, "credential": {"link": link},
            "response": {"answers": rows[1], "suggestion": "Tambah kursi tunggu", "profile": {"service": "izin-usaha"}},
        })
        expect("respondents", result().respondents, 2)
    key, device = Ed25519PrivateKey.generate(), f"{unit}/devices/anjungan-{run_id}"
    with check("RegisterDevice registers a kiosk, which signs and counts what it hands in"):
        prima.call(ACCESS, "RegisterDevice", {
            "request_id": f"{run_id}-kiosk", "parent": unit, "device_id": f"anjungan-{run_id}",
            "device": {"display_name": "Anjungan lobi", "public_key": _base64(key.public_key().public_bytes_raw())},
        })
        expect("devices", [d.name for d in prima.call(ACCESS, "ListDevices", {"parent": unit}).devices], [device])
        for response_id, counter in (("k-1", 1), ("k-2", 2)):
            proof = signed(key, device, counter, survey, response_id, rows[2])
            nobody.call(SURVEY, "SubmitResponse", {
                "request_id": response_id, "survey": survey, "response": {"answers": rows[2]},
                "credential": {"kiosk": proof | {"signature": _base64(proof["signature"])}},
            })
        expect("respondents", result().respondents, 4)
    with check("a kiosk reads the form with a signature over the time, and a foreign one does not"):
        expect("survey of the form", form(reading(key, device, survey)).survey, survey)
        refused(grpc.StatusCode.PERMISSION_DENIED, "SIGNATURE_INVALID",
                lambda: form(reading(Ed25519PrivateKey.generate(), device, survey)))
    with check("a counter used twice, a foreign signature and a revoked kiosk are refused"):
        def hand_in(response_id, counter, signer):
            proof = signed(signer, device, counter, survey, response_id, rows[2])
            return nobody.call(SURVEY, "SubmitResponse", {
                "request_id": response_id, "survey": survey, "response": {"answers": rows[2]},
                "credential": {"kiosk": proof | {"signature": _base64(proof["signature"])}},
            })
        refused(grpc.StatusCode.FAILED_PRECONDITION, "COUNTER_USED", lambda: hand_in("k-3", 2, key))
        refused(grpc.StatusCode.PERMISSION_DENIED, "SIGNATURE_INVALID",
                lambda: hand_in("k-4", 3, Ed25519PrivateKey.generate()))
        prima.call(ACCESS, "RevokeDevice", {"name": device})
        refused(grpc.StatusCode.FAILED_PRECONDITION, "DEVICE_REVOKED", lambda: hand_in("k-5", 3, key))

    # Figures of an open survey change in steps.
    with check("while the survey is open, figures wait for a step; only the number of respondents moves at once"):
        expect("respondents and counted", (result().respondents, result().counted), (4, 0))
        for number in range(4, 8):
            prima.call(SURVEY, "SubmitResponse", {
                "request_id": f"r-{number}", "survey": survey, "response": {"answers": rows[number]},
            })
        found = result()
        expect("respondents, counted, pending", (found.respondents, found.counted, found.pending), (8, 0, 8))
        expect("index and reason", (found.index, _name(found, "withheld_reason")), ("", "WITHHELD_REASON_FIRST_STEP"))
        expect("answers of each element", {e.answers for e in found.elements}, {0})
    groups = ("L", "P", "P")

    def late(n):
        return {"answers": rows[n], "criticism": f"Kritik {n}",
                "profile": {"sex": groups[n % 3], "age": 20 + n, "service": "izin-usaha"}}

    last = len(rows) - 4
    with check("SubmitResponses fills up, with profiles and an import's name, and moves the figures at once"):
        answer = prima.call(SURVEY, "SubmitResponses", seconds=CALL_SECONDS * 3, rows=[
            {"survey": survey, "response_id": f"r-{n}", "import_id": "susulan", "response": late(n)} for n in range(8, last)
        ])
        expect("accepted, rejected", (answer.accepted, answer.rejected), (last - 8, 0))
        # The response through the open link waits for nineteen others.
        expect("counted, pending", (answer.counted, answer.pending), (last - 1, 1))

    # Correction.
    with check("VoidResponses takes a wrong import out, says who and why, and keeps the responses"):
        wrong = [{"survey": survey, "response_id": f"salah-{n}", "import_id": "salah", "response": {"answers": rows[0]}}
                 for n in range(7)]
        before = result()
        prima.call(SURVEY, "SubmitResponses", rows=wrong)
        expect("respondents with it", result().respondents, before.respondents + 7)
        request = {"request_id": f"{run_id}-void", "survey": survey, "import_id": "salah", "reason": "Berkas unit lain"}
        void = prima.call(SURVEY, "VoidResponses", request).void
        expect("voided", void.responses, 7)
        expect("repeat", prima.call(SURVEY, "VoidResponses", request).void, void)
        after = result()
        expect("figures", (after.respondents, after.index, after.voided), (before.respondents, before.index, 7))
        expect("history", list(prima.call(SURVEY, "ListVoids", {"survey": survey}).voids), [void])
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(SURVEY, "VoidResponses", {
            "request_id": f"{run_id}-void-2", "survey": survey, "responses": {"ids": ["tidak-ada"]}, "reason": "Uji saja",
        }))

    with check("the last four answer one by one"):
        for n in range(last, len(rows)):
            answer = prima.call(SURVEY, "SubmitResponse",
                                {"request_id": f"r-{n}", "survey": survey, "response": late(n)})
        expect("respondents, counted", (result().respondents, result().counted), (len(rows), last - 1))

    # Bursts of a link, and a survey that is opened again. Its instrument is not that of the scores.
    with check("a burst of a link is in no figure until DecideQuarantine counts it, and is listed without answers"):
        questions = [e.key for e in instruments["f03-online-2022"].elements]
        burst = create(f"{YEAR}-tautan", period=YEAR, instrument="f03-online-2022",
                       access_modes=["ACCESS_MODE_LINK"]).name
        link = prima.call(ACCESS, "IssueLink", {"survey": burst}).link
        for number in range(12):
            nobody.call(SURVEY, "SubmitResponse", {
                "request_id": f"kelas-{number}", "survey": burst, "credential": {"link": link},
                "response": {"answers": {q: (number + at) % 6 for at, q in enumerate(questions)}},
            })
        found = result(burst)
        expect("counted, in question", (found.respondents, found.in_question, found.index), (0, 12, ""))
        held = prima.call(SURVEY, "ListQuarantines", {"survey": burst}).quarantines
        expect("quarantines", [(q.responses, _name(q, "state")) for q in held], [(12, "QUARANTINE_STATE_OPEN")])
        listed = prima.call(SURVEY, "ListResponses", {
            "survey": burst, "selection": {"source": "link", "flags": ["RESPONSE_FLAG_BURST"]},
        }).responses
        expect("listed", {(r.source, r.quarantine) for r in listed}, {("link", 1)})
        decision = {"name": held[0].name, "decision": "QUARANTINE_DECISION_ACCEPT", "reason": "Kelas menjawab bersama"}
        decided = prima.call(SURVEY, "DecideQuarantine", decision | {"etag": held[0].etag}).quarantine
        expect("decided", _name(decided, "state"), "QUARANTINE_STATE_ACCEPTED")
        refused(grpc.StatusCode.FAILED_PRECONDITION, "QUARANTINE_DECIDED",
                lambda: prima.call(SURVEY, "DecideQuarantine", decision))
        found = result(burst)
        expect("counted, in question", (found.respondents, found.in_question), (12, 0))
    with check("VoidResponses takes out what a selection names, and ReopenSurvey opens a closed survey with a reason"):
        void = prima.call(SURVEY, "VoidResponses", {
            "request_id": f"{run_id}-void-3", "survey": burst, "selection": {"source": "link"}, "reason": "Uji banjir jawaban",
        }).void
        expect("voided", void.responses, 12)
        prima.call(SURVEY, "CloseSurvey", {"name": burst})
        reopened = prima.call(SURVEY, "ReopenSurvey", {"name": burst, "reason": "Formulir kertas menyusul"}).survey
        expect("state", _name(reopened, "state"), "SURVEY_STATE_OPEN")
        changes = prima.call(SURVEY, "ListSurveyChanges", {"survey": burst}).changes
        expect("reasons", [c.reason for c in changes], ["Formulir kertas menyusul"])

    # Rights of respondents.
    with check("ReadResponse and EraseResponseTexts serve a respondent, and ListRespondentLog says who did it and why"):
        written = {"answers": rows[0], "suggestion": "Tambah kursi tunggu", "criticism": "Antrean panjang"}
        own = create("2019-hak", period="2019")
        prima.call(SURVEY, "SubmitResponse", {"request_id": "hak", "survey": own.name, "response": written})
        which = {"survey": own.name, "response_id": "hak", "reason": "Permohonan 1/PDP"}
        stored = prima.call(SURVEY, "ReadResponse", which).response
        expect("stored", ([c.text for c in stored.comments], dict(stored.answers)),
               ([written["suggestion"], written["criticism"]], dict(rows[0])))
        erased = prima.call(SURVEY, "EraseResponseTexts", which | {"request_id": f"{run_id}-hak"})
        expect("erased", erased.texts, 2)
        expect("left", len(prima.call(SURVEY, "ReadResponse", which).response.comments), 0)
        log = prima.call(SURVEY, "ListRespondentLog", {"survey": own.name}).entries
        expect("log", [(line.texts, line.reason) for line in log],
               [(2, "Permohonan 1/PDP"), (2, "Permohonan 1/PDP"), (0, "Permohonan 1/PDP")])
        prima.call(SURVEY, "VoidResponses", {
            "request_id": f"{run_id}-hak-void", "survey": own.name, "responses": {"ids": ["hak"]}, "reason": "Uji hak",
        })
        prima.call(SURVEY, "CloseSurvey", {"name": own.name})
    with check("GetTextKeyUsage counts what is encrypted under each key, the current one first"):
        usage = prima.call(SURVEY, "GetTextKeyUsage")
        expect("first", (usage.keys[0].current, usage.keys[0].present, usage.plain), (True, True, 0))

    # Results.
    with check("a closed survey shows every figure, with standard error, interval and sample status"):
        prima.call(SURVEY, "CloseSurvey", {"name": survey})
        found = result()
        expect("covered", found.disclosed_respondents, found.respondents)
        expect("respondents", found.respondents, len(rows))
        low, index, high = (decimal.Decimal(v) for v in (found.interval_low, found.index, found.interval_high))
        if not (low < index < high and decimal.Decimal(found.standard_error) > 0):
            raise Mismatch(f"interval {low} to {high} around {index}, standard error {found.standard_error}")
        expect("sample status", _name(found, "sample_status"), "SAMPLE_STATUS_UNDER_MINIMUM")
    with check("ListComments gives the words without the person"):
        comments = prima.call(SURVEY, "ListComments", {"survey": survey, "kind": "COMMENT_KIND_SUGGESTION"}).comments
        expect("suggestions", [(c.text, c.service) for c in comments], [("Tambah kursi tunggu", "izin-usaha")])
        found = prima.call(SURVEY, "ListComments", {"survey": survey, "contains": "kritik 2"}).comments
        expect("found by a word, whatever its case", all("Kritik 2" in c.text for c in found) and len(found) > 1, True)
    with check("AnalyzeResult gives groups that add up, withholds small cells and places every element"):
        analysis = prima.call(SURVEY, "AnalyzeResult", {"survey": survey}).analysis
        expect("covered", analysis.respondents, len(rows))
        expect("elements placed", len(analysis.importance_performance), 9)
        expect_within("the dimensions", ["sex", "age_group", "service"], [d.key for d in analysis.dimensions])
        for dimension in analysis.dimensions:
            for group in dimension.groups:
                if not group.suppressed and group.respondents < analysis.minimum_cell:
                    raise Mismatch(f"{dimension.key}={group.key!r} shows {group.respondents} people")
            withheld = [g for g in dimension.groups if g.suppressed]
            if len(withheld) == 1:
                raise Mismatch(f"{dimension.key}: one withheld cell follows from the total")
        expect("strongest and weakest are told", bool(analysis.strongest and analysis.weakest), True)

    # History.
    with check("RecordResult keeps last year's published result, labelled as recorded"):
        record = {"request_id": f"{run_id}-2022", "result": {
            "subject": unit, "period": "2022", "instrument": "skm-2017", "index": "80.98", "respondents": 120,
            "source": "Laporan SKM 2022",
        }}
        kept = prima.call(SURVEY, "RecordResult", record).result
        expect("category", kept.category, "B")
        expect("listed", [(r.subject, r.index) for r in
                          prima.call(SURVEY, "ListRecordedResults", {"parent": agency}).results], [(unit, "80.98")])
        refused(grpc.StatusCode.FAILED_PRECONDITION, "COMPUTED_RESULT_EXISTS", lambda: prima.call(SURVEY, "RecordResult", {
            "request_id": f"{run_id}-x", "result": record["result"] | {"period": YEAR},
        }))
    with check("GetUnitResult tells the change in points and in percent, each by its name"):
        found = prima.call(SURVEY, "GetUnitResult", {"unit": unit, "period": YEAR}).result
        expect("surveys, index", (list(found.surveys), found.index), ([survey], result().index))
        index, base = decimal.Decimal(found.index), decimal.Decimal("80.98")
        expect("base", (found.change.base_period, found.change.base_index, found.change.base_recorded),
               ("2022", "80.98", True))
        expect("points", decimal.Decimal(found.change.points), index - base)
        percent = ((index - base) / base * 100).quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP)
        expect("percent", decimal.Decimal(found.change.relative_percent), percent)
    with check("GetAgencyResult rolls up by both rules and names them"):
        found = prima.call(SURVEY, "GetAgencyResult", {"agency": agency, "period": YEAR}).result
        expect("rules", [r.rule for r in found.roll_ups], ["mean_of_units", "respondent_weighted"])
        expect("units counted", (found.units_counted, [u.unit for u in found.units]), (1, [unit]))

    # Publication and follow-up.
    with check("PublishResult records when and where the result was made public"):
        request = {"request_id": f"{run_id}-publish", "survey": survey, "media": [
            {"kind": "situs-web", "link": "https://contoh.go.id/skm"}, {"kind": "papan-pengumuman"},
        ]}
        publication = prima.call(SURVEY, "PublishResult", request).publication
        expect("kinds of media", publication.media_kinds, 2)
        expect("in the result", result().publication, publication)
        public = nobody.call(SURVEY, "ListPublishedResults", {"parent": unit}).results
        shown = {one.survey: (one.index, one.respondents, one.publication) for one in public}
        expect("to everybody", shown[survey], (result().index, result().counted, publication))
        refused(grpc.StatusCode.FAILED_PRECONDITION, "SURVEY_CLOSED",
                lambda: prima.call(SURVEY, "GetQuestionnaire", {"survey": survey}))
        refused(grpc.StatusCode.INVALID_ARGUMENT, None, lambda: prima.call(SURVEY, "PublishResult", request | {
            "request_id": f"{run_id}-publish-2", "media": [{"kind": "telepati"}, {"kind": "situs-web"}],
        }))
    follow_up = f"{survey}/followUps/antrean"
    with check("CreateFollowUp plans an action, CompleteFollowUp records that it was done, once"):
        planned = prima.call(SURVEY, "CreateFollowUp", {
            "request_id": f"{run_id}-rtl", "parent": survey, "follow_up_id": "antrean",
            "follow_up": {"element": "time", "program": "Antrean daring", "quarter": "2024-q1", "responsible": "Bidang Layanan"},
        }).follow_up
        expect("name", planned.name, follow_up)
        done = {"name": follow_up, "done_date": "2024-02-20", "evidence": "https://contoh.go.id/bukti", "etag": planned.etag}
        expect("done", prima.call(SURVEY, "CompleteFollowUp", done).follow_up.done_date, "2024-02-20")
        refused(grpc.StatusCode.FAILED_PRECONDITION, "FOLLOW_UP_DONE",
                lambda: prima.call(SURVEY, "CompleteFollowUp", done | {"etag": ""}))
        listed = prima.call(SURVEY, "ListFollowUps", {"parent": survey})
        expect("planned, done", (listed.planned, listed.done, len(listed.follow_ups)), (1, 1, 1))


def _base64(data):
    return base64.b64encode(data).decode()


def _name(message, field):
    return message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(message, field)].name
