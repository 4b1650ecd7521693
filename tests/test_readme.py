import re
import subprocess
import sys
from pathlib import Path

from bytewax.testing import run_main

from dataflows.generate import Sample, generate
from dataflows.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_every_setting_stands_in_the_table_and_no_other():
    told = re.findall(r"^\| `(AVSTAR_\w+)` \|", README, re.MULTILINE)
    assert told == [PREFIX + name.upper() for name in Settings.model_fields]


def test_every_setting_is_an_option_but_the_secrets():
    shown = subprocess.run(
        [sys.executable, "-m", "dataflows.cli", "run", "--help"],
        cwd=ROOT,
        env={"COLUMNS": "200", "TERM": "dumb"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    options = set(re.findall(r"--([a-z-]+)", shown))
    secrets = {"token", "oauth-client-secret"}
    wanted = {name.replace("_", "-") for name in Settings.model_fields} - {"exports", *secrets}
    assert wanted <= options
    assert not secrets & options


def test_the_dataflow_of_the_readme_runs_as_it_stands(
    sandbox_process, tmp_path, monkeypatch, capsys
):
    api = sandbox_process("--rate", "100000/1", "--token", "secret")
    [code] = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    code = code.replace("http://127.0.0.1:8080", api.url).replace(
        "Rate(600, 60)", "Rate(999, 0.01)"
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text("secret\n")
    with (tmp_path / "export.ndjson").open("wb") as file:
        file.writelines(generate(Sample(200, bad=0.05)))
    scope: dict = {}
    exec(code, scope)
    run_main(scope["flow"])
    assert len(api.spots()) == 190
    assert capsys.readouterr().out.count("DeadLetter(") == 10
