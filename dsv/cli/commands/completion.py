"""Print the script that lets a shell complete commands, datasets, revisions, fields and classes."""

from __future__ import annotations

import click

from dsv.cli.output import Terminal

SHELLS = ("bash", "zsh", "fish")
# `git dsv` is completed too, through what Git's own completion calls for a command of that name.
THROUGH_GIT = {
    "bash": """
_git_dsv() {
    local first=${__git_cmd_idx:-1}
    local COMP_WORDS=("${words[@]:first}") COMP_CWORD=$((cword - first))
    _dsv_completion dsv
}
""",
    "zsh": """
_git-dsv() {
    _dsv_completion
}
zstyle -g _dsv_git_commands ':completion:*:*:git:*' user-commands
zstyle ':completion:*:*:git:*' user-commands $_dsv_git_commands dsv:'version control for datasets'
""",
    "fish": "",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_obj
def command(terminal: Terminal, shell: str) -> None:
    """Print the script that lets a SHELL complete dsv.

    \b
    bash:  eval "$(dsv completion bash)"     in ~/.bashrc
    zsh:   eval "$(dsv completion zsh)"      in ~/.zshrc, after compinit
    fish:  dsv completion fish | source      in ~/.config/fish/config.fish
    """  # noqa: D301 - the mark keeps click from joining the lines
    from click.shell_completion import get_completion_class

    made = get_completion_class(shell)
    if made is None:
        raise RuntimeError(f"click knows no shell {shell!r}")
    root = click.get_current_context().find_root().command
    complete = made(root, {}, "dsv", "_DSV_COMPLETE")
    terminal.emit(complete.source_template % complete.source_vars() + "\n" + THROUGH_GIT[shell])
