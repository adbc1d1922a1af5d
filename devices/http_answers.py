"""The body of an answer over HTTP, read up to a limit that holds whatever the server says of its sizes.

An answer in pieces says the size of each. `http.client` takes less than nothing for a size, and then reads all that comes: its `read`
has no limit there, its `read1` has one.

Source: RFC 9112, section 7.1 (chunked transfer coding).
"""

from http.client import HTTPResponse


def read_at_most(response: HTTPResponse, most_bytes: int) -> bytes:
    """Read the body of an answer, and no more of it than `most_bytes`. Blocks until so much has come, or it ends.

    Raises OSError and HTTPException, as `response.read` does.
    """
    if not response.chunked:
        return response.read(most_bytes)
    pieces, left = [], most_bytes
    while left > 0 and (piece := response.read1(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)
