"""Make the pictures of the README from a run's report. Needs Chromium; for maintainers.

microscout rehearse mitosis_watch --out /tmp/demo && python docs/pictures.py /tmp/demo
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

IMAGES = Path(__file__).parent / "images"
WIDTH, HEIGHT, MARGIN = 1100, 4000, 12
ONLY = "header, main > section {{display: none}} main > {0} {{display: block !important}} "
PICTURES = {  # what is hidden of the page to leave the part that is shown
    "report": "main > section {display: none} main > #decisions {display: block !important}"
    " .timeline > li:nth-child(n+4) {display: none}",
    "film_strips": ONLY.format("#bursts") + ".strip:nth-of-type(n+4) {display: none}",
    "timeline": ONLY.format("#plots") + "#plots figure:nth-of-type(n+2), .pair, .scroll"
    " {display: none}",
}
COLOURS = 256
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "chrome")


def main(run: Path) -> None:
    """Write docs/images/*.png."""
    browser = next((found for name in CHROMIUM if (found := shutil.which(name))), None)
    if browser is None:
        sys.exit("no Chromium found: apt-get install chromium")
    page = (run / "report.html").read_text(encoding="utf-8")
    IMAGES.mkdir(exist_ok=True)
    for name, hidden in PICTURES.items():
        with tempfile.TemporaryDirectory() as folder:
            part, shot = Path(folder) / "part.html", Path(folder) / "shot.png"
            style = f"<style>footer {{display: none}} {hidden}</style></head>"
            part.write_text(page.replace("</head>", style, 1), encoding="utf-8")
            subprocess.run(
                [
                    browser,
                    "--headless",
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-background-networking",
                    "--hide-scrollbars",
                    "--blink-settings=preferredColorScheme=1",
                    f"--window-size={WIDTH},{HEIGHT}",
                    f"--screenshot={shot}",
                    part.as_uri(),
                ],
                check=True,
                capture_output=True,
            )
            save(Image.open(shot).convert("RGB"), IMAGES / f"{name}.png")


def save(picture: Image.Image, path: Path) -> None:
    """Cut off the empty rest of the page; few colours, so that the file stays small."""
    pixels = np.asarray(picture).astype(int)
    rows = np.flatnonzero(np.ptp(pixels, axis=(1, 2)) > 12)  # a row of background has one colour
    top, bottom = max(int(rows[0]) - MARGIN, 0), int(rows[-1]) + MARGIN
    cut = picture.crop((0, top, picture.width, bottom))
    cut.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
        path, optimize=True
    )
    print(f"{path}: {path.stat().st_size // 1000} kB, {cut.width} x {cut.height}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
