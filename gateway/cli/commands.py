"""Every command: its words and its help, as argparse reads them; and whom those call that do not ask the running gateway."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from gateway.cli import asking
from gateway.cli.asking import Options
from gateway.cli.configured import PLACES, default_config
from gateway.cli.help import MORE, Commands, check_command, check_rest, one_of, show_help
from gateway.cli.parsing import StreamParser, VersionOption
from gateway.cli.plain import ACTS, TIMEOUT_S, seconds
from gateway.console import exits
from gateway.console.output import say, say_json


def command(words: Sequence[str]) -> int:
    """Run the command that the words say; return what to exit with. Raises Failed where they say none."""
    if not words:
        show_help("", *_parser())
        return exits.USAGE
    options = _options(words)
    run: Callable[[Options], int] = options.run
    return run(options)


def _options(words: Sequence[str]) -> Options:
    """Read the words. name=value may stand behind an option too, where argparse itself takes no more words. Raises Failed."""
    parser, commands = _parser()
    check_command(words, commands)
    options, rest = parser.parse_known_args(words, Options())
    if rest and (not hasattr(options, "payload") or any(word.startswith("-") for word in rest)):
        check_rest(rest, options.command, commands, fields=hasattr(options, "payload"))
    if rest:
        options.payload = [*options.payload, *rest]
    return options


def _parser() -> tuple[argparse.ArgumentParser, Commands]:
    """Make the parser of all words, and the parser of each command."""
    parser = StreamParser(prog="gateway", description="A device gateway for the Raspberry Pi.", epilog=MORE)
    parser.add_argument("--config", type=Path, metavar="FILE", help=f"the configuration (default: {PLACES[0]}, else {PLACES[1]})")
    parser.add_argument("--version", action=VersionOption, nargs=0, help="show the version and exit")
    every = StreamParser(add_help=False)
    every.add_argument(
        "--config", type=Path, metavar="FILE", default=argparse.SUPPRESS, help=f"the configuration (default: {PLACES[0]}, else {PLACES[1]})"
    )
    every.add_argument("--json", action="store_true", help="output for programs")
    there = StreamParser(add_help=False, parents=[every])
    there.add_argument("--socket", type=Path, metavar="PATH", help="the daemon's control socket, instead of what the configuration says")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, dest="command")

    def add(name: str, run: Callable[[Options], int], text: str, parent: StreamParser) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text, parents=[parent], epilog="exit codes: gateway help exits")
        one.set_defaults(run=run)
        return one

    add("run", _run, "run the gateway until it is told to stop", every)
    add("reload", asking.reload, "have the running gateway take over what its configuration says now", there)
    add("check", _check, "say what is wrong with the configuration, all of it", every)
    _add_demo(add("demo", _demo, "see it work, without hardware; nothing may be lost", every))
    _add_show(add("show", asking.show, "how the gateway is; or one actor; or the ids of a kind", there))
    _add_message(add("tell", asking.tell, "send a message; done when it is on disk", there), "tell").add_argument(
        "--id", default="", help="its id: told again under the same id, it is not handled again"
    )
    _add_message(add("ask", asking.ask, "send a message and show the reply", there), "ask").add_argument(
        "--field", default="", metavar="NAME", help="only this field of the reply, a text as it is; dots go deeper"
    )
    _add_tail(add("tail", asking.tail, "show each message to an ordinary actor as it is committed", there))
    _add_explain(add("explain", asking.explain, "which message made which, and what came of it", there))
    _add_letters(add("dead-letters", asking.letters, "messages nobody could take", there))
    _add_resume(add("resume", asking.resume, "let a paused actor go on", there))
    add("export", asking.export, "the stored state of an actor, as it is on disk", there).add_argument("id", metavar="ID", help="the actor")
    _add_forget(add("forget", asking.forget, "drop an actor's state and what belongs to it; its mail begins a new life", there))
    _add_events(add("events", asking.events, "what event-sourced actors have recorded, in the order of the commits", there))
    add("backup", _backup, "copy all that the gateway knows to a file, while it runs", there).add_argument(
        "file", type=Path, metavar="FILE", help="a new file, or a folder: it has the time in its name there"
    )
    add("restore", _restore, "put a backup in the place of the store of a gateway that is stopped", there).add_argument(
        "file", type=Path, metavar="FILE", help="what gateway backup has made; what it replaces is kept beside it"
    )
    add("move", _move, "copy the store of a gateway that is stopped into a PostgreSQL database, or back into a file", there).add_argument(
        "to", metavar="URL", help="an empty database (postgresql://...; its password: PGPASSWORD or ~/.pgpass), or a new file"
    )
    add("ports", _ports, "serial ports, pins and sensors of this host, and what to write into the configuration", every).add_argument(
        "--watch", action="store_true", help="what is plugged in and pulled out from now on"
    )
    add("doctor", _doctor, "what of this host is not as it should be, each with the line that mends it", there)
    _add_kinds(add("kinds", _kinds, "the kinds of devices and actors; or the verbs of one, with what each takes", every))
    add("listen", _listen, "the bytes on the wire of a device, in hex and text; the gateway may run or not", there).add_argument(
        "id", metavar="ID", help="the device, as in serial/gps"
    )
    _add_capture(add("capture", _capture, "record the bytes on the wire of a device, with their times, until Ctrl-C", there))
    _add_replay(add("replay", _replay, "feed a capture to the actors of a configuration, without its devices", every))
    add("schema", _schema, "the JSON schema of the configuration, for editors", every)
    _add_new(add("new", _new, "begin an actor or a device of your own: a file, and its test", every))
    text = "packages of your own actors and devices, for this gateway: folders, wheels, or names that pip knows"
    add("add", _add_packages, text, every).add_argument("packages", nargs="+", metavar="PACKAGE")
    add("help", _help, "of a command; or exits, words, or one of the words", every).add_argument(
        "topic", nargs="*", help="a command, as in: gateway help dead-letters"
    )
    _add_completion(add("completion", _completion, "what a shell needs to complete the words of gateway", every))
    return parser, commands.choices


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=0.0, metavar="N", help="end after so many seconds (default: at Ctrl-C)")
    parser.add_argument("--folder", type=Path, default=Path("var/demo"), metavar="DIR", help="where its state stays (default: var/demo)")
    parser.add_argument("--broker", default="", metavar="HOST:PORT", help="use this broker, instead of one of the demo's own")
    parser.add_argument("--fresh", action="store_true", help="begin anew: what earlier demos left in the folder is deleted")
    parser.add_argument("--quiet", action="store_true", help="show only the beginning, kills and the end")


def _add_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="?", default="", metavar="ID", help="twin/door: one actor; twin: the ids of a kind; 'twin/d*': those")
    parser.add_argument("--machine", action="store_true", help="the phases of a kind or an actor, as a Mermaid state diagram")
    parser.add_argument("--hosts", action="store_true", help="every host that shares a database with this one, a line each: see [link]")
    parser.add_argument("--all", action="store_true", help="with what the gateway and its actors keep for themselves: journal, job, ...")
    parser.add_argument("--since", default="", metavar="TIME", help="what the values of a twin were: as charts; TIME as in 90s, 2h, 7d, 1y")
    parser.add_argument("--value", default="", metavar="NAME", help="only this value, with --since (default: 1d)")
    parser.add_argument("--csv", action="store_true", help="each reading that is kept, one a line, instead of charts")
    parser.add_argument("--after", default="", metavar="ID", help="go on with the ids behind this one")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="at most so many ids (default: 100)")


def _seconds(text: str) -> float:
    """Read a time to wait, up to an hour. argparse names what is wrong by this function's error."""
    try:
        return seconds(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds above 0 and at most 3600") from None


def _add_message(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    parser.add_argument("to", help="the actor, as in gpio/lamp")
    parser.add_argument("verb", help="what it shall do, as in switch")
    parser.add_argument("payload", nargs="*", default=[], help="""name=value ..., or one JSON object, or - for standard input""")
    parser.add_argument("--timeout", type=_seconds, default=TIMEOUT_S, metavar="S", help=f"seconds to wait (default: {TIMEOUT_S:g})")
    example = {"tell": "gateway tell gpio/lamp switch on=true", "ask": "gateway ask twin/door read"}[name]
    parser.description = f"{parser.description}; for example: {example}"
    return parser


def _add_tail(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prefix", nargs="?", default="", help="only of actors whose id begins so")
    parser.add_argument("--verb", default="", help="only this verb")


def _add_events(parser: argparse.ArgumentParser) -> None:
    text = "account/ann: one actor's; account: a kind's; 'account/a*': theirs"
    parser.add_argument("whose", nargs="?", default="", metavar="ID", help=text)
    parser.add_argument("--after", type=int, default=0, metavar="N", help="only those behind number N")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="at most so many (default: 100)")


def _add_explain(parser: argparse.ArgumentParser) -> None:
    text = "a message's id, as gateway tail shows it; or an actor's, for what it handled lately"
    parser.add_argument("id", metavar="ID", help=text)
    parser.add_argument("--limit", type=int, default=50, metavar="N", help="at most so many messages (default: 50)")
    parser.add_argument("--hosts", action="store_true", help="what each host that shares a database knows of a message")


def _add_kinds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", nargs="?", default="", metavar="KIND", help="one kind, as in gpio or twin")
    parser.add_argument("--markdown", action="store_true", help="every key and verb of all kinds, as a page")


def _add_resume(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the actor; gateway show lists those that are paused")
    parser.add_argument("--skip", action="store_true", help="without the message it was paused at, which becomes a dead letter")


def _add_forget(parser: argparse.ArgumentParser) -> None:
    parser.description = f"{parser.description}; what it published, retained, stays at the broker: mosquitto_pub -r -n -t TOPIC clears it"
    parser.add_argument(
        "id",
        metavar="ID",
        help="the actor; its timers, events and children go too. Or host/NAME: a host that is no more, and the mail for it",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _add_letters(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        f"{parser.description}; for example: gateway dead-letters; gateway dead-letters show 7; gateway dead-letters retry all"
    )
    parser.add_argument("act", nargs="?", default="list", type=one_of(*ACTS), metavar="ACT", help=", ".join(ACTS))
    parser.add_argument("which", nargs="*", metavar="N", help="numbers (host/pi-barn/7: of another host); or all, for retry and drop")
    parser.add_argument("--hosts", action="store_true", help="of all hosts that share a database, and of the actors that they share")


def _add_capture(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", metavar="ID", help="the device, as in serial/gps; the gateway may run or not")
    parser.add_argument("file", type=Path, metavar="FILE", help="a new file: a line for each read, with seconds, in or out, and hex")


def _speed(text: str) -> float:
    """Read a speed: so many seconds of the record in one second; `max` is 0, which waits for nothing."""
    try:
        return 0.0 if text == "max" else _positive(float(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither max nor a number above 0 and at most 1000000") from None


def _positive(number: float) -> float:
    if not 0 < number <= 1e6:
        raise ValueError(number)
    return number


def _add_replay(parser: argparse.ArgumentParser) -> None:
    parser.description = f"{parser.description}; for example: gateway replay gps.txt --config config/gateway.toml"
    parser.add_argument("file", type=Path, metavar="FILE", help="what gateway capture has made")
    parser.add_argument("--as", dest="id", default="", metavar="ID", help="the device it is read as (default: as its first line says)")
    parser.add_argument("--speed", type=_speed, default=0.0, metavar="N", help="N seconds of it in one; or max, the default")
    parser.add_argument("--store", type=Path, metavar="PATH", help="a new file that the states stay in (default: none)")
    parser.add_argument("--against", type=Path, metavar="STORE", help="how the states differ from those in this store, or backup of one")


def _add_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", type=one_of("bash"), metavar="SHELL", help="bash, which is the only one")
    parser.description = (
        f"{parser.description}. For this bash: source <(gateway completion bash). For each new one of yours: gateway completion bash "
        "> ~/.local/share/bash-completion/completions/gateway (make install has done it for everybody)"
    )


def _add_new(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", type=one_of("actor", "device"), metavar="WHAT", help="what to begin: actor, or device (one that is polled)")
    parser.add_argument("name", metavar="NAME", help="its kind, as in boiler_room: ids are boiler_room/KEY")
    parser.add_argument("--host-bound", action="store_true", help="one that owns something of this host, and has a section of the file")
    parser.add_argument("--in", dest="folder", type=Path, metavar="DIR", help="where (default: actors, beside the configuration)")


# --- the commands


def _config(options: Options) -> Path:
    return options.config or Path(default_config())


def _run(options: Options) -> int:
    from gateway.service.signals import hold_reload  # noqa: PLC0415  # as below

    hold_reload()
    from gateway.daemon import run  # noqa: PLC0415  # the other commands do without the daemon

    return run(_config(options))


def _help(options: Options) -> int:
    return show_help(" ".join(options.topic), *_parser())


def _add_packages(options: Options) -> int:
    from gateway.cli.add import add  # noqa: PLC0415

    return add(options.packages, as_json=options.json)


def _completion(options: Options) -> int:
    from gateway.cli.completion import completion  # noqa: PLC0415

    del options
    return completion(_parser()[1])


def _check(options: Options) -> int:
    from gateway.cli.check import check  # noqa: PLC0415

    return check(_config(options), as_json=options.json)


def _demo(options: Options) -> int:
    from gateway.demo import demo  # noqa: PLC0415  # only the demo holds the demo

    quiet = options.quiet or options.json
    return demo(options.folder, seconds=options.seconds, broker=options.broker, fresh=options.fresh, quiet=quiet, as_json=options.json)


def _backup(options: Options) -> int:
    from gateway.cli.backups import back_up_to, places  # noqa: PLC0415

    return back_up_to(options.file, *places(options.socket, _config(options), named=options.config is not None), as_json=options.json)


def _restore(options: Options) -> int:
    from gateway.cli.backups import places, restore_from  # noqa: PLC0415

    return restore_from(options.file, *places(options.socket, _config(options), named=options.config is not None), as_json=options.json)


def _move(options: Options) -> int:
    from gateway.cli.moving import move  # noqa: PLC0415

    return move(options.to, options.socket, _config(options), named=options.config is not None, as_json=options.json)


def _ports(options: Options) -> int:
    from gateway.cli.hardware import ports  # noqa: PLC0415

    return ports(watch=options.watch, as_json=options.json)


def _doctor(options: Options) -> int:
    from gateway.cli.doctor import doctor  # noqa: PLC0415  # reads the configuration
    from gateway.console.place import find  # noqa: PLC0415  # as above

    config = _config(options)
    return doctor(config, find(options.socket, config, named=options.config is not None), as_json=options.json)


def _listen(options: Options) -> int:
    from gateway.cli.listen import listen  # noqa: PLC0415
    from gateway.console.place import find  # noqa: PLC0415  # as above

    config = _config(options)
    return listen(options.id, find(options.socket, config, named=options.config is not None), config, as_json=options.json)


def _capture(options: Options) -> int:
    from gateway.cli.capture import capture  # noqa: PLC0415
    from gateway.console.place import find  # noqa: PLC0415  # as above

    config = _config(options)
    return capture(options.id, options.file, find(options.socket, config, named=options.config is not None), config, as_json=options.json)


def _replay(options: Options) -> int:
    from gateway.cli.replay import replay  # noqa: PLC0415  # only a replay runs an engine

    return replay(
        options.file,
        _config(options),
        id=options.id,
        speed=options.speed,
        store=options.store,
        against=options.against,
        as_json=options.json,
    )


def _kinds(options: Options) -> int:
    if options.markdown:
        from gateway.cli.reference import reference  # noqa: PLC0415  # as below
        from gateway.config.reading import kinds_of  # noqa: PLC0415  # as below

        say(reference(kinds_of(_config(options))))
        return exits.FINE
    from gateway.cli.kinds import kinds  # noqa: PLC0415  # imports every kind

    return kinds(options.kind, config=_config(options), as_json=options.json)


def _schema(options: Options) -> int:
    from gateway.config import json_schema  # noqa: PLC0415  # imports every kind
    from gateway.config.reading import kinds_of  # noqa: PLC0415  # as above

    say_json(json_schema(registry=kinds_of(_config(options))))
    return exits.FINE


def _new(options: Options) -> int:
    from gateway.cli.new import new, usual_folder  # noqa: PLC0415

    config = _config(options)
    what = "host_bound" if options.host_bound and options.what == "actor" else options.what
    return new(what, options.name, options.folder or usual_folder(config), config=config, as_json=options.json)
