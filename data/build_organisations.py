#!/usr/bin/env python3
"""Makes data/sample/organisations.csv from the compiled facts; kept so that every cell can be traced.

    python3 data/build_organisations.py FACTS > data/sample/organisations.csv

FACTS is a folder with organisations_real.csv and organisations_indicators.csv, the public records that README.md
describes. Nothing needs this script to build or to run: its result is checked in. A cell is copied or left empty,
never estimated; anything unexpected stops the script with a sentence.
"""
import csv
import re
import sys
from pathlib import Path

QUARTER_ENDS = {"Q1 2025/26": "2025-06-30", "Q3 2025/26": "2025-12-31", "": ""}
SURVEY_AS_OF = "2025-12-31"  # NHS Staff Survey 2025: the last day of the survey's year
SURVEY = {
    "pp1_compassionate_inclusive": "pp1_compassionate_inclusive",
    "pp2_recognised_rewarded": "pp2_recognised_rewarded",
    "pp3_voice_counts": "pp3_voice_counts",
    "pp4_safe_healthy": "pp4_safe_healthy",
    "pp5_always_learning": "pp5_always_learning",
    "pp6_work_flexibly": "pp6_work_flexibly",
    "pp7_team": "pp7_team",
    "engagement": "theme_engagement",
    "morale": "theme_morale",
}
COLUMNS = [
    "ods_code", "name", "type", "region", "icb_code", "icb_name", "postcode", "latitude", "longitude",
    "oversight_segment", "segment_as_of", "league_score", "in_deficit", "recovery_programme",
    "cqc_overall", "cqc_as_of", "cqc_well_led", *SURVEY, "survey_as_of", "source",
]


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def rating_word(text):
    return text.lower().replace(" ", "_")


def cqc_date(row):
    dates = re.findall(r"(?:^|;)cqc:(\d{4}-\d{2}-\d{2})(?:;|$)", row["source"])
    if bool(dates) != bool(row["cqc_overall"]) or len(dates) > 1:
        sys.exit(f"{row['ods_code']}: a rating and its report date must come together")
    return dates[0] if dates else ""


def organisation(row, indicators):
    if indicators and "seg:trustpulse" not in row["source"].split(";"):
        sys.exit(f"{row['ods_code']}: has indicators, but their source is not named")
    if bool(row["latitude"]) != bool(row["longitude"]):
        sys.exit(f"{row['ods_code']}: half a coordinate")
    made = {name: row[name] for name in COLUMNS if name in row}
    made["segment_as_of"] = QUARTER_ENDS[row["segment_as_of"]]
    made["league_score"] = indicators.get("league_avg_score", "")
    made["in_deficit"] = indicators.get("lt_in_deficit", "")
    made["recovery_programme"] = row["rsp"]
    made["cqc_overall"] = rating_word(row["cqc_overall"])
    made["cqc_well_led"] = rating_word(row["cqc_well_led"])
    made["cqc_as_of"] = cqc_date(row)
    for ours, theirs in SURVEY.items():
        made[ours] = indicators.get(theirs, "")
    made["survey_as_of"] = SURVEY_AS_OF if any(made[name] for name in SURVEY) else ""
    return made


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    facts = Path(sys.argv[1])
    indicators = {row["ods_code"]: row for row in rows_of(facts / "organisations_indicators.csv")}
    organisations = rows_of(facts / "organisations_real.csv")
    strangers = set(indicators) - {row["ods_code"] for row in organisations}
    if strangers:
        sys.exit(f"indicators of trusts that are not on the register: {sorted(strangers)}")
    out = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    out.writeheader()
    for row in sorted(organisations, key=lambda row: row["ods_code"]):
        out.writerow(organisation(row, indicators.get(row["ods_code"], {})))


if __name__ == "__main__":
    main()
