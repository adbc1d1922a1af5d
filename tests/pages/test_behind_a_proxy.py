"""The pages behind a proxy that puts a path in front, as Home Assistant's Ingress does."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.testing.clock import PATIENCE_S
from tests.daemons import DaemonProcess
from tests.pages.conftest import HOUSE, Windows, url_of
from tests.pages.test_house import TOKEN

FRONT = b"/ingress/abc"


def test_links_events_and_the_sign_in_work_under_a_path(tmp_path: Path, window: Windows) -> None:
    """Signed in under the path, live under the path, and a switch thrown there is thrown."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    guarded = HOUSE.replace("[web]\n", f'[web]\ntoken_file = "{tmp_path / "token"}"\n')
    with DaemonProcess(tmp_path, guarded) as daemon, proxy(int(url_of(daemon).rpartition(":")[2].strip("/"))) as port:
        opened = window(daemon)
        opened.url = f"http://127.0.0.1:{port}{FRONT.decode()}/"
        page = opened.open()
        page.get_by_label("Token").fill(TOKEN)
        page.get_by_role("button", name="Sign in").click()
        opened.until_live()
        page.get_by_role("switch", name="Lamp").click()
        page.locator('[role=switch][aria-checked="true"]').wait_for()
        page.get_by_role("link", name="Log", exact=True).click()
        page.get_by_text("What is wrong now").wait_for()
        opened.open("track").get_by_role("button", name="Start").wait_for()
        daemon.stop()


@contextmanager
def proxy(behind: int) -> Iterator[int]:
    """A proxy in front of a port of this host: it takes FRONT off the path, and answers 404 to what does not begin with it."""
    loop = asyncio.new_event_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            method, path, rest = (await reader.readuntil(b"\r\n")).split(b" ", 2)
            if not path.startswith(FRONT + b"/"):
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            head = await reader.readuntil(b"\r\n\r\n")
            one_answer = b"X-Ingress-Path: " + FRONT + b"\r\nConnection: close\r\n"
            kept = b"\r\n".join(line for line in head.split(b"\r\n") if not line.lower().startswith(b"connection:"))
            answers, asks = await asyncio.open_connection("127.0.0.1", behind)
            asks.write(b" ".join((method, path.removeprefix(FRONT), rest)) + one_answer + kept)
            sending = asyncio.ensure_future(pour(reader, asks))
            await pour(answers, writer)
            sending.cancel()
            asks.close()
        except (OSError, asyncio.IncompleteReadError):
            pass  # a browser that went away
        finally:
            writer.close()

    thread = threading.Thread(target=loop.run_forever, name="proxy")
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(serve, "127.0.0.1", 0), loop).result(PATIENCE_S)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(end(server), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def end(server: asyncio.Server) -> None:
    """Listen no more, and cut what is under way."""
    server.close()
    under_way = asyncio.all_tasks() - {asyncio.current_task()}
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)


async def pour(from_: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    """Give on what comes until it ends."""
    while piece := await from_.read(65536):
        to.write(piece)
        await to.drain()
