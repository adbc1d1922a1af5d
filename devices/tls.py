"""TLS towards a server: the one place where the context of a client is made, for brokers and webhooks alike.

Source: Python's ssl, `create_default_context`; mosquitto-tls(7), "Generating certificates".
"""

import ssl

from devices.credentials import unusable


def client_context(ca_file: str, key: str) -> ssl.SSLContext:
    """Make the context of a client, which checks a server's chain, its name and its dates; any thread.

    `ca_file` holds the certificates to trust; empty: the system's. Raises BadSetting, which names `key`, where it cannot be used.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise unusable(ca_file, key, error, what="a CA") from None
    # From Python 3.13 on the default also asks that a CA has every extension of RFC 5280. One that was made as mosquitto's manual
    # says has no key usage: it would be refused after an upgrade of Python, though nothing about it has changed.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context
