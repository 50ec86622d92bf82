"""Everything that hub and agent say to each other, one class for each message type.

The names on the wire are the original system's. `attempt` and `lease` fence a report; a worker
that speaks the original protocol leaves them out, and the hub fills in what it assigned on that
connection.
"""

from shared.messages.job import (
    CancelJob,
    ClaimJob,
    CompleteJob,
    FailJob,
    JobAssigned,
    JobCompletedAck,
    JobFailedAck,
    Picture,
    ReleaseJob,
    UpdateJobProgress,
)
from shared.messages.message import Message
from shared.messages.system import ConnectionEstablished, Error, Unknown
from shared.messages.worker import (
    MAX_SLOTS,
    RegisterWorker,
    WorkerHeartbeat,
    WorkerHeartbeatAck,
    WorkerRegistered,
    WorkerStatus,
)

__all__ = [
    "MAX_SLOTS",
    "MESSAGES",
    "CancelJob",
    "ClaimJob",
    "CompleteJob",
    "ConnectionEstablished",
    "Error",
    "FailJob",
    "JobAssigned",
    "JobCompletedAck",
    "JobFailedAck",
    "Message",
    "Picture",
    "RegisterWorker",
    "ReleaseJob",
    "Unknown",
    "UpdateJobProgress",
    "WorkerHeartbeat",
    "WorkerHeartbeatAck",
    "WorkerRegistered",
    "WorkerStatus",
]

MESSAGES: dict[str, type[Message]] = {
    each.type: each
    for each in (
        ConnectionEstablished,
        RegisterWorker,
        WorkerRegistered,
        WorkerHeartbeat,
        WorkerHeartbeatAck,
        WorkerStatus,
        ClaimJob,
        JobAssigned,
        UpdateJobProgress,
        CompleteJob,
        FailJob,
        ReleaseJob,
        JobCompletedAck,
        JobFailedAck,
        CancelJob,
        Error,
        Unknown,
    )
}
