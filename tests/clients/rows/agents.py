"""Agents, headless, in a session that uses a tool: the model has a shell command run, which writes a file, and is told.

Usage: agents.py ORIGIN KEY PROGRAMS WORK: where the agents' programs are, and a directory for their homes.
"""

import json
import os
import pathlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ORIGIN, KEY, PROGRAMS, WORK = sys.argv[1:]
ASKED = json.loads(pathlib.Path(__file__).with_name("asked.json").read_text(encoding="utf-8"))
# For one session, in seconds.
PATIENCE = 120
COMMAND = f"printf %s '{ASKED['written']}' | tee note.txt"

CODEX = """
model_provider = "paceway"
web_search = "disabled"
[model_providers.paceway]
name = "Paceway"
base_url = "{origin}/v1"
env_key = "PACEWAY_API_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


def claude_code(model, home):
    call = f"call Bash {json.dumps({'command': COMMAND, 'description': 'Writes a note'})}"
    environment = {
        "ANTHROPIC_BASE_URL": ORIGIN,
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_DEFAULT_HAIKU_MODEL": model,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    command = ["claude", "-p", f"Please {call}.", "--model", model, "--output-format", "json", "--allowedTools", "Bash"]
    return command, environment, None, lambda output: json.loads(output)["result"]


def codex(model, home):
    call = f"call exec_command {json.dumps({'cmd': COMMAND})}"
    (home / "config.toml").write_text(CODEX.format(origin=ORIGIN), encoding="utf-8")
    command = ["codex", "exec", "--model", model, "--sandbox", "danger-full-access", "--skip-git-repo-check", f"Please {call}."]
    note = "its configuration has `web_search = \"disabled\"`: not every provider has one, and those refuse it"
    return command, {"CODEX_HOME": str(home), "PACEWAY_API_KEY": KEY}, note, str


def session(agent, provider, model):
    home = pathlib.Path(WORK) / f"{agent.__name__}-{provider.replace(' ', '-')}"
    desk = home / "desk"
    desk.mkdir(parents=True)
    command, environment, note, last_word = agent(model, home)
    told = {"client": agent.__name__.replace("_", " "), "provider": provider, "note": note}
    try:
        run = subprocess.run(
            [f"{PROGRAMS}/{command[0]}", *command[1:]],
            cwd=desk,
            env={"PATH": os.environ["PATH"], "HOME": str(home), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        written = desk / "note.txt"
        written = written.read_text(encoding="utf-8") if written.exists() else None
        said = {"status": run.returncode, "text": last_word(run.stdout)}
    except (subprocess.TimeoutExpired, ValueError, KeyError) as error:
        return [{**told, "check": "session", "failed": f"{type(error).__name__}: {error}"}]
    return [{**told, "check": "tool_ran", "seen": written}, {**told, "check": "last_word", "seen": said}]


with ThreadPoolExecutor(2) as pool:
    sessions = [
        pool.submit(session, agent, provider, model)
        for agent in (claude_code, codex)
        for provider, model in ASKED["providers"].items()
    ]
    for done in sessions:
        for told in done.result():
            print(json.dumps(told, ensure_ascii=False), flush=True)
