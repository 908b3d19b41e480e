"""What a shell completes, asked as the shells ask."""

from __future__ import annotations

import os
import shlex
import subprocess

import pytest

from tests.e2e.conftest import DSV, User


def bash(repo: User, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    array = " ".join(map(shlex.quote, ("dsv", *words)))
    script = f"""
        export PATH={shlex.quote(os.path.dirname(DSV))}:$PATH
        eval "$(dsv completion bash)"
        COMP_WORDS=({array}); COMP_CWORD={len(words)}
        _dsv_completion dsv
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "-c", script], cwd=repo.folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_names_of_the_repository(signs: User) -> None:
    signs.git("tag", "v1")
    signs.git("branch", "vivid")

    assert bash(signs, "com") == ["commit", "completion"]
    assert bash(signs, "diff", "v") == ["v1", "vivid"]
    assert bash(signs, "diff", "v1..vi") == ["v1..vivid"]
    assert bash(signs, "diff", "--", "s") == ["signs"]
    assert bash(signs, "commit", "s") == ["signs"]
    assert bash(signs, "diff", "--field", "s") == ["score", "split"]
    assert bash(signs, "migrate", "new", "rename_c") == ["rename_class"]
    assert bash(signs, "migrate", "new", "rename_class", "from", "=", "b") == ["bike", "bus"]
    assert bash(signs, "migrate", "new", "drop_field", "field", "=", "sc") == ["score"]


def test_ids_of_migrations_are_completed(signs: User) -> None:
    signs.dsv("migrate", "new", "rename_class", "from=bike", "to=bicycle")
    signs.dsv("migrate", "new", "rename_class", "from=bus", "to=coach")
    assert bash(signs, "migrate", "up", "m0001") == ["m0001_rename_class_bike"]
    assert bash(signs, "migrate", "show", "m") == ["m0000_base", "m0001_rename_class_bike", "m0002_rename_class_bus"]


def test_bash_completes_through_git(signs: User) -> None:
    """As Git's own completion calls it: for `git dsv diff vi` and `git -C . dsv com`."""
    signs.git("branch", "vivid")
    for words, first, expected in (("git dsv diff vi", 1, "vivid"), ("git -C . dsv compl", 3, "completion")):
        script = f"""
            export PATH={shlex.quote(os.path.dirname(DSV))}:$PATH
            eval "$(dsv completion bash)"
            words=({words}); cword=$((${{#words[@]}} - 1)); __git_cmd_idx={first}
            _git_dsv
            printf '%s\\n' "${{COMPREPLY[@]}}"
        """
        done = subprocess.run(["bash", "-c", script], cwd=signs.folder, capture_output=True, text=True, check=True)
        assert (done.stdout.split(), done.stderr) == ([expected], "")


def test_where_nothing_can_be_named_nothing_is_said(user: User) -> None:
    assert bash(user, "diff", "x") == []
    assert bash(user, "commit", "x") == []


@pytest.mark.parametrize(("shell", "mark"), [("zsh", "compdef _dsv_completion dsv"), ("fish", "complete --no-files")])
def test_other_shells_get_their_script(user: User, shell: str, mark: str) -> None:
    assert mark in user.dsv("completion", shell).out
    user.dsv("completion", "csh", code=2)


def test_zsh_completes_a_value_after_its_name(signs: User) -> None:
    environment = {
        **os.environ,
        "_DSV_COMPLETE": "zsh_complete",
        "COMP_WORDS": "dsv migrate new x from=b",
        "COMP_CWORD": "4",
    }
    done = subprocess.run([DSV], cwd=signs.folder, env=environment, capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if "=" in line] == ["from=bike", "from=bus"]
