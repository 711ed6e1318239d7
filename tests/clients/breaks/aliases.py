"""Prints Paceway's aliases for breaks.json: each provider alone, and each pair of which the second goes on where the first breaks."""

import json
import pathlib

PROVIDERS = json.loads(pathlib.Path(__file__).with_name("breaks.json").read_text(encoding="utf-8"))["providers"].values()


def slug(target):
    return target.split("/")[0]


for first in PROVIDERS:
    print(f'[aliases.only-{slug(first)}]\ntargets = ["{first}"]')
    for second in PROVIDERS:
        # A provider that goes on with its own answer is named once.
        targets = ", ".join(f'"{target}"' for target in dict.fromkeys([first, second]))
        print(f"[aliases.{slug(first)}-then-{slug(second)}]\ncontinue_streams = true\ntargets = [{targets}]")
