"""The multimodal judge: a small language model that sees micrographs, its data and training."""
