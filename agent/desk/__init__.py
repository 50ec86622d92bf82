"""Where somebody at this machine looks at the running agent, and tells it what to do.

`desk` is what can be told; `facts`, `work`, `machine` and `gauges` are what can be seen; `routes` is
both over HTTP, `http` the server, `control_socket` the door for commands of the same user.
"""

from agent.desk.control_socket import SocketTakenError, listening, socket_path
from agent.desk.desk import Desk
from agent.desk.routes import answer

__all__ = ["Desk", "SocketTakenError", "answer", "listening", "socket_path"]
