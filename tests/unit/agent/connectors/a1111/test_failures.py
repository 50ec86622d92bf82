"""Refusals and failures as errors."""

import json
from typing import Any

import pytest

from agent.connectors.a1111.failures import refusal
from agent.connectors.answers import Answer
from shared.states import ErrorClass


def answer(status: int, body: Any) -> Answer:
    return Answer(status, "application/json", json.dumps(body).encode())


def broke(kind: str, text: str, where: str = "errors") -> dict[str, Any]:
    return {"error": kind, "detail": "", "body": "", where: text}


CASES: list[tuple[int, Any, ErrorClass, str]] = [
    (500, broke("OutOfMemoryError", "CUDA out of memory."), ErrorClass.OUT_OF_MEMORY, "memory"),
    (500, broke("RuntimeError", "CUDA error: device-side"), ErrorClass.CUDA, "device-side"),
    (500, broke("SafetensorError", "HeaderTooLarge"), ErrorClass.MISSING_MODEL, "HeaderTooLarge"),
    (500, broke("FileNotFoundError", "No checkpoints found"), ErrorClass.MISSING_MODEL, "No check"),
    (500, broke("Exception", "Could not find checkpoint"), ErrorClass.MISSING_MODEL, "Could not"),
    (500, broke("AssertionError", "bad sampler name: x"), ErrorClass.VALIDATION, "bad sampler"),
    (500, broke("NansException", "A tensor with NaNs"), ErrorClass.INTERNAL, "NansException: A"),
    (500, broke("AssertionError", ""), ErrorClass.INTERNAL, "500: AssertionError"),
    (500, broke("Exception", "boom", "message"), ErrorClass.INTERNAL, "Exception: boom"),
    (500, {"detail": "Invalid encoded image"}, ErrorClass.VALIDATION, "Invalid encoded image"),
    (404, {"error": "HTTPException", "detail": "Init image not found"}, ErrorClass.VALIDATION, ""),
    (422, {"error": "HTTPException", "detail": "Script 'x' not found"}, ErrorClass.VALIDATION, ""),
    (
        422,
        {"detail": [{"loc": ["body", "steps"], "msg": "value is not a valid integer"}]},
        ErrorClass.VALIDATION,
        "steps: value is not a valid integer",
    ),
    (404, {"detail": "Not Found"}, ErrorClass.NETWORK, "start it with --api"),
    (
        401,
        {"error": "HTTPException", "detail": "Not authenticated"},
        ErrorClass.NETWORK,
        "api-auth",
    ),
    (502, "<html>", ErrorClass.NETWORK, "check the url"),
]


@pytest.mark.parametrize(("status", "body", "error_class", "words"), CASES)
def test_errors_are_classed(status: int, body: Any, error_class: ErrorClass, words: str) -> None:
    error = refusal("http://host", "/sdapi/v1/txt2img", answer(status, body))
    assert error.error_class is error_class
    assert words in error.message
