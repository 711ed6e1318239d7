"""Holds what clients saw through Paceway against what they saw without it.

Usage: compare.py same DIRECT PACED | compare.py cross TOLD
"""

import json
import re
import sys

# Read off a clock, in headers and bodies: the two runs were not at the same time.
OF_THE_TIME = re.compile(r"^date$|ratelimit-(.*-)?(remaining|reset)|processing-ms$")
OURS = re.compile(r"^x-paceway-|^ratelimit(-policy)?$")
# What Paceway's answers must have beside the provider's.
ALWAYS_OURS = {"x-paceway-request-id", "x-paceway-provider", "x-paceway-model", "x-paceway-queued-ms"}


def load(path):
    with open(path, encoding="utf-8") as file:
        told = json.load(file)
    assert told, f"{path} tells of no call"
    return told


def timeless(value):
    if isinstance(value, dict):
        return {name: timeless(part) for name, part in value.items() if name != "created"}
    if isinstance(value, list):
        return [timeless(part) for part in value]
    return value


def difference(one, other, place=""):
    """The first place where two values differ, in one line; None if there is none."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        parts = [(f"{place}.{name}", one[name], other[name]) for name in one]
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        parts = [(f"{place}[{index}]", *pair) for index, pair in enumerate(zip(one, other))]
    else:
        return None if one == other else f"{place}: directly {one!r:.200}, through Paceway {other!r:.200}"
    return next((found for where, *pair in parts if (found := difference(*pair, where))), None)


def same(direct, paced):
    assert [call["call"] for call in direct] == [call["call"] for call in paced]
    wrong = []
    for one, other in zip(direct, paced):
        name = one["call"]
        if found := difference(timeless(one["seen"]), timeless(other["seen"])):
            wrong.append(f"{name}{found}")
        if not one["headers"]:
            continue
        theirs = {name: value for name, value in other["headers"].items() if not OURS.match(name)}
        if one["headers"].keys() != theirs.keys():
            wrong.append(f"{name}: headers differ: {sorted(one['headers'].keys() ^ theirs.keys())}")
        for header, value in one["headers"].items():
            if not OF_THE_TIME.search(header) and theirs.get(header) != value:
                wrong.append(f"{name}: {header}: directly {value}, through Paceway {theirs.get(header)}")
        if missing := ALWAYS_OURS - other["headers"].keys():
            wrong.append(f"{name}: Paceway's own headers are missing: {missing}")
    return wrong


def texts_of(seen):
    """The text, the reason for its end and the output tokens, whichever dialect it is in, streamed or not."""
    text, reason, output = "", None, None
    for part in seen if isinstance(seen, list) else [seen]:
        for block in part.get("content") or []:
            text += block["text"]
        delta = part.get("delta") or {}
        text += delta.get("text") or ""
        reason = part.get("stop_reason") or delta.get("stop_reason") or reason
        for choice in part.get("choices") or []:
            text += (choice.get("message") or choice.get("delta") or {}).get("content") or ""
            reason = choice.get("finish_reason") or reason
        usage = part.get("usage") or {}
        output = usage.get("output_tokens") or usage.get("completion_tokens") or output
    return text, reason, output


def cross(told):
    wrong = []
    for call in told:
        text, reason, output = texts_of(call["seen"])
        asks_for_usage = call["call"] not in ("openai-py stream", "openai-py async stream", "openai-js stream {}")
        is_stopped = "stop" in call["call"] and "stream" not in call["call"]
        # OpenAI's dialect does not tell a stop sequence from the end of the turn.
        reasons = {"end_turn", "stop"} if is_stopped else {"end_turn", "stop", "max_tokens", "length"}
        if (not text and not is_stopped) or reason not in reasons:
            wrong.append(f"{call['call']}: text {text!r}, reason {reason!r}")
        if is_stopped and "e" in text:
            wrong.append(f"{call['call']}: it did not stop: {text!r}")
        if asks_for_usage and output is None and not ("stream helper" in call["call"] and "openai" in call["call"]):
            wrong.append(f"{call['call']}: no usage")
        if not is_stopped and "simulated" not in text.lower():
            wrong.append(f"{call['call']}: the text is not the provider's: {text!r}")
    return wrong


mode, *paths = sys.argv[1:]
told = [load(path) for path in paths]
wrong = same(*told) if mode == "same" else cross(*told)
if wrong:
    print("\n".join(wrong))
    raise SystemExit(f"  {len(wrong)} differences")
held = "are the same directly and through Paceway" if mode == "same" else "work with the other dialect's models"
print(f"  {len(told[0])} calls {held}")
