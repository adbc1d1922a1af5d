"""The commands that ask the running gateway: from the options of each to whom it calls.

They are what people and scripts call most, so nothing here imports what a command may do without: no argparse, no pathlib.
"""

from types import SimpleNamespace

from gateway.cli.configured import default_config
from gateway.console import exits
from gateway.console.client import Client
from gateway.console.place import find

Options = SimpleNamespace
"""What a command was given, by the names of its words."""


def _client(options: Options) -> Client:
    place = find(options.socket, options.config or default_config(), named=options.config is not None)
    return Client(place.path, advice=place.advice)


def reload(options: Options) -> int:
    """Have the running gateway take over its configuration."""
    from gateway.cli.reload import reload  # noqa: PLC0415

    with _client(options) as client:
        return reload(client, as_json=options.json)


def show(options: Options) -> int:
    """Show the gateway, an actor or the ids of a kind; or what an actor's values were."""
    from gateway.cli.show import show, show_machine  # noqa: PLC0415

    with _client(options) as client:
        if options.since or options.csv or options.value:
            from gateway.cli.past import past  # noqa: PLC0415

            since = options.since or "1d"
            return past(client, options.what, since=since, value=options.value, as_csv=options.csv, as_json=options.json)
        if options.hosts:
            from gateway.cli.hosts import show_hosts  # noqa: PLC0415

            return show_hosts(client, options.what, as_json=options.json)
        if options.machine:
            return show_machine(client, options.what, as_json=options.json)
        return show(client, options.what, after=options.after, limit=options.limit, every=options.all, as_json=options.json)


def tail(options: Options) -> int:
    """Show each turn as it is committed."""
    from gateway.cli.show import tail  # noqa: PLC0415

    with _client(options) as client:
        return tail(client, prefix=options.prefix, verb=options.verb, as_json=options.json)


def tell(options: Options) -> int:
    """Send a message."""
    from gateway.cli.talk import tell  # noqa: PLC0415

    with _client(options) as client:
        return tell(client, options.to, options.verb, options.payload, timeout_s=options.timeout, id=options.id, as_json=options.json)


def ask(options: Options) -> int:
    """Send a message and show the reply."""
    from gateway.cli.talk import ask  # noqa: PLC0415

    with _client(options) as client:
        timeout_s, field, as_json = options.timeout, options.field, options.json
        return ask(client, options.to, options.verb, options.payload, timeout_s=timeout_s, field=field, as_json=as_json)


def explain(options: Options) -> int:
    """Show which message made which."""
    from gateway.cli.explain import explain, explain_by_all  # noqa: PLC0415

    with _client(options) as client:
        return (explain_by_all if options.hosts else explain)(client, options.id, limit=options.limit, as_json=options.json)


def resume(options: Options) -> int:
    """Let a paused actor go on."""
    from gateway.cli.letters import resume  # noqa: PLC0415

    with _client(options) as client:
        return resume(client, options.id, skip=options.skip, as_json=options.json)


def export(options: Options) -> int:
    """Show the stored state of an actor."""
    from gateway.cli.stored import export  # noqa: PLC0415

    with _client(options) as client:
        return export(client, options.id, as_json=options.json)


def forget(options: Options) -> int:
    """Drop an actor's state."""
    from gateway.cli.stored import forget  # noqa: PLC0415

    with _client(options) as client:
        return forget(client, options.id, sure=options.yes, as_json=options.json)


def letters(options: Options) -> int:
    """Show dead letters, or decide on them."""
    from gateway.cli.letters import decide, place_of, show_all_letters, show_letter, show_letters  # noqa: PLC0415

    if options.hosts and options.act != "list":
        raise exits.Failed(f"--hosts lists; then gateway dead-letters {options.act} host/NAME/N", exits.USAGE)
    if options.act != "list" and not options.which:
        raise exits.Failed(f"say which: gateway dead-letters {options.act} N", exits.USAGE)
    with _client(options) as client:
        if options.hosts:
            return show_all_letters(client, as_json=options.json)
        if options.act == "list":
            return show_letters(client, as_json=options.json)
        if options.act == "show":
            return show_letter(client, place_of(options.which[0]), as_json=options.json)
        return decide(client, options.act, options.which, as_json=options.json)


def events(options: Options) -> int:
    """Show recorded events."""
    from gateway.cli.events import events  # noqa: PLC0415

    with _client(options) as client:
        return events(client, options.whose, after=options.after, limit=options.limit, as_json=options.json)
