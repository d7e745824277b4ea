"""The C library of ik_llama.cpp: what the package declares, and the functions that it leaves out. Import it after fit.py has agreed."""

import ctypes
from pathlib import Path

import ik_llama_cpp._ctypes_api as api
import numpy

lib = api._lib
ERROR_LEVEL = 4

_context, _model, _int = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32
_log_callback = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


def declare(name: str, result: type | None, *arguments: type) -> None:
    function = getattr(lib, name)
    function.restype = result
    function.argtypes = arguments


declare("llama_kv_cache_seq_rm", ctypes.c_bool, _context, _int, _int, _int)
declare("llama_vocab_tokenize", _int, ctypes.c_void_p, ctypes.c_char_p, _int, ctypes.POINTER(_int), _int, ctypes.c_bool, ctypes.c_bool)
declare("llama_n_ctx_train", _int, _model)
declare("llama_n_layer", _int, _model)
declare("llama_model_has_recurrent", ctypes.c_bool, _model)
declare("llama_model_meta_val_str", _int, _model, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_size_t)
declare("llama_log_set", None, _log_callback, ctypes.c_void_p)

errors: list[str] = []
"""What the library has complained about, newest last."""


@_log_callback
def keep_errors(level: int, text: bytes, _data: object) -> None:
    if level == ERROR_LEVEL:
        errors.append(text.decode(errors="replace").strip())


lib.llama_log_set(keep_errors, None)


def files() -> list[Path]:
    """Of the library: they decide about bits."""
    return sorted((Path(api.__file__).parent / "lib").iterdir())


def metadata(model: int, key: str) -> str | None:
    """A value in the header of the file that is no array."""
    text = ctypes.create_string_buffer(256)
    return text.value.decode() if lib.llama_model_meta_val_str(model, key.encode(), text, len(text)) >= 0 else None


def encode(model: int, text: str) -> list[int]:
    """Plain text to ids, special tokens in it as text."""
    data = text.encode()
    ids = (_int * (len(data) + 16))()
    count = lib.llama_vocab_tokenize(api.llama_model_get_vocab(model), data, len(data), ids, len(ids), False, False)
    if count < 0:
        raise ValueError(f"{len(data)} bytes of text have {-count} tokens")
    return list(ids[:count])


def decode(context: int, ids: numpy.ndarray, start: int, outputs: int) -> int:
    """Appends ids from position `start` on, with logits after the last `outputs` of them. Returns the library's status; 0: done."""
    batch = api.llama_batch_init(len(ids), 0, 1)
    try:
        batch.n_tokens = len(ids)
        for index, token in enumerate(ids.tolist()):
            batch.token[index] = token
            batch.pos[index] = start + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = index >= len(ids) - outputs
        return api.llama_decode(context, batch)
    finally:
        api.llama_batch_free(batch)


def logits(context: int, index: int, vocabulary: int) -> numpy.ndarray:
    """float32[vocabulary] after the id at `index` of the last call; valid until the next one."""
    return numpy.ctypeslib.as_array(api.llama_get_logits_ith(context, index), (vocabulary,))
