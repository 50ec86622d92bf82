import json
from io import StringIO

from rich.console import Console

from tests.bench.bare import Bare
from tests.bench.claims import Claim
from tests.bench.codec import Codec
from tests.bench.idle import Idle
from tests.bench.monitor import Told
from tests.bench.ours import OURS
from tests.bench.peers.figures import Figures, Percentiles
from tests.bench.report import Report

ROW = Figures(OURS.name, "1", "s", Percentiles(2.0, 3.0), 100, 100)
REPORT = Report(
    claims=[Claim("broad", 1, 1, 100), Claim("broad", 9, 1, 200)],
    queues=[ROW, Figures("saq", "1", "s", Percentiles(4.0, 5.0), 50, 50)],
    bare=[Bare("s", Percentiles(1.0, 2.0))],
    idle=[Idle(1000, 10.0, 30.0, 1.5, 0.5, 34.0, 0.05)],
    codec=Codec(30.0, 60.0),
    monitors=[Told("as it is", 50.0, 4)],
)


def test_the_document_is_json_with_every_ratio_and_whether_its_goal_is_met() -> None:
    document = json.loads(json.dumps(REPORT.document()))

    assert set(document) == {"claims", "queues", "bare", "idle", "codec", "monitors", "ratios"}
    assert [each["is_met"] for each in document["ratios"]] == [False] + [True] * 9


def test_the_tables_tell_goals_that_are_missed() -> None:
    shown = StringIO()
    Console(width=200, file=shown).print(REPORT.tables())

    lines = [line.split() for line in shown.getvalue().splitlines()]
    missed = [line for line in lines if line[-1:] == ["MISSED"]]
    assert [line[-4:] for line in missed] == [["2.00", "<=", "1.5", "MISSED"]]
    assert len([line for line in lines if line[-1:] == ["met"]]) == 7
