"""What goes wrong when the agent is installed."""


class InstallError(Exception):
    """The agent does not run now; the message says why."""
