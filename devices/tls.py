"""TLS towards a server: the one place where the context of a client is made, for brokers and webhooks alike.

Source: Python's ssl, `create_default_context`; mosquitto-tls(7), "Generating certificates".
"""

import os
import ssl

from devices.credentials import unusable


def file_faults(ca_file: str, cert_file: str = "", key_file: str = "") -> dict[str, str]:
    """What is wrong with the files of a client, by the keys that name them: `ca_file`, `cert_file`. One that this user may not read is not
    looked into."""
    found = {}
    if os.access(ca_file, os.R_OK):
        try:
            client_context(ca_file, "ca_file")
        except OSError:
            found["ca_file"] = f"{ca_file} holds no certificate; write one in PEM form, which begins with -----BEGIN CERTIFICATE-----"
    if os.access(cert_file, os.R_OK) and os.access(key_file, os.R_OK):
        try:
            client_context("", "ca_file").load_cert_chain(cert_file, key_file, lambda: "")
        except OSError as error:
            fact = getattr(error, "reason", None) or str(error)
            found["cert_file"] = f"cannot use {cert_file} with {key_file}: {fact}; both are in PEM form, and the key is the certificate's"
    return found


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
