"""What a configuration relies on, looked at by `gateway check`: files and what they hold, the folder of the store, one's own actors."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from gateway.cli.doctor.disk import look_at_disk
from gateway.config import read, sealed
from gateway.config.fleeting import why_fleeting
from gateway.config.service_user import ServiceUser
from tests.nobody import only_root, said_to_nobody

ROOT = Path(__file__).parents[2]


def check(folder: Path, text: str, **actors: str) -> tuple[int, list[str]]:
    """What the command says of a file, and of actors beside it: its exit code and its lines, with … in the place of the folder."""
    (folder / "g.toml").write_text(text)
    for name, code in actors.items():
        (folder / "actors").mkdir(exist_ok=True)
        (folder / "actors" / f"{name}.py").write_text(code)
    words = [sys.executable, "-m", "gateway.cli", "check", "--config", "g.toml"]
    found = subprocess.run(
        words, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False
    )
    return found.returncode, [" ".join(line.split()) for line in found.stderr.replace(str(folder), "…").splitlines()]


def certificate(folder: Path, name: str) -> None:
    """Make a certificate and its key, NAME.pem and NAME.key."""
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    subprocess.run([*words, "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"], check=True, capture_output=True)


def test_files_are_opened(tmp_path: Path) -> None:
    """One that is missing, a folder, empty, or holds something else is named at its key; each of them at once."""
    certificate(tmp_path, "one")
    certificate(tmp_path, "other")
    (tmp_path / "empty").touch()
    (tmp_path / "text").write_text("no certificate\n")
    (tmp_path / "two").write_text("first\nsecond\n")
    (tmp_path / "token").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "fine").write_text("hunter2\n")
    (tmp_path / "folder").mkdir()
    mqtt = 'tls = true\nusername = "u"\n'
    text = (
        f'[mqtt.a]\n{mqtt}ca_file = "{tmp_path}/folder"\npassword_file = "{tmp_path}/none"\n'
        f'[mqtt.b]\n{mqtt}ca_file = "{tmp_path}/text"\npassword_file = "{tmp_path}/two"\n'
        f'[mqtt.c]\n{mqtt}ca_file = "{tmp_path}/empty"\npassword_file = "{tmp_path}/fine"\n'
        f'[mqtt.d]\n{mqtt}cert_file = "{tmp_path}/one.pem"\nkey_file = "{tmp_path}/other.key"\n'
        f'[mqtt.e]\n{mqtt}ca_file = "{tmp_path}/one.pem"\ncert_file = "{tmp_path}/one.pem"\nkey_file = "{tmp_path}/one.key"\n'
        f'[webhook.f]\nurl = "https://a.b"\ntoken_file = "{tmp_path}/token"\n'
        f'[http.g]\nurl = "https://a.b"\nto = "twin/g"\ntoken_file = "{tmp_path}/token"\n'
    )
    code, lines = check(tmp_path, text)
    assert code == 1
    title, *rest = [line for line in lines if "mqtt.d" not in line]
    assert title == "can start, but with 8 problems in g.toml"
    assert rest == [
        "4:11 mqtt.a.ca_file: …/folder is a folder; name the file in it",
        "5:17 mqtt.a.password_file: there is no file …/none; make it, or mend the path",
        "9:11 mqtt.b.ca_file: …/text holds no certificate; write one in PEM form, which begins with -----BEGIN CERTIFICATE-----",
        "10:17 mqtt.b.password_file: …/two does not hold a password: it is one line of text, and nothing else",
        "14:11 mqtt.c.ca_file: the file …/empty is empty; write into it what belongs there",
        "29:14 webhook.f.token_file: …/token does not hold a token: it is one line of text, and nothing else",
        "33:14 http.g.token_file: …/token does not hold a token: it is one line of text, and nothing else",
    ]
    (pair,) = [line for line in lines if "mqtt.d" in line]
    assert pair.startswith("19:13 mqtt.d.cert_file: cannot use …/one.pem with …/other.key: ")


def test_what_is_outside_is_told_beside_what_is_wrong_in_the_file(tmp_path: Path) -> None:
    """All problems at once, in the order of the file, also of a section that has one already."""
    text = f'[mqtt.a]\nkeepalive = 5\nusername = "u"\npassword_file = "{tmp_path}/none"\n[store]\npath = "{tmp_path}/g.toml/store.db"\n'
    assert check(tmp_path, text) == (
        78,
        [
            "cannot start: 3 problems in g.toml",
            "2:13 mqtt.a.keepalive: no such key; did you mean 'keepalive_s'?",
            "4:17 mqtt.a.password_file: there is no file …/none; make it, or mend the path",
            "6:8 store.path: …/g.toml is no folder; name another path",
        ],
    )


def test_the_folder_of_the_store_is_looked_at(tmp_path: Path) -> None:
    """A folder in the place of the file, and a medium that takes nothing; a folder that is still missing is made at the start."""
    assert check(tmp_path, f'[store]\npath = "{tmp_path}"\n')[1][1:] == ["2:8 store.path: … is a folder; name a file in it"]
    assert check(tmp_path, '[store]\npath = "/sys/x/gateway.db"\n')[1][1:] in (
        ["2:8 store.path: /sys is on a medium that can only be read; name another path"],
        ["2:8 store.path: this user cannot write to /sys; let the gateway's user write there, or name another path"],
        [],  # as root, where /sys is writable
    )
    assert check(tmp_path, f'[store]\npath = "{tmp_path}/new/deep/gateway.db"\n')[0] == 0


MOUNTS = """22 1 259:2 / / rw,relatime - ext4 /dev/mmcblk0p2 rw
23 22 0:21 / /run rw,nosuid - tmpfs tmpfs rw,size=800000k
24 22 0:22 / /var/log rw shared:5 - tmpfs log2ram rw
25 24 259:3 / /var/log/on\\040card rw - ext4 /dev/sda1 rw
"""


def test_a_store_in_memory_is_told() -> None:
    """On tmpfs, and where the whole card is only read and written to in memory; what is mounted below it on a disk is not."""
    gone = "all that is kept there is gone with the power; name a folder on a card or a disk, as /var/lib/gateway"
    assert why_fleeting(Path("/run/x/gateway.db"), MOUNTS) == f"/run is in memory (tmpfs): {gone}"
    assert why_fleeting(Path("/var/log/gateway.db"), MOUNTS) == f"/var/log is in memory (tmpfs): {gone}"
    assert why_fleeting(Path("/var/log/on card/gateway.db"), MOUNTS) == ""
    assert why_fleeting(Path("/running/gateway.db"), MOUNTS) == ""
    overlay = MOUNTS.replace("ext4 /dev/mmcblk0p2", "overlay overlayroot")
    assert why_fleeting(Path("/var/lib/gateway/gateway.db"), overlay) == f"/ is an overlay in memory: {gone}"
    assert why_fleeting(Path(tempfile.gettempdir(), "gateway.db"), overlay) == ""


def test_the_mounts_of_this_machine_are_looked_at(tmp_path: Path) -> None:
    """As `gateway check` does it; of a simulated gateway nothing is to be kept."""
    kinds = {line.split()[1]: line.split()[2] for line in Path("/proc/mounts").read_text().splitlines()}
    if kinds.get("/dev/shm") != "tmpfs":
        pytest.skip("there is no /dev/shm in memory")
    text = '[store]\npath = "/dev/shm/none/gateway.db"\n'
    code, lines = check(tmp_path, text)
    assert code == 1
    assert "store.path: /dev/shm is in memory (tmpfs)" in lines[-1]
    assert check(tmp_path, "[gateway]\nsimulate = true\n" + text)[0] == 0


def test_what_settings_of_ones_own_raise_is_told(tmp_path: Path) -> None:
    """Where they look at what they need; all else is told too."""
    own = """from gateway.actors import HostBound, Settings

class SirenSettings(Settings):
    def lacks(self):
        return {"loud": open("/none").read()}

class Siren(HostBound):
    settings_model = SirenSettings
    def __init__(self, key, settings): pass
"""
    code, lines = check(tmp_path, f'[siren.yard]\n[webhook.a]\nurl = "https://a.b"\ntoken_file = "{tmp_path}/none"\n', siren=own)
    said = "cannot look at what it needs: FileNotFoundError: [Errno 2] No such file or directory: '/none'; mend SirenSettings"
    assert (code, lines[1:]) == (
        1,
        [f"1:8 siren.yard: {said}", "4:14 webhook.a.token_file: there is no file …/none; make it, or mend the path"],
    )


DEPOT = """from gateway.actors import Actor, Copy, Stage, State, verb

class Shelf(State):
    parcels: int = 0

class Depot(Actor[Shelf]):
    copies = {copies}
    def __init__(self, settings=None):
        super().__init__(settings)
        {init}
    @verb
    def read(self, stage: Stage[Shelf]) -> None:
        {body}
    def add(self, stage: Stage[Shelf]) -> None:
        pass
"""
SIREN = """from gateway.actors import HostBound, Settings

class Siren(HostBound):
    def __init__(self, key: str, settings: Settings) -> None:
        self.number = int(key)
"""


def depot(*, copies: str = "{}", init: str = "pass", body: str = "pass", forgot: str = "_add") -> str:
    """A class with one thing that is odd."""
    return DEPOT.format(copies=copies, init=init, body=body).replace("def add(", f"def {forgot}(")


@pytest.mark.parametrize(
    ("code", "exit_code", "said"),
    [
        (depot(), 0, []),
        (
            depot(copies='{"c": Copy("customer", "name")}'),
            78,
            ["…/actors/depot.py:6: cannot keep copy 'c' of Depot: there is no kind 'customer'; "],
        ),
        (
            depot(copies='{"c": Copy("twin", "valeus")}'),
            78,
            ["…/actors/depot.py:6: cannot keep copy 'c' of Depot: the state of a twin has no 'valeus'; "],
        ),
        (
            depot(init="self.x = 1 / 0"),
            78,
            ["actors.depot: …/actors/depot.py:10: cannot make Depot: ZeroDivisionError: division by zero; mend its __init__"],
        ),
        (
            depot(body="return stage.state"),
            1,
            ["…/actors/depot.py:13: Depot.read returns something, which nobody gets; answer with stage.reply(...)"],
        ),
        (depot(body="self.last = 1"), 1, ["…/actors/depot.py:13: Depot.read keeps 'last' on self, which all actors of the kind share"]),
        (
            depot(body="self.a, (self.b, *self.c) = stage.state"),
            1,
            [f"…/actors/depot.py:13: Depot.read keeps {name!r} on self, which" for name in "abc"],
        ),
        (depot(body="for self.n in (): pass"), 1, ["…/actors/depot.py:13: Depot.read keeps 'n' on self, which"]),
        (depot(body="setattr(self, 'n', 1)"), 1, ["…/actors/depot.py:13: Depot.read keeps 'n' on self, which"]),
        (depot(body="type(self).n = self.__class__.m = 1"), 1, [f"Depot.read keeps {name!r} on self, which" for name in "mn"]),
        (depot(body="Depot.copies['n'] = 1"), 1, ["…/actors/depot.py:13: Depot.read keeps 'copies' on its class, which"]),
        (depot(body="global N; N = 1"), 1, ["…/actors/depot.py:13: Depot.read changes N of its module, which"]),
        (depot(body="SEEN.append(1); SEEN[0][1] = 2"), 1, ["Depot.read changes SEEN of its module, which"] * 2),
        (depot(body="all = []; all.append(1); N = {}; N[1] = 2; a, b = 1, 2"), 0, []),
        (depot(body="with open('x') as file, stage: file.x = stage.y = 1"), 0, []),
        (depot(forgot="add"), 1, ["…/actors/depot.py:14: Depot.add looks like a verb and is not marked; write @verb above it"]),
    ],
)
def test_actors_of_ones_own_are_looked_at(tmp_path: Path, code: str, exit_code: int, said: list[str]) -> None:
    """What cannot work keeps the gateway from starting; what is odd is named, with its file and line."""
    found, lines = check(tmp_path, "", depot=code)
    assert found == exit_code, lines
    assert len(lines) == len(said) + bool(said), lines
    for line, begin in zip(lines[1:], said, strict=True):
        assert begin in line


def test_a_host_bound_actor_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """By the section it is made for, and the line that raised. The gateway starts without it."""
    code, lines = check(tmp_path, "[siren.7]\n[siren.yard]\n", siren=SIREN)
    assert code == 1
    assert lines[1:] == [
        "…/actors/siren.py:5: cannot make Siren for [siren.yard]: "
        "ValueError: invalid literal for int() with base 10: 'yard'; mend its __init__"
    ]


def test_what_is_worth_knowing_is_said_and_is_no_problem(tmp_path: Path) -> None:
    """At its key, and the file is fine; settings that raise while they look say nothing."""
    code = """
from gateway.actors import HostBound, Settings


class LampSettings(Settings):
    left: str = "on"

    def notes(self) -> dict[str, str]:
        return {"left": f"it will be {self.left}"} if self.left != "bad" else {"left": self.gone}


class Lamp(HostBound):
    \"\"\"The actor `lamp/<key>`.\"\"\"

    kind = "lamp"
    settings_model = LampSettings

    def __init__(self, key: str, settings: LampSettings) -> None:
        self.settings = settings
"""
    assert check(tmp_path, '[lamp.a]\nleft = "on"\n[lamp.b]\nleft = "bad"\n[gateway]\nactors = "actors"\n', lamp=code) == (
        0,
        ["to know:", "2:8 lamp.a.left: it will be on"],
    )


def test_a_store_that_cannot_be_written_is_said_to_keep_it_from_starting(tmp_path: Path) -> None:
    """A folder of a control socket does not: the gateway runs without one."""
    code, lines = check(tmp_path, f'[store]\npath = "{tmp_path}/g.toml/gateway.db"\n')
    assert (code, lines) == (78, ["cannot start: 1 problem in g.toml", "2:8 store.path: …/g.toml is no folder; name another path"])
    code, lines = check(tmp_path, '[gateway]\ncontrol_socket = "g.toml/gateway.sock"\n')
    assert (code, lines[0]) == (1, "can start, but with 1 problem in g.toml")


@only_root
def test_where_this_user_may_not_enter_the_rest_is_told() -> None:
    """As with what is installed, whose store only the service may enter."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        (folder / "state").mkdir(mode=0o700)
        config = folder / "gateway.toml"
        text = f'[gateway]\ncontrol_socket = "{folder}/state/run/gateway.sock"\n[store]\npath = "{folder}/state/gateway.db"\n'
        config.write_text(f'{text}[mqtt.a]\nusername = "u"\npassword_file = "{folder}/none"\n')
        assert len(read(config, outside=True).outside) == 1
        there = f"there is no file {folder}/none; make it, or mend the path"
        closed = f"this user cannot write to {folder}/state; let the gateway's user write there, or name another path"
        assert said_to_nobody(lambda: [one.text for one in read(config, outside=True).outside]) == str([closed, closed, there])
        store = folder / "state" / "db" / "gateway.db"
        assert list(look_at_disk(Path("/"), store, None))
        found = said_to_nobody(lambda: [one.text for one in look_at_disk(Path("/"), store, None)])
        assert f"are free where the store is ({folder}/state)" in found


def test_whether_the_service_may_write_goes_by_the_mode_of_what_is_there(tmp_path: Path) -> None:
    """Root may write everywhere, and it is root who checks what is installed."""
    service = ServiceUser(uid=4711, groups=[4711, 20])
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    why = f"the service runs as gateway, who may not write to {folder}; sudo chown gateway {folder}, or name another path"
    assert service.why_unwritable(folder, folder.stat()) == why
    folder.chmod(0o757)
    assert service.why_unwritable(folder, folder.stat()) == ""
    folder.chmod(0o752)
    assert service.why_unwritable(folder, folder.stat()) == why, "nobody may enter"
    file = folder / "gateway.db"
    file.touch(mode=0o644)
    assert service.why_unwritable(file, file.stat()).startswith(f"the service runs as gateway, who may not write to {file}; ")


def test_a_socket_has_a_short_path(tmp_path: Path) -> None:
    """The kernel takes 107 bytes, and the socket is made under a longer name first. Without one the gateway runs, and nobody finds it."""
    fits = "/tmp/" + "s" * 94
    assert check(tmp_path, f'[gateway]\ncontrol_socket = "{fits}"\n')[0] == 0
    code, lines = check(tmp_path, f'[gateway]\nname = "a"\ncontrol_socket = "{fits}x"\n')
    why = "a path of 100 bytes is too long for a socket, and the command line will not find the gateway"
    assert lines[1:] == [f"3:18 gateway.control_socket: {why}; write one of at most 99, as /run/gateway/gateway.sock"]
    assert (code, lines[0]) == (1, "can start, but with 1 problem in g.toml")


@pytest.mark.parametrize(("mode", "may"), [(0o644, "read"), (0o666, "write"), (0o640, ""), (0o600, "")])
def test_a_secret_that_anybody_may_read_is_noted(tmp_path: Path, mode: int, may: str) -> None:
    """It is worth knowing; in a folder that nobody else may enter its mode is nobody's business."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:  # below the folder of a test nobody else comes
        folder, text = Path(name), ""
        for key, section in (("password", "[mqtt.main]\nhost = 'localhost'\nusername = 'u'\n"), ("token", "[web]\n")):
            (folder / key).write_text("secret\n")
            (folder / key).chmod(mode)
            if os.geteuid() == 0:
                os.chown(folder / key, 0, 1)  # of root alone it would be given to the group of the service, where there is one
            text += f"{section}{key}_file = '{folder / key}'\n"
        folder.chmod(0o700)
        assert check(folder, text)[1] == []
        folder.chmod(0o755)
        code, lines = check(folder, text)
    assert code == 0
    assert lines == (
        [
            "to know:",
            f"4:17 mqtt.main.password_file: any user of this host may {may} …/password; take that away (sudo chmod o= …/password)",
            f"6:14 web.token_file: any user of this host may {may} …/token; take that away (sudo chmod o= …/token)",
        ]
        if may
        else []
    )


def test_whether_the_service_may_read_goes_by_the_folders_above_too() -> None:
    """A file that all may read is closed to who may not enter the folder that it is in; one of code is looked at, as is its folder."""
    service = ServiceUser(uid=4711, groups=[4711])
    with tempfile.TemporaryDirectory(dir="/tmp") as made:
        folder = Path(made)
        folder.chmod(0o755)
        file = folder / "lamp.py"
        file.touch(mode=0o644)
        assert service.why_not(file, file.stat()) == service.why_unlisted(folder) == ""
        file.chmod(0o600)
        closed = f"the service runs as gateway, who may not read {file}; sudo chgrp gateway {file} && sudo chmod g+r {file}"
        assert service.why_not(file, file.stat()) == service.why_unlisted(folder) == closed
        for name in ("test_lamp.py", "conftest.py", "__init__.py", ".lamp.py"):  # which are not imported
            file = file.rename(folder / name)
            assert service.why_unlisted(folder) == ""
        file = file.rename(folder / "lamp.py")
        file.chmod(0o644)
        folder.chmod(0o700)
        assert service.why_not(file, file.stat()).startswith(f"the service runs as gateway, who may not enter {folder}, where {file} is; ")
        assert service.why_unlisted(folder) == f"the service runs as gateway, who may not read {folder}; sudo chmod a+rx {folder}"


@pytest.mark.parametrize(
    ("unit", "hidden"),
    [
        ("ProtectHome=yes\nBindReadOnlyPaths=/home/ann/certs:/home/ann/certs:rbind\n", True),
        ("ProtectHome=tmpfs\n", True),
        ("ProtectHome=tmpfs\nBindReadOnlyPaths=/srv:/srv:rbind -/home/ann/certs:/home/ann/certs:rbind\n", False),
        ("ProtectHome=tmpfs\nBindPaths=/srv/certs:/home/ann/certs\n", False),
        ("ProtectHome=tmpfs\nBindPaths=/home/ann/certs:/srv/certs\n", True),
        ("ProtectHome=read-only\n", False),
    ],
)
def test_a_file_that_the_unit_brings_into_an_empty_home_is_not_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, unit: str, hidden: bool
) -> None:
    """As systemd.exec(5) has it for what a service needs of a home; where homes are closed altogether nothing can be brought there."""
    (tmp_path / "systemctl").write_text(f"#!/bin/sh\ncat << END\n{unit}END\n")
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    sealed._unit.cache_clear()
    try:
        assert bool(sealed.why_hidden(Path("/home/ann/certs/ca.pem"))) is hidden
    finally:
        sealed._unit.cache_clear()
