"""The league tables of one unit: its standings, its scorecard, why its rank changed, pages, how sure ranks
are, deltas, and a rebuild."""

import grpc
from kit import CALL_SECONDS, RANKING, Caller, Watch, expect, expect_within, refused, until

# The history begins, and has a state, at the end of the next minute.
HISTORY_SECONDS = 150


def pages(caller, method, table, field):
    """What is listed of a table, all pages."""
    found, page_token = [], ""
    while True:
        page = caller.call(RANKING, method, {"name": table, "page_size": 1000, "page_token": page_token})
        found += getattr(page, field)
        page_token = page.next_page_token
        if not page_token:
            return found


def run(report, endpoints, token, unit, table, province, score):
    """Reads the unit in this table and in that of its province, where it is alone."""
    check = report.check
    prima, nobody = Caller(endpoints, token), Caller(endpoints)
    _, metric, _, period, _, cohort = table.split("/")
    within = f"{table}.{province}"
    with check("GetStanding gives the unit's places nationwide and in its province"):
        standings = nobody.call(RANKING, "GetStanding", {"subject": unit, "metric": metric, "period": period}).standings
        places = {s.table.name: s.row for s in standings}
        expect_within("the standings", [table, within], places)
        expect("place in the province", (places[within].rank, places[table].score), (1, score))
    with check("GetScorecard holds the unit's score in its place"):
        entries = nobody.call(RANKING, "GetScorecard", {"subject": unit, "metric": metric}).entries
        own = [entry for entry in entries if entry.period == period]
        expect("entries of the period", len(own), 1)
        expect("tables", sorted(s.table.name for s in own[0].standings), sorted(s.table.name for s in standings))
    with check("ExplainRankChange between the same two points finds nothing, once the history has begun"):
        point = {"period": period}
        points = {"subject": unit, "metric": metric, "cohort": cohort, "from": point, "to": point}

        def explained():
            return nobody.call(RANKING, "ExplainRankChange", points)

        until("history that holds the unit", lambda: explained().to.row.rank > 0, HISTORY_SECONDS)
        change = explained()
        expect("change of rank", change.ranks, 0)
        expect("parts", {part.ranks_fraction for part in change.parts}, {"0/1"})
    with check("ListAwards names the unit as the best of its province, with the rule, and refuses 101 places"):
        def listed():
            return nobody.call(RANKING, "ListAwards", {"name": within, "best": 1}).awards

        until("awards of the score", lambda: listed()[0].winners[0].score == score, HISTORY_SECONDS)
        awards = listed()
        best = [award for award in awards if award.kind == 1]
        expect("winners", [[w.subject for w in award.winners] for award in best], [[unit]])
        expect("rank and score", [(w.rank, w.score) for w in best[0].winners], [(1, score)])
        expect("rule and source", (bool(best[0].rule), bool(best[0].source)), (True, True))
        models = [award for award in awards if award.kind == 3]
        expect("role models", {tuple(w.subject for w in award.winners) for award in models}, {(unit,)})
        refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                lambda: nobody.call(RANKING, "ListAwards", {"name": within, "best": 101}))
        refused(grpc.StatusCode.NOT_FOUND, None,
                lambda: nobody.call(RANKING, "ListAwards", {"name": f"{table}.99"}))
    with check("ListLeagueTables and GetLeagueTable hold the unit"):
        tables, page_token = [], ""
        while True:
            page = nobody.call(RANKING, "ListLeagueTables", {"metric": metric, "period": period, "page_token": page_token})
            tables += [t.name for t in page.tables]
            page_token = page.next_page_token
            if not page_token:
                break
        expect_within("the list", [table, within], tables)
        page = nobody.call(RANKING, "GetLeagueTable", {"name": within})
        expect("subjects in the province", [r.subject for r in page.rows], [unit])
        expect("length of the hash", len(page.table.hash), 64)
        expect_within("the positions", ["directory", "survey"], [p.service for p in page.freshness.positions])
    with check("GetLeagueTable gives pages around a subject, from a rank, from the bottom and of a region"):
        rank = places[table].rank
        for fields in ({"around": unit}, {"start_rank": rank}, {"order": "ROW_ORDER_BOTTOM_FIRST"}, {"region": province}):
            rows = nobody.call(RANKING, "GetLeagueTable", {"name": table, "page_size": 1000, **fields}).rows
            expect(f"rank by {fields}", [r.rank for r in rows if r.subject == unit], [rank])
    with check("GetRankCertainty gives intervals or says why not, and ListMissingSubjects those without a score"):
        rows = pages(nobody, "GetLeagueTable", table, "rows")
        found = nobody.call(RANKING, "GetRankCertainty", {"name": table, "confidence_percent": 90, "best": 3})
        expect("subjects", [r.row.subject for r in found.rows], [r.subject for r in rows if r.rank > 0])
        certain = [r.certainty for r in found.rows if r.HasField("certainty")]
        expect("certainty, or a reason for none", bool(certain), found.certainty.absent_reason == 0)
        for one in certain:
            for interval in (one.single, one.joint):
                expect("ranks in order", 1 <= getattr(interval, "from") <= interval.to <= len(certain), True)
        refused(grpc.StatusCode.INVALID_ARGUMENT, None,
                lambda: nobody.call(RANKING, "GetRankCertainty", {"name": table, "confidence_percent": 80}))
        missing = [s.subject for s in pages(nobody, "ListMissingSubjects", table, "subjects")]
        expect("missing that have a score", set(missing) & {r.subject for r in rows}, set())
        expected = nobody.call(RANKING, "GetLeagueTable", {"name": table}).table.expected
        expect("expected subjects", expected, len(rows) + len(missing))
    with check("WatchLeagueTable with deltas is resumed by the token of its last message"):
        fields = {"name": table, "page_size": 1000, "deltas": True}
        watch = Watch(nobody.call(RANKING, "WatchLeagueTable", fields, seconds=CALL_SECONDS))
        snapshot = watch.until("snapshot", lambda m: m.resume_token)
        expect("kind", snapshot.kind, 1)
        expect_within("the snapshot", [unit], [r.subject for r in snapshot.rows])
        again = Watch(nobody.call(RANKING, "WatchLeagueTable", {**fields, "resume_token": snapshot.resume_token},
                                  seconds=CALL_SECONDS))
        expect("kind", again.until("delta", lambda m: m.resume_token).kind, 2)
        watch.close()
        again.close()
    with check("RebuildLeagueTables finds no row that differs, and is refused without a token"):
        *_, last = prima.call(RANKING, "RebuildLeagueTables", {}, seconds=CALL_SECONDS * 6)
        expect("phase, rows that differ, hashes", (last.phase, last.differing_rows, last.rebuilt_hash),
               (4, 0, last.live_hash))
        refused(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING",
                lambda: list(nobody.call(RANKING, "RebuildLeagueTables", {})))
