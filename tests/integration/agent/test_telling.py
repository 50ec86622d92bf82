"""Commands about engines, told to an agent with a real one over its socket."""

import asyncio
import io
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.commands import Wish
from agent.commands.telling import tell
from agent.desk import answer, listening
from agent.settings import AgentSettings
from shared.settings import resolve
from tests.integration.agent.test_station import Start, agent
from tests.support.waiting import wait_until

__all__ = ["agent"]


async def test_logs_are_printed_and_engines_restarted(agent: Start) -> None:
    running = await agent()
    await running.registers("scripted")
    with TemporaryDirectory(prefix="emp-") as directory:
        path = Path(directory) / "w1.sock"
        resolved = resolve(AgentSettings, [f"--control-socket={path}"], {}, "emp-agent", "")

        async def told(wish: Wish, out: io.StringIO) -> str:
            await asyncio.to_thread(tell, wish, resolved, out)
            return out.getvalue()

        async with listening(path, partial(answer, running.desk)):
            logs = Wish(command="logs", engine=0, lines=1)
            assert (await told(logs, io.StringIO())).startswith("To see the GUI go to:")
            status = await told(Wish(command="status"), io.StringIO())
            assert "engine 0: comfyui of w1 is ready at http://127.0.0.1:" in status
            seen = io.StringIO()
            following = asyncio.create_task(told(Wish(command="logs", lines=1, follow=True), seen))
            await wait_until(seen.getvalue)
            restart = Wish(command="restart-engine")
            assert await told(restart, io.StringIO()) == "comfyui of w1 is started anew\n"
            await wait_until(lambda: seen.getvalue().count("To see the GUI") > 1, 20)
        ended = (await asyncio.gather(following, return_exceptions=True))[0]
        assert "the agent has ended" in str(ended)
