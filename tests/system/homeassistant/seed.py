"""Seeds a configuration of Home Assistant: an MQTT entry for a broker of this host, one owner, and a token for its REST API."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from pathlib import Path
from typing import Any

_NOW = "2026-11-01T00:00:00+00:00"
_YAML = """homeassistant:
  name: judge
  latitude: 52.5
  longitude: 13.4
  elevation: 30
  unit_system: metric
  time_zone: Europe/Berlin
http:
  server_host: 127.0.0.1
  server_port: {http}
api:
logger:
  default: warning
"""


def seed(folder: Path, *, broker: int, http: int) -> str:
    """Write the configuration into a folder, and return the token. `broker` and `http` are ports of 127.0.0.1."""
    store = folder / ".storage"
    store.mkdir(parents=True)
    (folder / "configuration.yaml").write_text(_YAML.format(http=http))
    _write(store / "core.config_entries", {"entries": [_entry(broker)]}, minor=5)
    key = secrets.token_hex(64)
    _write(store / "auth", _auth(key), minor=1)
    return _token(key)


def _write(path: Path, content: dict[str, Any], *, minor: int) -> None:
    path.write_text(json.dumps({"version": 1, "minor_version": minor, "key": path.name, "data": content}))


def _entry(port: int) -> dict[str, Any]:
    return {
        **{"created_at": _NOW, "modified_at": _NOW, "disabled_by": None, "discovery_keys": {}, "domain": "mqtt", "options": {}},
        **{"data": {"broker": "127.0.0.1", "port": port, "protocol": "5"}, "entry_id": "01JUDGE0000000000000000001"},
        **{"version": 2, "minor_version": 1, "pref_disable_new_entities": False, "pref_disable_polling": False, "source": "user"},
        **{"subentries": [], "title": "judge", "unique_id": None},
    }


def _auth(key: str) -> dict[str, Any]:
    groups = ("system-admin", "system-users", "system-read-only")
    user = {
        **{"id": "u1", "group_ids": ["system-admin"], "is_owner": True, "is_active": True, "name": "judge"},
        **{"system_generated": False, "local_only": False},
    }
    refresh = {
        **{"id": "r1", "user_id": "u1", "client_id": None, "client_name": "judge", "client_icon": None, "created_at": _NOW},
        **{"token_type": "long_lived_access_token", "access_token_expiration": 315360000.0, "token": secrets.token_hex(64)},
        **{"jwt_key": key, "last_used_at": None, "last_used_ip": None, "expire_at": None, "credential_id": None, "version": "2026.11.0"},
    }
    return {"users": [user], "groups": [{"id": one, "name": one} for one in groups], "credentials": [], "refresh_tokens": [refresh]}


def _token(key: str) -> str:
    now_s = int(time.time())
    claims = {"iss": "r1", "iat": now_s - 60, "exp": now_s + 10**8}
    signed = b".".join(map(_encoded, (b'{"alg":"HS256","typ":"JWT"}', json.dumps(claims).encode())))
    return b".".join((signed, _encoded(hmac.new(key.encode(), signed, hashlib.sha256).digest()))).decode()


def _encoded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
