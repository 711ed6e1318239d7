"""Judges what clients saw of streams that broke, prints a table of all cases, and fails if one was told wrongly.

A case is right if the SDK raised its own error with what was told of the break, and nothing looked finished before; or if it gave a
whole answer: the words joined without a seam, calls with all of their arguments, one end and one usage, everything in its order.

Usage: judge.py TOLD…, files with a JSON object in each line, as clients.py and clients.mjs print them.
"""

import json
import pathlib
import re
import sys
from collections import Counter

BREAKS = json.loads(pathlib.Path(__file__).with_name("breaks.json").read_text(encoding="utf-8"))
CALL = {"name": BREAKS["tool"]["name"], "arguments": BREAKS["arguments"]}
REST = BREAKS["rest"]
SHOWN = 40

CHAT = "role( role)*( thought| text| call)* finish usage"
MESSAGES = r"message_start( start (\d+) \w+( delta \2 \w+)*( stop \2))+ message_delta message_stop"
ITEM = (
    r" output_item.added"
    r"(( content_part.added( output_text.delta)* output_text.done content_part.done)+"
    r"|( function_call_arguments.delta)* function_call_arguments.done"
    r"|( reasoning_summary_part.added( reasoning_summary_text.delta)* reasoning_summary_text.done reasoning_summary_part.done)*)"
    r" output_item.done"
)
RESPONSES = f"created in_progress({ITEM})+ completed"
GEMINI = "( thought| text| call)*( finish)"
AI_SDK = (
    r"start start-step( custom)?( (text|reasoning|tool-input)-(start|end)| text| thought| call| tool-call)+ finish-step finish"
)
# The order of things in a whole answer, the reasons for which one may end, the class of errors, and classes that say that the SDK
# itself stumbled.
OPENAI = ["APIConnectionError", "APITimeoutError", "APIResponseValidationError", "APIUserAbortError", "LengthFinishReasonError"]
KINDS = {
    "openai, chat": (CHAT, {"stop", "tool_calls"}, "APIError", OPENAI),
    "openai, responses": (RESPONSES, {"completed"}, "APIError", OPENAI),
    "anthropic": (MESSAGES, {"end_turn", "tool_use"}, "APIError", OPENAI),
    "google-genai": (GEMINI, {"STOP"}, "APIError", []),
    "openai-node, chat": (CHAT, {"stop", "tool_calls"}, "APIError", OPENAI),
    "openai-node, responses": (RESPONSES, {"completed"}, "APIError", OPENAI),
    "openai-node, responses helper": (RESPONSES, {"completed"}, "APIError", OPENAI),
    "anthropic-typescript": (MESSAGES, {"end_turn", "tool_use"}, "APIError", OPENAI),
    "google-genai-js": (GEMINI, {"STOP"}, "ApiError", []),
    "ai-sdk, openai chat": (AI_SDK, {"stop", "tool-calls"}, "Error", ["AI_JSONParseError", "AI_TypeValidationError"]),
    "ai-sdk, openai responses": (AI_SDK, {"stop", "tool-calls"}, "Error", ["AI_JSONParseError", "AI_TypeValidationError"]),
    "ai-sdk, anthropic": (AI_SDK, {"stop", "tool-calls"}, "Error", ["AI_JSONParseError", "AI_TypeValidationError"]),
    "ai-sdk, google": (AI_SDK, {"stop", "tool-calls"}, "Error", ["AI_JSONParseError", "AI_TypeValidationError"]),
}
# What tells a client that an answer is at its end. The AI SDK has it behind errors too, where the reason is the error.
ENDS = {"finish", "usage", "completed", "message_delta", "message_stop"}
# What Paceway says of a break, and what the simulated provider says of itself.
TOLD = re.compile(r"provider `|simulated fault|[Oo]verloaded|the model failed")


def is_begun(text, whole, times):
    """Whether a text is the beginning of an answer that was continued so often at most."""
    if whole.startswith(text):
        return True
    places = range(len(text)) if times else []
    return any(REST.startswith(text[place:]) and is_begun(text[:place], whole, times - 1) for place in places)


def is_joined(text, whole, times):
    """Whether a text is a whole answer that was continued so often at most."""
    return text == whole or (times > 0 and text.endswith(REST) and is_begun(text.removesuffix(REST), whole, times - 1))


def arguments(call):
    given = call["arguments"]
    try:
        return {**call, "arguments": json.loads(given) if isinstance(given, str) else given}
    except ValueError:
        return call


def wrong_with_content(case, reference):
    seen, way = case["seen"], BREAKS["ways"].get(case["way"], {"continues": False})
    times = sum("@" in fault for fault in way["faults"]) if way["continues"] else 0
    if case["shape"] == "call":
        if [arguments(call) for call in seen["calls"]] != [CALL]:
            return f"half a call that looks whole: {seen['calls']}"
    elif not is_joined(seen["text"], reference, times):
        return f"half an answer that looks whole: {seen['text']!r}"
    return None


def wrong_with_whole(case, reference):
    seen, (order, finishes, *_) = case["seen"], KINDS[case["client"]]
    told = " ".join(seen["order"])
    wrong = wrong_with_content(case, reference)
    if wrong:
        return wrong
    if not re.fullmatch(order, told.strip()) and not re.fullmatch(order, " " + told):
        return f"another order: {told}"
    if seen["finish"] not in finishes:
        return f"an end because of {seen['finish']}"
    if seen["usages"] != 1 or not all(type(count) is int and count > 0 for count in seen["tokens"]):
        return f"{seen['usages']} usages, {seen['tokens']}"
    return None


def wrong_with_error(case, reference):
    seen, (_, _, wanted, others) = case["seen"], KINDS[case["client"]]
    classes, message = case["error"]["classes"], case["error"]["message"]
    if wanted not in classes or set(classes) & set(others):
        return f"no error of the SDK's own: {classes[0]}: {message}"
    if not TOLD.search(message):
        return f"an error that does not tell of the break: {classes[0]}: {message}"
    if any(arguments(call) != CALL for call in seen["calls"]):
        return f"half a call that looks whole before the error: {seen['calls']}"
    is_ended = ENDS & set(seen["order"]) and not case["client"].startswith("ai-sdk")
    return wrong_with_content(case, reference) if is_ended else None


def wrong_with_outcome(case):
    """Whether it had to end as it did."""
    way = BREAKS["ways"][case["way"]]
    is_whole, is_cut_early = "error" not in case, case["place"] == 0 and way["faults"] == ["cut@K"]
    # Behind the last event there is nothing left to cut, but an error can still come.
    is_unbroken = case["last"] and way["faults"][0].startswith("cut")
    is_twice_ended = len(way["faults"]) > 2
    must_be_whole = is_unbroken or is_cut_early or (way["continues"] and case["shape"] != "call" and not is_twice_ended)
    if must_be_whole and not is_whole:
        return f"an error where a whole answer was to be had: {case['error']['message']}"
    if is_unbroken and case["calls"] != 1:
        return f"{case['calls']} calls of a stream that did not break: not every event was the last one"
    if is_whole and not way["continues"] and not is_cut_early and case["calls"] != 1:
        return "it was sent again although it may not be continued"
    return None


def wrong_with(case, reference):
    wrong = wrong_with_error(case, reference) if "error" in case else wrong_with_whole(case, reference)
    if case["way"] is None:
        return wrong or ("error" in case and case["error"]["message"]) or None
    return wrong or wrong_with_outcome(case)


def table(title, counts, rows, columns):
    """A row for each client: whole answers + proper errors, and what failed."""
    lines = [[title, *columns]]
    for row in rows:
        cells = [counts.get((row, column), Counter()) for column in columns]
        text = [f"{cell['whole']} + {cell['error']}" + (f", {cell['wrong']} FAILED" if cell["wrong"] else "") for cell in cells]
        lines.append([row, *text])
    widths = [max(map(len, column)) for column in zip(*lines)]
    return "\n".join("  ".join(text.ljust(width) for text, width in zip(line, widths)).rstrip() for line in lines)


def main(paths):
    by_way, by_provider, references, wrongs, total = {}, {}, {}, [], Counter()
    for path in paths:
        for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            place = case["client"], case["provider"], case["shape"]
            if case["way"] is None:
                references[place] = case["seen"]["text"]
            wrong = wrong_with(case, references[place])
            outcome = "wrong" if wrong else "error" if "error" in case else "whole"
            for counts, column in ((by_way, case["way"] or "unbroken"), (by_provider, case["provider"])):
                counts.setdefault((case["client"], column), Counter())[outcome] += 1
            total[outcome] += 1
            if wrong:
                wrongs.append(f"{', '.join(place)}, {case['way']} at {case.get('place')}:\n    {wrong}")
    print("\n".join(wrongs[:SHOWN]))
    clients = list(dict.fromkeys(client for client, _ in by_way))
    print(table("whole + ended, by way", by_way, clients, ["unbroken", *BREAKS["ways"]]))
    print()
    print(table("whole + ended, by provider", by_provider, clients, list(BREAKS["providers"])))
    print(f"{total['whole']} whole, {total['error']} ended with the SDK's own error, {total['wrong']} failed")
    cells = [(client, way) for client in KINDS for way in ["unbroken", *BREAKS["ways"]]]
    missing = [cell for cell in cells if cell not in by_way]
    if missing:
        print(f"not shown: {missing}")
    if wrongs or missing or not total["whole"] or not total["error"]:
        raise SystemExit(1)


main(sys.argv[1:])
