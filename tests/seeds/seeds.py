"""The published cases behind the project, told to a running Prima and read back from it.

    seeds.py --endpoint HOST:PORT --token-file FILE [CASE …]

Cases: bogor, bekasi, banjarnegara, cimahi, batam; all of them when none is named. The figures are those of the articles;
agencies and units are registered under ids of their own, so a case can run against a deployment that holds data, any
number of times. One line per check, `ok` or `FAIL`; the last line counts them; exit status 1 when one failed.
"""

import argparse
import pathlib
import secrets
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))

from kit import DIRECTORY, INDEX, INNOVATION, RANKING, SURVEY, Caller, Endpoint, Report, expect, until  # noqa: E402

# The type of a unit that is not one of the usual ones.
OPD = "lainnya"


class Case:
    """A case with ids of its own."""

    def __init__(self, report, prima, name):
        self.check, self.prima, self.name = report.check, prima, name
        self.run = f"{name}-{secrets.token_hex(3)}"
        self.sent = 0

    def once(self, fields):
        self.sent += 1
        return {"request_id": f"{self.run}-{self.sent}"} | fields

    def agency(self, suffix, kind, display_name):
        """An agency; a regency or a city in a province of its own."""
        parent = ""
        if kind in ("KABUPATEN", "KOTA"):
            parent = self.agency(f"{suffix}-prov", "PROVINSI", f"Provinsi {self.run}")
        agency_id = f"{self.run}-{suffix}"
        self.prima.call(DIRECTORY, "CreateAgency", self.once({
            "agency_id": agency_id,
            "agency": {"display_name": display_name, "kind": f"AGENCY_KIND_{kind}", "parent": parent},
        }))
        return f"agencies/{agency_id}"

    def unit(self, agency, unit_id, display_name, unit_type=""):
        self.prima.call(DIRECTORY, "CreateUnit", self.once({
            "parent": agency, "unit_id": unit_id,
            "unit": {"display_name": display_name, "unit_type": unit_type or unit_id},
        }))
        return f"{agency}/units/{unit_id}"

    def score(self, metric, subject, period, score="", category="", source="Artikel"):
        return self.prima.call(INDEX, "RecordExternalScore", self.once({"score": {
            "metric": metric, "subject": subject, "period": period, "score": score, "category": category, "source": source,
        }})).score

    def standing(self, subject, metric, period, cohort):
        """The row of a subject and the table, once both are there."""
        found = []

        def there():
            answer = self.prima.call(RANKING, "GetStanding", {"subject": subject, "metric": metric, "period": period})
            found[:] = [s for s in answer.standings if s.table.cohort == cohort]
            return bool(found)

        until(f"{subject} in the table {cohort}", there)
        return found[0]

    def table(self, metric, period, cohort, size):
        """The rows of a table, once it has this many."""
        name = f"metrics/{metric}/periods/{period}/cohorts/{cohort}"
        rows = []

        def full():
            rows[:] = self.prima.call(RANKING, "GetLeagueTable", {"name": name, "page_size": 1000}).rows
            return len(rows) == size

        until(f"{size} rows in {name}", full)
        return rows


def bogor(case):
    """2019: three units of the city, evaluated nationally under PermenPANRB 17/2017."""
    city = case.agency("kota", "KOTA", "Kota Bogor")
    values = {"dpmptsp": ("4.53", "A"), "disdukcapil": ("4.06", "A-"), "rsud": ("4.40", "A-")}
    with case.check("Bogor 2019: DPMPTSP 4.53 (A), Disdukcapil 4.06 (A-), RSUD 4.40 (A-)"):
        for unit_id, (value, letter) in values.items():
            unit = case.unit(city, unit_id, f"{unit_id.upper()} Kota Bogor")
            stored = case.score("ipp", unit, "2019", value)
            expect(unit_id, (stored.score, stored.category, stored.era), (value, letter, "pekppp-2017"))
    with case.check("Bogor 2019: the value of the city, 4.33 (A-), is the mean of its three units"):
        stored = case.score("ipp", city, "2019", "4.33")
        mean = stored.units_mean
        expect("city", (stored.score, stored.category), ("4.33", "A-"))
        expect("mean of units", (mean.score, mean.units, mean.category), ("4.33", 3, "A-"))
    with case.check("Bogor 2019: the units are ranked, each in its own table"):
        for unit_id, (value, _) in values.items():
            expect(unit_id, case.standing(f"{city}/units/{unit_id}", "ipp", "2019", unit_id).row.score, value)


def bekasi(case):
    """2019 to 2020: the IKM of the city, which the press called a rise of 0,98 persen."""
    city = case.agency("kota", "KOTA", "Kota Bekasi")
    with case.check("Bekasi: IKM 80.98 (2019) and 81.96 (2020), both B, recorded and labelled so"):
        for year, index in (("2019", "80.98"), ("2020", "81.96")):
            kept = case.prima.call(SURVEY, "RecordResult", case.once({"result": {
                "subject": city, "period": year, "instrument": "skm-2017", "index": index, "source": "Artikel",
            }})).result
            expect(year, (kept.index, kept.category), (index, "B"))
    with case.check("Bekasi: the rise is 0.98 points and 1.21 percent, each under its own name"):
        found = case.prima.call(SURVEY, "GetAgencyResult", {"agency": city, "period": "2020"}).result
        change = found.roll_ups[0].change
        expect("change", (change.points, change.relative_percent), ("0.98", "1.21"))
        expect("base", (change.base_period, change.base_index, change.base_recorded), ("2019", "80.98", True))


def banjarnegara(case):
    """2024: the Ombudsman's score, and the awards among the units of the regency."""
    regency = case.agency("kab", "KABUPATEN", "Kabupaten Banjarnegara")
    with case.check("Banjarnegara: Ombudsman 93.16 (2023) to 95.23 (2024), both A: 2.07 points, 2.22 percent"):
        for year, value in (("2023", "93.16"), ("2024", "95.23")):
            stored = case.score("ombudsman", regency, year, value)
            expect(year, (stored.category, stored.category_display_name, stored.zone), ("A", "Kualitas Tertinggi", "hijau"))
        listed = case.prima.call(INDEX, "ListExternalScores", {"metric": "ombudsman", "subject": regency}).scores
        change = listed[1].change
        expect("change", (change.points, change.relative_percent), ("2.07", "2.22"))
    with case.check("Banjarnegara: PEKPPP mandiri 2.97 is C (Cukup)"):
        stored = case.score("ipp-mandiri", regency, "2024", "2.97")
        expect("category", (stored.category, stored.category_display_name), ("C", "Cukup"))
    # The regency is alone in its province, so the table of the type there compares its own units only.
    own = f"{OPD}.{case.run}-kab-prov"
    values = {"dinsos": ("4.10", "61.5"), "dinkes": ("4.32", "70.25"), "setda": ("3.70", "74"), "dindikpora": ("3.95", "68"),
              "disnaker": ("3.20", "55.5"), "dindukcapil": ("4.55", "72")}
    with case.check("Banjarnegara: the best three of PEKPPP mandiri and the best four of organisational maturity"):
        for unit_id, (index, maturity) in values.items():
            unit = case.unit(regency, unit_id, unit_id.title(), OPD)
            case.score("ipp-mandiri", unit, "2024", index)
            case.score("organisational-maturity", unit, "2024", maturity)
        for metric, best, names in (
            ("ipp-mandiri", 3, ["dindukcapil", "dinkes", "dinsos"]),
            ("organisational-maturity", 4, ["setda", "dindukcapil", "dinkes", "dindikpora"]),
        ):
            rows = case.table(metric, "2024", own, len(values))
            expect(metric, [(r.rank, r.subject.rpartition("/")[2]) for r in rows[:best]], list(enumerate(names, 1)))


def cimahi(case):
    """2018: twelve units by their zones, without numbers: one green, eleven red; the city yellow."""
    city, own = case.agency("kota", "KOTA", "Kota Cimahi"), f"{OPD}.{case.run}-kota-prov"
    with case.check("Cimahi 2018: one green unit, eleven red ones, and a yellow city, all without a number"):
        for number in range(12):
            unit = case.unit(city, f"upp-{number + 1}", f"UPP {number + 1} Kota Cimahi", OPD)
            zone = "Zona Merah" if number else "Zona Hijau"
            stored = case.score("ombudsman", unit, "2018", category=zone)
            expect(zone, (stored.score, stored.zone), ("", "merah" if number else "hijau"))
        stored = case.score("ombudsman", city, "2018", category="Kuning")
        expect("city", (stored.score, stored.zone, stored.category_display_name), ("", "kuning", "Kepatuhan sedang"))
        expect("mean of units", stored.HasField("units_mean"), False)
    with case.check("Cimahi 2018: the units are listed with their zones, and not ranked"):
        rows = case.table("ombudsman", "2018", own, 12)
        expect("ranks", {r.rank for r in rows}, {0})
        reasons = {r.DESCRIPTOR.fields_by_name["unranked_reason"].enum_type.values_by_number[r.unranked_reason].name
                   for r in rows}
        expect("reasons", reasons, {"UNRANKED_REASON_NO_VALUE"})
        expect("zones", sorted(r.category_display_name for r in rows),
               ["Kepatuhan rendah (zona merah)"] * 11 + ["Kepatuhan tinggi (zona hijau)"])


def batam(case):
    """2022: ministries, national bodies and regions ranked among their own; one agency, one innovation."""
    values = {"KEMENTERIAN": ("4.40", "4.61"), "LEMBAGA": ("4.12", "4.05"), "PROVINSI": ("4.30", "3.98"), "KOTA": ("4.55", "4.20")}
    # A quarter, for which nobody publishes an index, holds nothing but this case.
    period, agencies = "2022-q4", {}
    with case.check("Batam: K/L and regions are ranked among their own kind"):
        for kind, pair in values.items():
            for number, value in enumerate(pair):
                name = case.agency(f"{kind.lower()}-{number}", kind, f"{kind.title()} {number + 1}")
                agencies[kind, number] = name
                case.score("ipp", name, period, value)
        for kind, pair in values.items():
            rows = [case.standing(agencies[kind, number], "ipp", period, kind.lower()).row for number in (0, 1)]
            expect(kind, [row.score for row in rows], list(pair))
            first, second = (rows[0].rank, rows[1].rank)
            expect(f"{kind}: the higher value is ranked higher", first < second, pair[0] > pair[1])
    with case.check("Batam: one agency, one innovation: met with the first one, and not before"):
        agency = agencies["KOTA", 0]
        unit = case.unit(agency, "dpmptsp", "DPMPTSP")
        asked = {"parent": agency, "year": 2022}

        def met():
            return [o.met for o in case.prima.call(INNOVATION, "CheckObligation", asked).obligations]

        until("the agency in the registry of innovations", lambda: met() == [False])
        case.prima.call(INNOVATION, "RegisterInnovation", case.once({
            "parent": unit, "innovation_id": "layanan-keliling",
            "innovation": {"title": f"Layanan keliling {case.run}", "status": "INNOVATION_STATUS_IMPLEMENTED",
                           "start_date": "2021-03-01"},
        }))
        until("the obligation met", lambda: met() == [True])


CASES = {case.__name__: case for case in (bogor, bekasi, banjarnegara, cimahi, batam)}


def main():
    parser = argparse.ArgumentParser(description="The published cases behind the project.")
    parser.add_argument("--endpoint", required=True, help="HOST:PORT")
    parser.add_argument("--token-file", type=pathlib.Path, required=True, help="file with a token of the national admin")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    args = parser.parse_args()
    unknown = [name for name in args.cases if name not in CASES]
    if unknown:
        parser.error(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}")
    endpoint = Endpoint(args.endpoint)
    services = (DIRECTORY, INDEX, INNOVATION, RANKING, SURVEY)
    prima = Caller(dict.fromkeys(services, endpoint), args.token_file.read_text().strip())
    report = Report()
    for name in args.cases or CASES:
        CASES[name](Case(report, prima, name))
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return 1 if report.failed or not report.passed else 0


if __name__ == "__main__":
    sys.exit(main())
