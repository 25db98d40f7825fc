"""Who looks at the frames, as a plan says it: one model per kind of judge, told apart by `kind`."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, FiniteFloat, field_validator

Positive = Annotated[FiniteFloat, Field(gt=0)]
Text = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$")]


def _tagged(schema: dict[str, Any], model: type[BaseModel]) -> None:
    """In the JSON Schema only the default kind may be left out; else several would fit at once."""
    if model.model_fields["kind"].default != DEFAULT_KIND:
        schema["required"] = ["kind", *schema.get("required", [])]


class JudgeBase(BaseModel):
    """What every judge has. Frozen, and an unknown key is an error."""

    # the text under each key goes into the JSON Schema (editors show it) and into docs/plans.md
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra=_tagged,
    )

    kind: str
    """Which judge."""

    channel: str | None = None
    """The channel it looks at, one of the baseline's. Left out: the baseline's first."""

    latency_s: Annotated[FiniteFloat, Field(ge=0)] = 0.2
    """How long a verdict takes on the simulated clock; a real run measures it."""

    deadline_s: Positive = 30.0
    """A verdict that is ready later than this after its visit is recorded as late, not used."""

    fallback: Literal["classical"] | None = None
    """The judge that is asked when this one abstains, fails, or would be late. Left out: nobody;
    an abstention stays one."""


class ClassicalJudgeConfig(JudgeBase):
    """Image analysis."""

    kind: Literal["classical"] = "classical"
    """Image analysis: focus, nuclei, and a score for `mitosis`."""


class NoJudgeConfig(JudgeBase):
    """Nobody looks."""

    kind: Literal["none"] = "none"
    """Looks at nothing, and nothing is ever decided."""


class LocalJudgeConfig(JudgeBase):
    """A model on this machine, and where it runs."""

    process: Literal["own", "same"] | None = None
    """`own`: the model runs in a process of its own, whose crash, hang or hunger for memory costs
    verdicts but never the run. `same`: in the run's. Left out: `own` in real runs, `same` on the
    simulated clock."""

    max_memory_gb: Positive | None = None
    """A process of its own that uses more memory is ended and started again. Left out: three
    quarters of this machine's."""


class MllmJudgeConfig(LocalJudgeConfig):
    """MicroScout's own model."""

    kind: Literal["mllm"] = "mllm"
    """MicroScout's own small model, on this machine."""

    weights: Text | None = None
    """Folder of the model. Left out: the one that ships."""

    adapter: Text | None = None
    """Folder of an adapter that was taught a target of yours. Left out: none."""

    explain: bool = False
    """Whether each verdict comes with a sentence in words, which takes longer."""


class HfJudgeConfig(LocalJudgeConfig):
    """A general vision-language model of the Hugging Face kind, on this machine."""

    kind: Literal["hf"] = "hf"
    """A general vision-language model of the Hugging Face kind, on this machine."""

    model: Text
    """A folder with the model, which is never looked for elsewhere, or a name on the Hugging Face
    hub (`owner/name`), which is downloaded unless this machine has it."""

    adapter: Text | None = None
    """Folder of a PEFT adapter. Left out: none."""


class ChatJudgeConfig(JudgeBase):
    """A general vision-language model behind a chat API. Frames leave this machine."""

    kind: Literal["chat"] = "chat"
    """A general vision-language model behind a chat API: frames leave this machine."""

    model: Annotated[str, Field(min_length=3)]
    """`provider:model` as LangChain names them (`openai:gpt-5-mini`). Its API key is read from the
    environment, never from a file."""

    base_url: str | None = None
    """Address of a server that speaks the provider's API, yours for instance. Left out: the
    provider's own."""

    timeout_s: Positive = 20.0
    """A call is given up after this."""

    max_retries: Annotated[int, Field(ge=0, le=5)] = 1
    """So often a call is repeated when the server does not answer or is busy."""

    max_calls: Annotated[int, Field(ge=1)] = 1000
    """Most calls from the start (or a resume) of a run to its end, repeated ones included. After
    that it abstains."""

    @field_validator("model")
    @classmethod
    def _provider(cls, value: str) -> str:
        provider, _, name = value.partition(":")
        if not name or not name.isprintable() or not provider.replace("_", "").isalnum():
            raise ValueError(f"{value!r} is not provider:model, such as openai:gpt-5-mini")
        return value

    @field_validator("base_url")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good:
            raise ValueError("base_url must be an address such as http://localhost:8000/v1")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise ValueError(
                "base_url must hold no password or key: keys come from the environment"
            )
        return value


DEFAULT_JUDGE = ClassicalJudgeConfig()  # where a plan names no judge
DEFAULT_KIND = DEFAULT_JUDGE.kind


def _with_kind(value: Any) -> Any:
    """`judge: {channel: DAPI}` means the default kind, unless another one's keys are in it."""
    fits = isinstance(value, dict) and set(value) <= set(type(DEFAULT_JUDGE).model_fields)
    return {"kind": DEFAULT_KIND, **value} if fits else value


JudgeConfig: TypeAlias = Annotated[
    ClassicalJudgeConfig | NoJudgeConfig | MllmJudgeConfig | HfJudgeConfig | ChatJudgeConfig,
    Field(discriminator="kind"),
    BeforeValidator(_with_kind),
]
