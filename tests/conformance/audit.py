"""The audit log: what was done and what was refused is in it, and it is whole."""

import grpc
from kit import AUDIT, DIRECTORY, Caller, expect, refused


def run(report, endpoints, token, operator):
    """Reads the log of the directory, which earlier scenarios have filled, and verifies it."""
    check = report.check
    prima, other = Caller(endpoints, token), Caller(endpoints, operator)

    def entries(method, decision):
        asked = {"service": "directory", "parent": "agencies/-", "page_size": 1000, "method": method,
                 "decision": decision}
        return prima.call(AUDIT, "ListAuditEntries", asked).entries

    with check("ListAuditEntries shows who created the agencies, newest first"):
        created = entries("CreateAgency", "AUDIT_DECISION_DONE")
        expect("there are entries", len(created) > 0, True)
        positions = [entry.position for entry in created]
        expect("order", positions, sorted(positions, reverse=True))
        for entry in created:
            expect("method", entry.method, DIRECTORY + "/CreateAgency")
            expect("it names the caller", entry.subject != "", True)

    with check("and who was refused, with the reason"):
        refused(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", lambda: other.call(
            DIRECTORY, "CreateUnitType", {"request_id": "audit-1", "parent": "agencies/3271"}))
        last = entries("CreateUnitType", "AUDIT_DECISION_REFUSED")[0]
        expect("reason", last.reason, "PERMISSION_DENIED")
        expect("agency", last.agency, "3271")

    with check("a token that is not valid leaves an entry without a caller, and nothing of what a forged one claims"):
        refused(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID",
                lambda: Caller(endpoints, token[:-8] + "AAAAAAAA").call(DIRECTORY, "ListAgencies"))
        last = entries("ListAgencies", "AUDIT_DECISION_REFUSED")[0]
        expect("caller", (last.subject, last.identity, list(last.roles)), ("", "", []))
        expect("claimed subject", last.claimed.subject, "")
        expect("fault", last.claimed.fault, "the token is not valid: its signature is wrong")

    with check("VerifyAuditLog finds the log whole, with what was noted of it"):
        found = prima.call(AUDIT, "VerifyAuditLog", {"service": "directory"})
        expect("broken position", found.broken_position, 0)
        noted = {"service": "directory", "known_position": found.verified, "known_hash": found.hash}
        expect("it contains what was noted", prima.call(AUDIT, "VerifyAuditLog", noted).contains_known, True)
        noted["known_hash"] = "0" * 64
        expect("and nothing else", prima.call(AUDIT, "VerifyAuditLog", noted).contains_known, False)

    with check("ListAuditEntries is refused to an operator"):
        refused(grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_DENIED", lambda: other.call(
            AUDIT, "ListAuditEntries", {"service": "directory", "parent": "agencies/-"}))
