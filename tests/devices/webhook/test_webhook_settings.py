"""What a section of a webhook may say."""

from typing import Any

import pytest
from pydantic import ValidationError

from devices.webhook.settings import WebhookSettings

BRACES = "braces hold nothing but {token} in a URL; did you mean {token}? write others as %7B and %7D"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, 'url is missing; write url = "https://…", or simulate = true'),
        ({"url": "ftp://a/b"}, "it begins with neither https:// nor http://; write one of them"),
        ({"url": "https://"}, "no host is in it; write https://host/path (an international name in its xn-- form)"),
        ({"url": "https://a b/"}, "no host is in it; write https://host/path (an international name in its xn-- form)"),
        ({"url": "https://me:pw@a/"}, "a user or a password does not belong in this file; use token_file"),
        ({"url": "https://a/b#c"}, "a part behind # is never sent; leave it out"),
        ({"url": "https://a/b c"}, "its path has a character that no URL has; write it as %XX"),
        ({"url": "https://a:99999/"}, "no URL: Port out of range 0-65535; write https://host/path"),
        ({"url": "https://a/{token}"}, "{token} stands for the content of a file; add token_file"),
        *(
            ({"url": f"https://a/hunter2/{odd}"}, BRACES)
            for odd in ("{tokn}", "{Token}", "{to-ken}", "{text}", "{token", "token}", "{{token}}", "?key={}")
        ),
        ({"url": "http://a/", "ca_file": "/x.pem"}, "'ca_file' needs TLS; write https:// in 'url'"),
        ({"url": "https://a/", "retry_min_s": 9, "retry_max_s": 1}, "'retry_max_s' is below 'retry_min_s'; swap them"),
        ({"url": "https://a/", "headers": {"Host": "b"}}, "Host is set by the gateway itself; leave it out"),
        ({"url": "https://a/", "headers": {"X y": "b"}}, "'X y' is no name of a header; use letters, digits and -"),
        (
            {"url": "https://a/", "headers": {"X": "b\r\nY: z"}},
            "the value of X has a character that no header takes; write ASCII on one line",
        ),
        (
            {"url": "https://a/", "headers": {"X-Api-Key": "hunter2"}},
            'a secret does not belong in this file; write X-Api-Key = "{token}", and token_file',
        ),
    ],
)
def test_what_is_refused_says_why(fields: dict[str, Any], said: str) -> None:
    """Each in words of its own, none with a secret."""
    with pytest.raises(ValidationError) as raised:
        WebhookSettings.model_validate(fields)
    (error,) = raised.value.errors()
    assert error["msg"] == f"Value error, {said}"
    assert "hunter2" not in error["msg"]


@pytest.mark.parametrize(
    ("url", "in_clear"),
    [
        ("https://hooks.example.com/a?b=c", False),
        ("http://localhost:8080", False),
        ("http://127.0.0.1", False),
        ("http://[::1]:80/x", False),
        ("http://[fe80::1]/x", True),
        ("http://printer.local/x", True),
    ],
)
def test_what_others_can_read_is_known(url: str, in_clear: bool) -> None:
    """Plain HTTP to another host."""
    assert WebhookSettings(url=url).in_clear is in_clear
