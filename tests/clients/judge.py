"""Judges what clients saw, prints the table of clients and providers, and fails if a check did.

Usage: judge.py TOLD…, files with a JSON object in each line: client, provider, check, and seen or failed; perhaps a note.
"""

import json
import pathlib
import sys

ASKED = json.loads((pathlib.Path(__file__).parent / "rows/asked.json").read_text(encoding="utf-8"))
PROVIDERS = list(ASKED["providers"])
NOT_FOUND, BAD_REQUEST = 404, 400


def is_recipe(recipe):
    kinds = {"title": str, "course": str, "vegan": bool, "servings": int, "steps": list}
    return (
        {name: type(value) for name, value in recipe.items()} == kinds
        and recipe["title"] == "Ribollita"
        and recipe["course"] in ("soup", "cake")
        and recipe["steps"] != []
        and all({name: type(value) for name, value in step.items()} == {"text": str, "minutes": int} for step in recipe["steps"])
    )


def is_failure(failure, status, *words):
    return (
        failure.get("status") == status
        and failure["wanted"] in failure["classes"]
        and any(word in failure["message"] for word in words)
    )


def answered(seen, _):
    wanted = f"a simulated answer to {ASKED['question'][:20]!r} and its tokens"
    is_right = "is a simulated answer" in seen["text"] and ASKED["question"][:20] in seen["text"]
    return wanted, is_right and type(seen["tokens"]) is int and seen["tokens"] > 0


def streamed(seen, cell):
    whole = cell.get("plain", {}).get("seen")
    return f"the same as whole, {whole}", seen == whole


def used_tool(seen, _):
    text = f"The tool said: {ASKED['result']}"
    wanted = {"name": ASKED["tool"]["name"], "arguments": ASKED["arguments"], "text": text}
    return wanted, seen == wanted


def structured(seen, _):
    return "a recipe of Ribollita that fits its schema", is_recipe(seen)


def looked(seen, _):
    return "I see 1 image (image/png)", "I see 1 image (image/png)" in seen["text"]


def filtered(seen, _):
    return f"the reason {seen['wanted']}", seen["reason"] == seen["wanted"]


def unknown(seen, _):
    nobodys, providers = seen
    is_ours = is_failure(nobodys, NOT_FOUND, "model `no-such-model` is not served")
    # Bedrock's own word for it is 400, and does not repeat the name.
    is_theirs = is_failure(providers, NOT_FOUND, "no-such-model") or is_failure(providers, BAD_REQUEST, "model identifier")
    return "404 with Paceway's message, then the provider's", is_ours and is_theirs


def refused(seen, _):
    return "400 that names the field", all(is_failure(failure, BAD_REQUEST, "token", "Token") for failure in seen)


def ran(seen, _):
    return f"a file that says {ASKED['written']!r}", seen == ASKED["written"]


def concluded(seen, _):
    is_quoted = "The tool said" in seen["text"] and ASKED["written"] in seen["text"]
    return f"status 0 and a last word that quotes {ASKED['written']!r}", seen["status"] == 0 and is_quoted


JUDGES = {
    "plain": answered,
    "streamed": streamed,
    "tool": used_tool,
    "streamed_tool": used_tool,
    "structured": structured,
    "structured_by_tool": structured,
    "streamed_structured": structured,
    "image": looked,
    "filtered": filtered,
    "unknown_model": unknown,
    "refused": refused,
    "tool_ran": ran,
    "last_word": concluded,
}


def wrong_with(told, cell):
    """What was expected and what came; None if that is the same."""
    if "failed" in told:
        return f"expected no failure\n    came     {told['failed']}"
    try:
        wanted, is_right = JUDGES[told["check"]](told["seen"], cell)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        wanted, is_right = f"something else ({error!r})", False
    return None if is_right else f"expected {wanted}\n    came     {told['seen']}"


def judge(cells):
    """The text of each cell, and how many checks passed and failed."""
    texts, passed, failed = {}, 0, 0
    for (client, provider), cell in cells.items():
        wrongs = {check: wrong for check, told in cell.items() if (wrong := wrong_with(told, cell))}
        for check, wrong in wrongs.items():
            print(f"{client}, {provider}, {check}:\n    {wrong}")
        texts[client, provider] = f"{len(cell) - len(wrongs)}/{len(cell)}"
        passed, failed = passed + len(cell) - len(wrongs), failed + len(wrongs)
    return texts, passed, failed


def table(texts, notes):
    """A row for each client, and the notes below."""
    rows, below = [["", *PROVIDERS]], []
    for client in dict.fromkeys(client for client, _ in texts):
        mark = ""
        if client in notes:
            below += [notes[client]] if notes[client] not in below else []
            mark = f" [{below.index(notes[client]) + 1}]"
        rows.append([client + mark, *(texts.get((client, provider), "missing") for provider in PROVIDERS)])
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
    return "\n".join([*lines, *(f"[{number}] {note}" for number, note in enumerate(below, 1))])


cells, notes = {}, {}
for path in sys.argv[1:]:
    for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
        told = json.loads(line)
        cells.setdefault((told["client"], told["provider"]), {})[told["check"]] = told
        if told.get("note"):
            notes[told["client"]] = told["note"]
texts, passed, failed = judge(cells)
print(table(texts, notes))
print(f"{passed} passed, {failed} failed")
clients = {client for client, _ in texts}
if failed or len(texts) != len(clients) * len(PROVIDERS) or not clients:
    raise SystemExit(1)
