"""What all clients in Python have in common: each check of each provider, and a line of JSON for what the client saw.

It judges nothing; that is ../judge.py, for clients in every language. Programs that import it are run with ORIGIN KEY.
"""

import base64
import json
import pathlib
import sys
import traceback
from typing import Literal

from pydantic import BaseModel

ORIGIN, KEY = sys.argv[1:]
ASKED = json.loads(pathlib.Path(__file__).with_name("asked.json").read_text(encoding="utf-8"))
QUESTION, CALL, RESULT, RECIPE, LOOK, FILTERED = (
    ASKED[name] for name in ("question", "call", "result", "recipe", "look", "filtered")
)
TOOL = ASKED["tool"]
NAME, PURPOSE, SCHEMA = (TOOL[name] for name in ("name", "description", "schema"))
PNG = ASKED["png"]
PNG_BYTES = base64.b64decode(PNG)
PNG_URL = f"data:image/png;base64,{PNG}"
# Tokens of an answer at most, and how long a call may take, in seconds.
MOST, PATIENCE = 300, 30
# Where a failure is told to be.
OURS = {str(path) for path in pathlib.Path(__file__).resolve().parent.glob("*.py")}
CHECKS = [
    "plain",
    "streamed",
    "tool",
    "streamed_tool",
    "structured",
    "structured_by_tool",
    "streamed_structured",
    "image",
    "filtered",
    "unknown_model",
    "refused",
]


class Step(BaseModel):
    text: str
    minutes: int


class Recipe(BaseModel):
    title: str
    course: Literal["soup", "cake"]
    vegan: bool
    servings: int
    steps: list[Step]


class Row:
    """A client: its name, the classes of its errors, and a method for each check that it has a way for."""

    name = ""
    note = None
    not_found, bad_request = "NotFoundError", "BadRequestError"

    def plain(self, model, most=MOST):
        raise NotImplementedError

    def unknown_model(self, model):
        provider = model.split("/")[0]
        # Bedrock's own word for it is 400.
        wanted = self.bad_request if provider == "bedrock" else self.not_found
        nobodys = self.failure(self.not_found, "no-such-model", MOST)
        return [nobodys, self.failure(wanted, f"{provider}/no-such-model", MOST)]

    def refused(self, model):
        return [self.failure(self.bad_request, model, 0)]

    def failure(self, wanted, model, most):
        try:
            return {"answered": self.plain(model, most)}
        except Exception as error:
            status = getattr(error, "status_code", None) or getattr(error, "code", None)
            names = [kind.__name__ for kind in type(error).__mro__]
            return {"classes": names, "wanted": wanted, "status": status, "message": str(error)}


def tell(*rows):
    for row in rows:
        for provider, model in ASKED["providers"].items():
            for check in (name for name in CHECKS if hasattr(row, name)):
                told = {"client": row.name, "provider": provider, "check": check, "note": row.note}
                try:
                    told["seen"] = getattr(row, check)(model)
                except Exception as error:
                    [*_, here] = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in OURS]
                    told["failed"] = f"line {here.lineno}: {type(error).__name__}: {error}"
                print(json.dumps(told, ensure_ascii=False), flush=True)
