"""Quantities in English words."""

from __future__ import annotations

import pytest
from reading_kit import cases, read

CASES = """
every 4 min -> every 240 s
every 5 minutes for 12 hours -> every 300 s; 43200 s
each minute, 30 s -> every 60 s; 30 s
DAPI and FITC each 50 ms -> 0.05 s
for 2h30 -> 9000 s
1h30 -> 5400 s
1h30min -> 5400 s
1 h 30 -> 5400 s
1 h 30 min -> 5400 s
1:30 h -> 5400 s
2:30 min -> 150 s
01:30:00 -> @11-26 01:30
90min -> 5400 s
2d 4h -> 187200 s
2d4h -> 187200 s
2 hours and 15 minutes -> 8100 s
2 hours, 15 minutes -> 7200 s; 900 s
three and a half minutes -> 210 s
an hour and a half -> 5400 s
one and a half hours -> 5400 s
two hours and a half -> 9000 s
an hour and a quarter -> 4500 s
2½ h -> 9000 s
2 1/2 h -> 9000 s
1/2 h -> 1800 s
1/2 an hour -> 1800 s
½ h -> 1800 s
half an hour -> 1800 s
half a minute -> 30 s
a half hour -> 1800 s
a quarter of an hour -> 900 s
three quarters of an hour -> 2700 s
three-quarters of an hour -> 2700 s
a third of an hour -> 1200 s
20s -> 20 s
4min -> 240 s
0.5s -> 0.5 s
.5 s -> 0.5 s
250ms -> 0.25 s
250 msec -> 0.25 s
300 µs -> 0.0003 s
300 μs -> 0.0003 s
300us -> 0.0003 s
12 hrs -> 43200 s
12hr -> 43200 s
2 days -> 172800 s
a week -> 604800 s
two weeks -> 1.2096e+06 s
overnight ->
a couple of hours ->
a few minutes ->
every few minutes ->
every couple of minutes ->
several hours ->
a few hundred cells ->
5' -> 300 s
30'' -> 30 s
20 secnds -> 20 s
4 minuts -> 240 s
3 hous -> 10800 s
5 mintues -> 300 s
40 miliseconds -> 0.04 s
5 sections -> 5 n
5 horses -> 5 n
5 weeds -> 5 n
1 fps -> 1 per
2 fps -> 0.5 per
2 frames per second -> 0.5 per
4 frames/s -> 0.25 per
2 Hz -> 0.5 per
0.1 Hz -> 10 per
1 kHz -> 0.001 per
12 images an hour -> 300 per
12 images per hour -> 300 per
10 per hour -> 360 per
10/h -> 360 per
3 times per hour -> 1200 per
three times an hour -> 1200 per
twice a minute -> 30 per
once a minute -> 60 per
once per hour -> 3600 per
twice every 5 min -> 150 per
one image per minute -> 60 per
an image per minute -> 60 per
one frame per 30 s -> 30 per
one frame every 30 s -> 1 n; every 30 s
once every 5 minutes -> every 300 s
2-3 images per minute -> 30..20 per
take 12 images an hour apart -> 12 n; every 3600 s
30 images a minute after division -> 30 n; 60 s
quarter-hourly -> every 900 s
half-hourly -> every 1800 s
hourly -> every 3600 s
two-hourly -> every 7200 s
daily -> every 86400 s
every minute -> every 60 s
every hour -> every 3600 s
every half hour -> every 1800 s
every half-hour -> every 1800 s
every half an hour -> every 1800 s
every quarter of an hour -> every 900 s
every hour and a half -> every 5400 s
every other minute -> every 120 s
every second hour -> every 7200 s
every second minute -> every 120 s
every second -> every 1 s
every second for 10 min -> every 1 s; 600 s
every 2nd hour -> every 7200 s
every third minute -> every 180 s
every 10th round -> every 10 th
every third time point -> every 3 th
every other image -> every 2 th
every second round -> every 2 th
every 5 rounds -> every 5 n
every 20 -> every 20 n
no wait, every 20 -> every 20 n
a second channel ->
for a second -> 1 s
at 5 min intervals -> every 300 s
5-minute intervals -> every 300 s
5-min interval -> every 300 s
at an interval of 5 min -> every 300 s
with 30 s intervals -> every 30 s
interval: 20s -> every 20 s
interval = 20 s -> every 20 s
intervals of 20 seconds -> every 20 s
images 5 min apart -> every 300 s
20 s between frames -> every 20 s
dt = 5 s -> every 5 s
every 5m for 2h -> every 300 s; 7200 s
for 5 m -> ?300 s
about 5 min -> ~300 s
approx. 5 min -> ~300 s
approximately 5 min -> ~300 s
ca. 5 min -> ~300 s
~5 min -> ~300 s
5 min or so -> ~300 s
every ~5 min -> every ~300 s
every 5 min or so -> every ~300 s
roughly half an hour -> ~1800 s
2-3 min -> 120..180 s
2 – 3 min -> 120..180 s
10 to 20 s -> 10..20 s
two to three hours -> 7200..10800 s
between 10 and 20 seconds -> 10..20 s
20 s - 30 s -> 20..30 s
every 2 to 3 min -> every 120..180 s
10 to 20 cells -> 10..20 n
from 5 min to 30 s -> 300 s; 30 s
-5 min -> -300 s
minus 5 minutes -> -300 s
every -5 min -> every -300 s
every minus 5 min -> every -300 s
0 s -> 0 s
nan hours -> nan s
infinite hours -> inf s
1e9 min -> 6e+10 s
10 um -> 10 um
10µm -> 10 um
10 μm -> 10 um
0.5um -> 0.5 um
10 microns -> 10 um
10 micrometers -> 10 um
10 micrometres -> 10 um
500 nm -> 0.5 um
0.2 mm -> 200 um
1 cm -> 10000 um
±5 µm -> 5 um
+/- 5 um -> 5 um
plus or minus 5 um -> 5 um
plus/minus 5 um -> 5 um
z -5 um -> -5 um
-5 um to 5 um -> -5 um; 5 um
21 planes 0.5 um apart -> 21 n; 0.5 um
21 x 0.5 um -> 21 n; 0.5 um
5 uM drug -> 5 other
5 µM drug -> 5 other
10 nM -> 10 other
10 mW -> 10 other
37 °C -> 37 other
37 degrees C -> 37 other
10 um/s -> 10 other
100 ml -> 100 other
90° -> 90 deg
90 degrees -> 90 deg
80 % -> 0.8 share
80% -> 0.8 share
80 percent -> 0.8 share
80 per cent -> 0.8 share
99.5 % -> 0.995 share
70-80 % -> 0.7..0.8 share
40x -> 40 x
40X -> 40 x
40× -> 40 x
x40 -> 40 x
40 x objective -> 40 x
40x objective -> 40 x
the 40 objective -> 40 x
objective 40 -> 40 x
20-fold -> 20 x
40X/0.95 NA -> 40 x; 0.95 NA
NA 1.4 -> 1.4 NA
40x 100 ms -> 40 x; 0.1 s
3x per hour -> 1200 per
3 x 3 -> 3..3 pair
3x4 -> 3..4 pair
3×4 -> 3..4 pair
3 by 4 tiles -> 3..4 pair
three by four -> 3..4 pair
binning 2x2 -> 2..2 pair
2 by 5 min -> 2 n; 300 s
5 J/cm2 -> 5 J
5 J/cm² -> 5 J
5 J/cm^2 -> 5 J
20 mJ/cm2 -> 0.02 J
20 mJ per cm2 -> 0.02 J
5 J cm-2 -> 5 J
2 joules per square centimetre -> 2 J
50 GB -> 5e+10 B
50gb -> 5e+10 B
2 gigs -> 2e+09 B
1.5 TB -> 1.5e+12 B
500 megabytes -> 5e+08 B
2 GiB -> 2.14748e+09 B
5 times -> 5 n
twenty-five rounds -> 25 n
one hundred and twenty frames -> 120 n
a hundred images -> 100 n
nine hundred ninety-nine -> 999 n
two thousand frames -> 2000 n
half a dozen rounds -> 6 n
a dozen images -> 12 n
one burst -> 1 n
the one that divides ->
once a cell divides ->
5th -> 5 th
1,500 ms -> ?1.5|0.0015 s
1.500 um -> ?1.5|1500 um
12,000 images -> 12000 n
10 000 images -> 10000 n
1,000,000 -> 1e+06 n
1,234.5 um -> 1234.5 um
1.234,5 um -> 1234.5 um
0,250 s -> 0.25 s
1,5 um -> 1.5 um
the 1,4,7 ->
Alexa 488 ->
Alexa Fluor 647, Cy5, H2B, z2, MCF-7, HEK293, p53 ->
positions 1, 4 and 7 ->
pos 1,4,7 every 5 min -> every 300 s
position 3 ->
P1 and P4 ->
P1, P2 and 4, 5 min interval -> every 300 s
A1, B03 and C5 ->
96-well plate ->
six positions -> 6 n
every 5 min at P1-P4 for 10 rounds -> every 300 s; 10 n
a 3d stack ->
image in 3d every 5 min -> every 300 s
3D stack ->
for 3d -> 259200 s
'every 5 min' -> every 300 s
"20 s" -> 20 s
every 5\u200b0 s -> every 50 s
ｅｖｅｒｙ ５ min -> every 300 s
"""


@pytest.mark.parametrize(("text", "expected"), cases(CASES.replace("\\u200b", "\u200b")))
def test_english(text: str, expected: str) -> None:
    assert read(text, "en") == expected


CLOCKS = """
until 8 am -> @11-26 08:00
until 8am -> @11-26 08:00
until 8 a.m. -> @11-26 08:00
8:30 pm -> @11-25 20:30
at 8:30 -> ?@11-26 08:30
at 08:30 -> @11-26 08:30
at 22:00 -> @11-25 22:00
noon -> @11-26 12:00
until midnight -> @11-26 00:00
12 am -> @11-26 00:00
12 pm -> @11-26 12:00
8 o'clock -> ?@11-26 08:00
half past eight -> ?@11-26 08:30
quarter to nine pm -> @11-25 20:45
until 8 -> ?@11-26 08:00
until 8 tomorrow -> ?@11-26 08:00
until tomorrow 8 am -> @11-26 08:00
tomorrow at 8am -> @11-26 08:00
8 am tomorrow -> @11-26 08:00
tomorrow morning at 8 -> @11-26 08:00
at 8 tomorrow morning -> @11-26 08:00
8 in the evening -> @11-25 20:00
tonight at 10 -> @11-25 22:00
tonight at 2 am -> @11-26 02:00
Friday 6pm -> @11-27 18:00
on Friday at 18:00 -> @11-27 18:00
Wednesday 6 pm -> @12-02 18:00
Wednesday 10 pm -> @11-25 22:00
25 Nov 22:00 -> @11-25 22:00
Nov 27 at 9am -> @11-27 09:00
27th of November at 9 am -> @11-27 09:00
2026-11-26 08:00 -> @11-26 08:00
2026-11-26T08:00 -> @11-26 08:00
from 10 pm until 8 am -> @11-25 22:00; @11-26 08:00
from 8 am until 6 am -> @11-26 08:00; @11-27 06:00
until 8 divisions -> 8 n
until 80 % confluence -> 0.8 share
at 3 positions tomorrow -> 3 n
until 10 events or 8 am -> 10 n; @11-26 08:00
tomorrow ->
every 5 min until 8 am -> every 300 s; @11-26 08:00
at 25:00 -> 25 n; 0 n
30 Feb 8 am ->
the day after tomorrow at noon -> @11-27 12:00
"""


@pytest.mark.parametrize(("text", "expected"), cases(CLOCKS))
def test_english_clock_times(text: str, expected: str) -> None:
    assert read(text, "en") == expected
