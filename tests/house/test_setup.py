"""tools/setup.py: what it does when things are missing, half done or copied from elsewhere."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module with its places moved into a temporary folder; commands are recorded in `setup.calls`."""
    spec = importlib.util.spec_from_file_location("duxue_setup", ROOT / "tools" / "setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    calls: list[list[str]] = []
    places = {"ROOT": tmp_path, "VENV": tmp_path / ".venv", "STAMPS": tmp_path / ".venv" / "setup"}
    places |= {"PYTHON": tmp_path / ".venv" / "bin" / "python", "VENDOR": tmp_path / "vendor"}
    places |= {"FONTS": tmp_path / "fonts"}
    for name, place in places.items():
        monkeypatch.setattr(module, name, place)
    monkeypatch.setattr(module, "call", lambda *command, env=None: calls.append([str(c) for c in command]))
    monkeypatch.setattr(module, "calls", calls, raising=False)
    (tmp_path / "requirements").mkdir()
    for name in ("run", "test"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(name)
    return module


def _verbs(setup: ModuleType) -> list[str]:
    return [" ".join(command[-3:]) for command in setup.calls]


def test_an_ordinary_user_is_told_the_line(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(setup.Stop) as stop:
        setup.apt(["chromium", "postgresql"])
    assert stop.value.code == 2
    assert str(stop.value).endswith("sudo apt-get install -y --no-install-recommends chromium postgresql")
    assert setup.calls == []


def test_root_installs_after_an_update(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.os, "geteuid", lambda: 0)
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    setup.apt(["chromium"])
    assert [command[:3] for command in setup.calls] == [
        ["apt-get", "-q", "update"],
        ["apt-get", "install", "-y"],
    ]


def test_without_apt_the_names_are_said(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.shutil, "which", lambda name: None)
    with pytest.raises(setup.Stop, match="fonts-noto-cjk"):
        setup.apt(["fonts-noto-cjk"])


def test_python_without_ensurepip_asks_for_python3_venv(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(setup.os, "geteuid", lambda: 1000)
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    with pytest.raises(setup.Stop, match="install -y --no-install-recommends python3-venv"):
        setup.make_venv()


@pytest.mark.parametrize("python", ["missing", "text", "elsewhere"])
def test_an_environment_that_does_not_work_is_made_anew(setup: ModuleType, python: str) -> None:
    setup.PYTHON.parent.mkdir(parents=True)
    if python == "text":  # a copy that lost links and rights
        setup.PYTHON.write_text("python3")
    elif python == "elsewhere":  # a copy of another folder's environment
        setup.PYTHON.symlink_to(sys.executable)
        setup.stamp("venv", "/somewhere/else/.venv")
    setup.make_venv()
    assert _verbs(setup) == [f"venv --clear {setup.VENV}"]


def test_packages_are_installed_once_and_again_when_the_lock_changes(setup: ModuleType) -> None:
    setup.python_packages("run")
    assert len(setup.calls) == 2
    setup.python_packages("run")
    assert len(setup.calls) == 2
    (setup.ROOT / "requirements" / "run.txt").write_text("other")
    setup.python_packages("run")
    assert len(setup.calls) == 3
    assert "--require-hashes" in setup.calls[-1]


def test_the_test_packages_are_enough_for_running(setup: ModuleType) -> None:
    setup.python_packages("test")
    setup.python_packages("run")
    assert len(setup.calls) == 2


def test_a_failed_step_is_taken_up_again(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_command: object, env: object = None) -> None:
        raise setup.Stop("no network")

    working = setup.call
    monkeypatch.setattr(setup, "call", broken)
    with pytest.raises(setup.Stop):
        setup.python_packages("run")
    monkeypatch.setattr(setup, "call", working)
    setup.python_packages("run")
    assert len(setup.calls) == 2


def test_a_package_cut_off_in_the_middle_is_dropped(setup: ModuleType) -> None:
    site = setup.VENV / "lib" / "python3.11" / "site-packages"
    for name in ("whole", "half"):
        (site / f"{name}-1.dist-info").mkdir(parents=True)
        (site / f"{name}-1.dist-info" / "METADATA").write_text("x")
    (site / "whole-1.dist-info" / "INSTALLER").write_text("pip")
    setup.drop_half_installed()
    assert [path.name for path in site.iterdir()] == ["whole-1.dist-info"]


def test_of_the_faces_only_the_needed_weights_are_kept(setup: ModuleType) -> None:
    modules = setup.ROOT / "node_modules"
    for source in (*setup.FRONT.values(), *(f"{setup.FACES_FROM}/{name}"[13:] for name in setup.FACES.values())):
        (modules / source).parent.mkdir(parents=True, exist_ok=True)
        (modules / source).write_text(source)
    setup.front_packages()
    assert {path.name for path in setup.FONTS.iterdir()} == set(setup.FACES)
    assert not (setup.ROOT / setup.FACES_FROM).exists()
    setup.front_packages()
    assert len(setup.calls) == 1, "a second run is quick"
    (setup.FONTS / "NotoSerifSC-Regular.ttf").unlink()
    with pytest.raises(FileNotFoundError):  # npm is asked again, and would bring it
        setup.front_packages()
    assert len(setup.calls) == 2


def test_only_what_is_missing_is_installed(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(setup, "apt", asked.append)
    monkeypatch.setattr(setup, "has_chinese_font", lambda: True)
    monkeypatch.setattr(setup.glob, "glob", lambda *_a, **_k: [])
    monkeypatch.setattr(setup.shutil, "which", lambda name: "/usr/bin/chromium" if name == "chromium" else None)
    setup.test_tools()
    assert asked == [["postgresql"]]
    monkeypatch.setattr(setup.shutil, "which", lambda name: f"/usr/bin/{name}")
    setup.test_tools()
    assert len(asked) == 1


def test_wrong_arguments_show_the_use(setup: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert setup.main([]) == 2
    assert setup.main(["everything"]) == 2
    assert "setup.py run" in capsys.readouterr().out
