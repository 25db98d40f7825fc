"""Special tokens: slots that ask for one field each, and the labels that may answer them."""

from __future__ import annotations

from policies.mllm.concepts import FLAGS, FOCUS_STATES, MODALITIES

PAD, BEGIN, END, ASK, POINT, IMAGE, SAY = (
    "<pad>",
    "<s>",
    "</s>",
    "<ask>",
    "<point>",
    "<image>",
    "<say>",
)
YES, NO = "<yes>", "<no>"


def _label(word: str) -> str:
    return f"<{word.replace(' ', '_')}>"


# Field -> its labels, in the order of the closed lists in `policies.mllm.concepts`.
FIELDS: dict[str, tuple[str, ...]] = {
    "focus": tuple(_label(state.value) for state in FOCUS_STATES),
    **{flag.value: (NO, YES) for flag in FLAGS},
    "modality": tuple(_label(name) for name in MODALITIES),
    "target": (NO, YES),
}
SLOTS = {field: f"<{field}?>" for field in FIELDS}
CONTROL = (PAD, BEGIN, END, ASK, POINT, IMAGE, SAY)
SPECIAL = (
    *CONTROL,
    *dict.fromkeys(label for labels in FIELDS.values() for label in labels),
    *SLOTS.values(),
)
