"""Quantities in German, French, Italian and Spanish words."""

from __future__ import annotations

import pytest
from reading_kit import cases, read

GERMAN = """
alle 4 Minuten -> every 240 s
alle 4 min für 12 Stunden -> every 240 s; 43200 s
alle fünf Minuten -> every 300 s
alle fuenf Minuten -> every 300 s
alle vierundzwanzig Stunden -> every 86400 s
jede Minute -> every 60 s
jede Stunde -> every 3600 s
jede halbe Stunde -> every 1800 s
alle halbe Stunde -> every 1800 s
jede zweite Stunde -> every 7200 s
jede dritte Runde -> every 3 th
jede 3. Runde -> every 3 th
jeden zweiten Zeitpunkt -> every 2 th
alle 5 Runden -> every 5 n
alle 30 s -> every 30 s
im 5-Minuten-Takt -> every 300 s
im Fünf-Minuten-Takt -> every 300 s
im Abstand von 5 Minuten -> every 300 s
in Abständen von 30 Sekunden -> every 30 s
5-Minuten-Intervall -> every 300 s
Intervall 20 s -> every 20 s
Intervall: 20 s -> every 20 s
stündlich -> every 3600 s
halbstündlich -> every 1800 s
viertelstündlich -> every 900 s
minütlich -> every 60 s
zweistündlich -> every 7200 s
fünfminütlich -> every 300 s
zehnminütig -> 600 s
anderthalb Stunden -> 5400 s
eineinhalb Stunden -> 5400 s
zweieinhalb Stunden -> 9000 s
eine halbe Stunde -> 1800 s
eine Viertelstunde -> 900 s
viertel Stunde -> 900 s
eine dreiviertel Stunde -> 2700 s
Dreiviertelstunde -> 2700 s
eine Stunde -> 3600 s
2 Stunden und 15 Minuten -> 8100 s
1 Std. 30 Min. -> 5400 s
12 Std -> 43200 s
2 Tage lang -> 172800 s
einen Tag -> 86400 s
eine Woche -> 604800 s
20 Sek -> 20 s
100 Millisekunden -> 0.1 s
1,5 µm -> 1.5 um
1,5 Mikrometer -> 1.5 um
0,25 s -> 0.25 s
1.000 Bilder -> ?1000|1 n
10.000,5 µm -> 10000.5 um
einmal pro Minute -> 60 per
zweimal pro Minute -> 30 per
dreimal in der Stunde -> 1200 per
12 Bilder pro Stunde -> 300 per
2 Bilder pro Sekunde -> 0.5 per
10 mal pro Stunde -> 360 per
zwölf Mal je Stunde -> 300 per
ungefähr 5 Minuten -> ~300 s
etwa 5 Minuten -> ~300 s
ca. 5 Minuten -> ~300 s
5 Minuten oder so -> ~300 s
2-3 Minuten -> 120..180 s
2 bis 3 Minuten -> 120..180 s
zwischen 10 und 20 Sekunden -> 10..20 s
zwei bis drei Stunden -> 7200..10800 s
minus 5 Minuten -> -300 s
40er Objektiv -> 40 x
mit dem 40er-Objektiv -> 40 x
Objektiv 40x -> 40 x
20fach -> 20 x
20-fach -> 20 x
40x Vergrößerung -> 40 x
3x3 Raster -> 3..3 pair
drei mal vier -> 3..4 pair
3 mal 4 Kacheln -> 3..4 pair
10 % -> 0.1 share
80 Prozent -> 0.8 share
50 GB -> 5e+10 B
5 J/cm² -> 5 J
37 Grad Celsius -> 37 other
ein paar Minuten ->
alle paar Minuten ->
einige Stunden ->
ein Dutzend Bilder -> 12 n
hundertzwanzig Bilder -> 120 n
neunhundertneunundneunzig -> 999 n
sobald eine Zelle sich teilt ->
Positionen 1,4,7 ->
96er-Platte ->
A1 bis A6 ->
20 Sekuden -> 20 s
5 Minutne -> 300 s
"""
GERMAN_CLOCKS = """
bis morgen früh um 8 -> @11-26 08:00
bis 8 Uhr -> @11-26 08:00
um 20 Uhr -> @11-25 20:00
um 8 -> @11-26 08:00
morgen um 8 Uhr 30 -> @11-26 08:30
8.30 Uhr -> @11-26 08:30
20:15 Uhr -> @11-25 20:15
halb acht -> @11-26 07:30
um viertel nach acht abends -> @11-25 20:15
heute Abend um 10 -> @11-25 22:00
Freitag 18 Uhr -> @11-27 18:00
am 25.11. um 22:00 Uhr -> @11-25 22:00
am 27. November um 9 Uhr -> @11-27 09:00
um 8 am Freitag -> @11-27 08:00
von 22 Uhr bis 8 Uhr -> @11-25 22:00; @11-26 08:00
bis Mitternacht -> @11-26 00:00
übermorgen um 9 Uhr -> @11-27 09:00
bis 8 Ereignisse -> 8 n
"""
FRENCH = """
toutes les 4 minutes -> every 240 s
toutes les 4 min pendant 12 heures -> every 240 s; 43200 s
toutes les vingt secondes -> every 20 s
toutes les vingt-cinq secondes -> every 25 s
toutes les minutes -> every 60 s
toutes les heures -> every 3600 s
toutes les demi-heures -> every 1800 s
chaque minute -> every 60 s
tous les quarts d'heure -> every 900 s
à intervalles de 5 minutes -> every 300 s
intervalle de 20 s -> every 20 s
5 minutes d'intervalle -> every 300 s
une demi-heure -> 1800 s
un quart d'heure -> 900 s
un quart d’heure -> 900 s
trois quarts d'heure -> 2700 s
une heure -> 3600 s
une heure et demie -> 5400 s
deux heures et demie -> 9000 s
une heure et quart -> 4500 s
une heure trente -> 5400 s
2 heures et 15 minutes -> 8100 s
1 h 30 -> 5400 s
pendant 8h30 -> 30600 s
2 jours -> 172800 s
3 semaines -> 1.8144e+06 s
100 millisecondes -> 0.1 s
1,5 µm -> 1.5 um
10 micromètres -> 10 um
une fois par minute -> 60 per
deux fois par heure -> 1800 per
12 images par heure -> 300 per
trois images à l'heure -> 1200 per
environ 5 minutes -> ~300 s
à peu près 5 minutes -> ~300 s
une dizaine de minutes -> ~600 s
une vingtaine d'images -> ~20 n
2 à 3 minutes -> 120..180 s
entre 10 et 20 secondes -> 10..20 s
quatre-vingt-dix-neuf images -> 99 n
soixante et onze -> 71 n
quatre-vingts -> 80 n
cent vingt -> 120 n
objectif 40x -> 40 x
objectif 40 -> 40 x
grille 3x3 -> 3..3 pair
3 par 4 -> 3..4 pair
80 pour cent -> 0.8 share
50 Go -> 5e+10 B
2 To -> 2e+12 B
tous les 5 tours -> every 5 n
quelques minutes ->
dès qu'une cellule se divise ->
moins 5 minutes -> -300 s
plaque 96 puits ->
5 minuttes -> 300 s
"""
FRENCH_CLOCKS = """
demain à 8h -> @11-26 08:00
à 8h30 -> @11-26 08:30
jusqu'à 8h -> @11-26 08:00
jusqu'à demain 8h -> @11-26 08:00
jusqu'à demain matin 8h30 -> @11-26 08:30
de 22h à 8h -> @11-25 22:00; @11-26 08:00
ce soir à 10h -> @11-25 22:00
à 20 heures -> @11-25 20:00
vendredi à 18h -> @11-27 18:00
jusqu'à minuit -> @11-26 00:00
demain midi -> @11-26 12:00
le 27 novembre à 9h -> @11-27 09:00
toutes les 2h -> every 7200 s
"""
ITALIAN = """
ogni 4 minuti -> every 240 s
ogni 4 min per 12 ore -> every 240 s; 43200 s
ogni venti secondi -> every 20 s
ogni trentotto secondi -> every 38 s
ogni minuto -> every 60 s
ogni ora -> every 3600 s
ogni mezz'ora -> every 1800 s
ogni mezzora -> every 1800 s
ogni quarto d'ora -> every 900 s
a intervalli di 5 minuti -> every 300 s
intervallo di 20 s -> every 20 s
mezz'ora -> 1800 s
mezz’ora -> 1800 s
una mezz'ora -> 1800 s
un quarto d'ora -> 900 s
tre quarti d'ora -> 2700 s
un'ora -> 3600 s
un'ora e mezza -> 5400 s
due ore e mezza -> 9000 s
un'ora e un quarto -> 4500 s
2 ore e 15 minuti -> 8100 s
1h30 -> 5400 s
due giorni -> 172800 s
una settimana -> 604800 s
100 millisecondi -> 0.1 s
1,5 micron -> 1.5 um
una volta al minuto -> 60 per
due volte al minuto -> 30 per
12 immagini all'ora -> 300 per
tre volte per ora -> 1200 per
circa 5 minuti -> ~300 s
una decina di immagini -> ~10 n
2-3 minuti -> 120..180 s
da 2 a 3 minuti -> 120..180 s
tra 10 e 20 secondi -> 10..20 s
ventuno immagini -> 21 n
centoventi immagini -> 120 n
obiettivo 40x -> 40 x
griglia 3x3 -> 3..3 pair
80 per cento -> 0.8 share
un paio d'ore ->
alcuni minuti ->
ogni terzo giro -> every 3 th
ogni 5 giri -> every 5 n
appena una cellula si divide ->
meno 5 minuti -> -300 s
"""
ITALIAN_CLOCKS = """
fino alle 8 di domani -> @11-26 08:00
domani alle 8 -> @11-26 08:00
domani mattina alle 8 -> @11-26 08:00
alle 20:30 -> @11-25 20:30
dalle 22 alle 8 -> @11-25 22:00; @11-26 08:00
fino a mezzanotte -> @11-26 00:00
venerdì alle 18 -> @11-27 18:00
il 27 novembre alle 9 -> @11-27 09:00
stasera alle 10 -> @11-25 22:00
"""
SPANISH = """
cada 4 minutos -> every 240 s
cada 4 min durante 12 horas -> every 240 s; 43200 s
cada veinte segundos -> every 20 s
cada treinta y cinco segundos -> every 35 s
cada once minutos -> every 660 s
cada minuto -> every 60 s
cada hora -> every 3600 s
cada media hora -> every 1800 s
cada cuarto de hora -> every 900 s
a intervalos de 5 minutos -> every 300 s
intervalo de 20 s -> every 20 s
media hora -> 1800 s
un cuarto de hora -> 900 s
tres cuartos de hora -> 2700 s
una hora -> 3600 s
una hora y media -> 5400 s
dos horas y media -> 9000 s
una hora y cuarto -> 4500 s
2 horas y 15 minutos -> 8100 s
dos días -> 172800 s
una semana -> 604800 s
100 milisegundos -> 0.1 s
1,5 micras -> 1.5 um
una vez por minuto -> 60 per
dos veces por minuto -> 30 per
12 imágenes por hora -> 300 per
tres veces a la hora -> 1200 per
unos 5 minutos -> ~300 s
aproximadamente 5 minutos -> ~300 s
una docena de imágenes -> 12 n
2-3 minutos -> 120..180 s
de 2 a 3 minutos -> 120..180 s
entre 10 y 20 segundos -> 10..20 s
ciento veinte imágenes -> 120 n
veintidós imágenes -> 22 n
objetivo 40x -> 40 x
cuadrícula de 3x3 -> 3..3 pair
80 por ciento -> 0.8 share
un par de horas ->
algunos minutos ->
cada tercera ronda -> every 3 th
cada 5 rondas -> every 5 n
en cuanto una célula se divide ->
menos 5 minutos -> -300 s
"""
SPANISH_CLOCKS = """
hasta las 8 de la mañana -> @11-26 08:00
mañana a las 8 -> @11-26 08:00
hasta mañana a las 8 -> @11-26 08:00
a las 20:30 -> @11-25 20:30
desde las 22 hasta las 8 -> @11-25 22:00; @11-26 08:00
a las 8 de la noche -> @11-25 20:00
hasta medianoche -> @11-26 00:00
el viernes a las 18 -> @11-27 18:00
el 27 de noviembre a las 9 -> @11-27 09:00
"""


def told(language: str, *tables: str) -> list[tuple[str, str, str]]:
    return [(language, *case) for table in tables for case in cases(table)]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        *told("de", GERMAN, GERMAN_CLOCKS),
        *told("fr", FRENCH, FRENCH_CLOCKS),
        *told("it", ITALIAN, ITALIAN_CLOCKS),
        *told("es", SPANISH, SPANISH_CLOCKS),
    ],
)
def test_other_languages(language: str, text: str, expected: str) -> None:
    assert read(text, language) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    cases(
        """
Bitte alle vier Minuten ein Bild aufnehmen, eine halbe Stunde lang -> every 240 s; 1800 s
Prends une image toutes les vingt secondes pendant une heure et demie -> every 20 s; 5400 s
Prendi un'immagine ogni venti secondi per un'ora e mezza -> every 20 s; 5400 s
Toma una imagen cada once segundos durante una hora y media -> every 11 s; 5400 s
Take an image every twenty seconds for an hour and a half -> every 20 s; 5400 s
once a cell divides, film it every 20 s -> every 20 s
"""
    ),
)
def test_words_tell_the_language(text: str, expected: str) -> None:
    assert read(text) == expected
