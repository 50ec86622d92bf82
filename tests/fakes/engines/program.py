"""A stand-in engine as a program: `main.py` of ComfyUI or `launch.py` of A1111, by its own name.

Does what `behaviour.json` in its folder says, and appends to `heard.txt` what it was asked:
  exit: code to end with before it listens        line: what to write before anything else
  hang: never listens                             deaf: signals are ignored
  serve: number of requests until it ends with code 3
  warm_s: time between its port and its readiness (A1111)
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).parent
BEHAVIOUR = json.loads((HERE / "behaviour.json").read_text())
IS_A1111 = Path(__file__).name == "launch.py"
PORT = int(sys.argv[sys.argv.index("--port") + 1])
started = threading.Event()
requests: list[str] = []


def say(line: str) -> None:
    """Write to the log."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def heard_a_signal(_signal: int, _frame: object) -> None:
    """Write that."""
    say("Heard a signal")


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        requests.append(self.path)
        with (HERE / "heard.txt").open("a") as heard:
            heard.write(f"{self.path}\n")
        if not started.is_set():
            say("RuntimeError: Cannot add middleware after an application has started")
        body = {"system": {"argv": sys.argv, "comfyui_version": "0.33.0"}, "progress": 0}
        answer = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        if len(requests) == BEHAVIOUR.get("serve"):
            say("Segmentation fault (core dumped)")
            os._exit(3)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - not ours
        """The log is the engine's own."""


def main() -> None:
    child = subprocess.Popen(["sleep", "1000"])
    facts = {
        "pid": os.getpid(),
        "child": child.pid,
        "argv": sys.argv,
        "environ": dict(os.environ),
    }
    new = HERE / "facts.new"
    new.write_text(json.dumps(facts))
    new.replace(HERE / "facts.json")
    if BEHAVIOUR.get("deaf"):
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_IGN)
    signal.signal(signal.SIGUSR1, heard_a_signal)
    say(BEHAVIOUR.get("line", "\x1b[32mStarting\x1b[0m"))
    if "exit" in BEHAVIOUR:
        sys.exit(BEHAVIOUR["exit"])
    if BEHAVIOUR.get("hang"):
        time.sleep(1000)
    server = ThreadingHTTPServer(("127.0.0.1", PORT), Answers)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    if IS_A1111:
        serving.start()
        say(f"Running on local URL:  http://127.0.0.1:{PORT}")
        time.sleep(BEHAVIOUR.get("warm_s", 0.3))
        started.set()
        say("Startup time: 1.0s")
    else:
        started.set()
        say(f"To see the GUI go to: {PORT}")  # before it serves: then tests look for it
        serving.start()
    time.sleep(1000)


main()
