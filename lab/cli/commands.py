"""The table of commands, and a group that imports a command only when it is called.

`rootlab --help` reads the table alone. A test holds each line of it equal to the command's own description.
"""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

import click

from .. import __version__

COMMANDS: dict[str, tuple[str, str]] = {
    "run": (".run:run", "Play a scenario or a suite and say who fails, when and why."),
    "list": (".catalogue:list_things", "List scenarios, suites, models, drivers, clocks and the like."),
    "explain": (".explain:explain", "Tell the story of a stored run beside the words of the RFC."),
    "judge": (".judge:judge", "Judge a stored run again, without playing it."),
    "compare": (
        ".compare:compare",
        "Show two subjects of a scenario side by side.",
    ),
    "onset": (".onset:onset", "Show when those without the new key fail, how often they ask."),
    "frontier": (".frontier:frontier", "Show where a configuration begins to fail, to the second."),
    "shrink": (".shrink:shrink", "Make the shortest scenario that fails for the same cause."),
    "timeline": (".timeline:timeline", "Show what the authority publishes and signs, and when."),
    "zone": (".zone:zone", "Print the signed root zone of an instant."),
    "ceremony": (".ceremony:ceremony", "Read, check and write the files of key ceremonies (KSR, SKR)."),
    "fleet": (".fleet:fleet", "Say what becomes of a fleet of resolvers."),
    "plan": (".plan:plan", "Weigh a decision: what a delay buys, whether the gates are met."),
    "replay": (".replay:replay", "Run .rpl scenarios (testbound, Deckard) against a model."),
    "conformance": (
        ".conformance:conformance",
        "Examine validators against what the RFCs demand, case by case.",
    ),
    "state": (".state:state", "Show, convert and make the trust-state files of resolvers."),
    "serve": (".serve:serve", "Serve the zones of a scenario on a loopback address."),
    "ctl": (".ctl:ctl", "Operate a served root: its clock, timeline, faults and signals."),
    "netns": (".netns:netns", "Run a program in a network where the lab is the root."),
    "scan": (".scan:scan", "Find root anchors in files and say until when they work."),
    "advise": (".advise:advise", "Read a resolver's configuration and say what a roll does to it."),
    "doctor": (".doctor:doctor", "Say which real resolvers can be played here, what is missing."),
}
"""Name of a command: where it is (`module:attribute`) and what it does, in the order of the help."""


class LazyGroup(click.Group):
    """A group whose commands come from `COMMANDS` and are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, or None if there is no such name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module, __package__), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say in one line which ones there are."""
        name = args[0]
        if name in COMMANDS or name.startswith("-"):
            return super().resolve_command(ctx, args)
        near = get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean {near[0]!r}" if near else f"there are {', '.join(COMMANDS)}"
        raise click.UsageError(f"no command {name!r}: {hint}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their lines from the table, importing none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before the command; without a command, name them all in the complaint."""
        if not args and not ctx.resilient_parsing:
            raise click.UsageError(f"no command given: {', '.join(COMMANDS)}", ctx)
        return super().parse_args(ctx, args)


@click.command(cls=LazyGroup, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="rootlab %(version)s")
def rootlab() -> None:
    """Rehearse rollovers of the DNS root's trust anchor: which resolver fails, when to the second, and why.

    Begin with:  rootlab run october-11

    Exit status: 0 passed, 1 failed, 2 usage or unreadable input, 3 inconclusive, 4 a fault of the lab itself,
    130 interrupted.
    """
