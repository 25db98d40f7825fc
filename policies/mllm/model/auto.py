"""Makes transformers' Auto classes know the model. Call `register` once before using them."""

from __future__ import annotations


def register() -> None:
    """AutoConfig, AutoModelForImageTextToText, AutoImageProcessor and AutoProcessor."""
    from transformers import (
        AutoConfig,
        AutoImageProcessor,
        AutoModelForImageTextToText,
        AutoProcessor,
    )

    from policies.mllm.model.config import ScoutConfig
    from policies.mllm.model.processor import ScoutImageProcessor, ScoutProcessor
    from policies.mllm.model.scout import ScoutForConditionalGeneration

    AutoConfig.register(ScoutConfig.model_type, ScoutConfig, exist_ok=True)
    AutoModelForImageTextToText.register(ScoutConfig, ScoutForConditionalGeneration, exist_ok=True)
    AutoImageProcessor.register(
        ScoutConfig, slow_image_processor_class=ScoutImageProcessor, exist_ok=True
    )
    AutoProcessor.register(ScoutConfig, ScoutProcessor, exist_ok=True)
