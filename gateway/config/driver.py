"""Whether what speaks to a PostgreSQL database is installed: it is not where nobody asked for it."""

import importlib.util
import sys


def why_no_driver() -> str:
    """Why a store in a PostgreSQL database cannot be opened by this Python, and what to do; empty where it can."""
    if importlib.util.find_spec("psycopg") is not None:
        return ""
    return f"psycopg is not installed; {sys.prefix}/bin/pip install 'psycopg[binary]', or leave out 'url'"
