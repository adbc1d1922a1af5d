"""Forgetting a host that is no more: what it has said of itself, and the mail that waits for it. Waits for the database."""

from gateway.actors.errors import Refused, UnknownTarget
from gateway.actors.ids import HOST
from gateway.control.house import OtherHosts
from gateway.control.pending import Answer


def host_in(id: str) -> str:
    """The host that an id names, and nothing of it; empty where the id is another."""
    kind, _, name = id.partition("/")
    return name if kind == HOST and "/" not in name else ""


def forget_host(others: OtherHosts, host: str, *, sure: bool) -> Answer:
    """Forget a host; not sure: say what that would be. Raises UnknownTarget where there is none, and Refused where it is there."""
    said = others.hosts()
    known = {one["name"]: one for one in (*said["hosts"], *said["unheard"])}
    if host not in known:
        raise UnknownTarget(f"cannot forget host {host}: no host of that name was ever linked; gateway show --hosts")
    if not known[host]["away"]:
        raise Refused(f"cannot forget host {host}: it is linked, and would be there again at once; stop it first")
    belongs = {"id": f"{HOST}/{host}", "host": host, "mail_dropped": known[host]["coming"]}
    return {"forgotten": {**belongs, "mail_dropped": others.forget(host)}} if sure else {"would_forget": belongs}
