"""`make outsiders MONITOR=FOLDER`: the original's monitor page, unchanged, in a real browser.

The folder holds its index.html, messages.js and monitor.js. Needs `playwright` and a Chromium
(CHROMIUM, /usr/bin/chromium else). The page sends its REST requests in the clear to
localhost:8001 only, so that is where the hub listens.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

HUB = "localhost:8001"
BIN = Path(".venv/bin").resolve()
WORKER = "monitored-1"
PATIENCE_MS = 20_000
STATUS = "#jobs-table-body tr:has-text('{}') .status"


class QuietHandler(SimpleHTTPRequestHandler):
    """Files, without a line for each."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
        """Nothing."""


@contextmanager
def pages(folder: Path) -> Generator[str]:
    """The page, served from an origin of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@contextmanager
def running(program: str, *flags: str, **environ: str) -> Generator[None]:
    """A program of ours, as a process."""
    process = subprocess.Popen([BIN / program, *flags], env=os.environ | environ)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def asked(path: str, body: Any = None) -> Any:
    """What the hub answers over REST."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://{HUB}{path}", data, headers)
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def answers(path: str) -> None:
    """Return as soon as the hub answers."""
    for _ in range(200):
        try:
            asked(path)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"nothing answers at {HUB}{path}")


def connect(page: Any, expect: Any) -> None:
    """Fill in the hub, and press Connect."""
    page.select_option("#connection-type", "local")
    page.eval_on_selector("#websocket-url", f"field => field.value = 'ws://{HUB}'")
    page.click("#connect-btn")
    expect(page.locator("#connection-status-text")).to_have_text("Connected")


def shows_the_worker(page: Any, expect: Any) -> None:
    """Its row, with what it serves."""
    row = page.locator(f"#worker-row-{WORKER} td")
    expect(row.nth(0)).to_have_text(WORKER)
    expect(row.nth(1)).to_have_text("idle")
    expect(row.nth(2)).to_have_text("simulation")


def shows_a_job_of_somebody_else(page: Any, expect: Any) -> None:
    """From waiting to its end, with times of today."""
    job_id = asked("/jobs", {"type": "simulation", "payload": {}, "priority": 7})["job_id"]
    status = page.locator(STATUS.format(job_id)).first
    expect(status).to_have_text("Processing")
    row = page.locator(f"#jobs-table-body tr:has-text('{job_id}') td")
    expect(row.nth(3)).to_have_text(WORKER)
    expect(row.nth(5)).to_have_text("7")
    today = re.compile(time.strftime("%Y-%m-%d "))
    expect(row.nth(6)).to_have_text(today)
    expect(status).to_have_text("Completed")
    finished = page.locator(f"#finished-jobs-table-body tr:has-text('{job_id}') td")
    for column in (7, 8):
        expect(finished.nth(column)).to_have_text(today)
    expect(page.locator(f"#worker-row-{WORKER} td").nth(3)).not_to_have_text("0")


def submits_over_the_socket(page: Any, expect: Any) -> None:
    """The job is accepted, shown at work and done, by messages of its own."""
    page.click("#submit-job-btn")
    expect(page.locator("#logs")).to_contain_text("Job accepted")
    expect(page.locator("#logs")).to_contain_text("Job progress update")
    expect(page.locator("#logs")).to_contain_text("Job completed")


def cancels(page: Any, expect: Any) -> None:
    """By the button in a job's row."""
    page.once("dialog", _accept)
    page.click("#submit-job-btn")
    page.locator("#jobs-table-body .btn-cancel").first.click()
    expect(page.locator("#finished-jobs-table-body")).to_contain_text("Cancelled")


def submits_over_rest(page: Any, expect: Any) -> None:
    """And waits for the result; then asks for the job."""
    page.check("#rest-sync-checkbox", force=True)
    page.click("#submit-job-rest-btn")
    expect(page.locator("#rest-response")).to_contain_text('"status": "completed"')
    told = json.loads(page.inner_text("#rest-response"))
    page.fill("#job-status-id", told["job_id"])
    page.click("#check-job-status-btn")
    expect(page.locator("#logs")).to_contain_text(f"Job {told['job_id']} status: completed")


SCENES = (
    connect, shows_the_worker, shows_a_job_of_somebody_else, submits_over_the_socket, cancels,
    submits_over_rest,
)  # fmt: skip


def browse(origin: str, api: Any) -> list[str]:
    """Everything in turn; what the page found wrong."""
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    problems: list[str] = []
    with api.sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        api.expect.set_options(timeout=PATIENCE_MS)
        page.on("pageerror", partial(_note_error, problems))
        page.on("console", partial(_note, problems))
        page.goto(origin)
        for scene in SCENES:
            scene(page, api.expect)
            sys.stdout.write(f"ok: {scene.__name__}\n")
        problems += page.locator("#logs .log-error").all_inner_texts()
        browser.close()
    return problems


def _accept(dialog: Any) -> None:
    dialog.accept()


def _note_error(problems: list[str], problem: Any) -> None:
    problems.append(str(problem))


def _note(problems: list[str], said: Any) -> None:
    if said.type == "error" and "favicon" not in said.location.get("url", ""):
        problems.append(said.text)


def main() -> int:
    """0 when the page shows what there is, and finds nothing wrong."""
    folder = Path(sys.argv[1])
    if not (folder / "monitor.js").is_file():
        raise SystemExit(f"MONITOR: {folder} has no monitor.js; name the folder of the page")
    with ExitStack() as stack:
        data = stack.enter_context(tempfile.TemporaryDirectory())
        origin = stack.enter_context(pages(folder))
        settings = {"HUB_PORT": "8001", "CORS_ORIGINS": origin, "HUB_DATA_DIR": data}
        settings |= {"STATS_BROADCAST_INTERVAL_MS": "500"}
        stack.enter_context(running("emp-hub", "serve", **settings))
        answers("/health")
        worker = {"HUB_URL": f"http://{HUB}", "WORKER_ID": WORKER, "WORKER_GPUS": "none"}
        worker |= {"WORKER_STATE_DIR": data, "WORKER_SIMULATION_PROCESSING_TIME": "3"}
        worker |= {"WORKER_SIMULATION_FAILURE_RATE": "0"}
        stack.enter_context(running("emp-agent", "run", **worker))
        answers(f"/workers/{WORKER}")
        problems = browse(origin, import_module("playwright.sync_api"))
    sys.stdout.write("\n".join(problems or ["the page finds nothing wrong"]) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
