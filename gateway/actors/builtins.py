"""The runtime's own verbs: rows that every ordinary actor has beside its table. Nobody outside can send them."""

from gateway.actors import copies, supervision
from gateway.actors.verbs import Verb

BUILTINS: dict[str, Verb] = {**copies.ROWS, **supervision.ROWS}
