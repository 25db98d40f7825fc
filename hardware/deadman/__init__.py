"""The dead-man: a process of its own that switches the light off when its ward dies or hangs.

`ward.DeadMan` is what the watched program (the ward) uses. `main` is the dead-man's own executable;
it and what it imports need the standard library only, so that it is there within 150 ms.

One line of JSON per message. Ward -> dead-man, on its standard input:

    {"silence_s": 1.0, "silence_dark_s": 15.0, "grace_s": 1.5, "switches": [...]}   first, once;
        "keep_trying_s": 60.0 may be added
    {"beat": 17, "light_until_s": 0.35}    at least every 0.25 s, and before each exposure
    {"bye": true}                          the ward ends in order, light off

`light_until_s` is how long from now light may be on; 0 means that it is off. Past an announcement
that was not taken back it is negative. The end of the input without a bye is the ward's death.

Dead-man -> ward, on its standard output:

    {"ready": 4711}                        its process id: it watches from here on
    {"seen": 17}                           the answer to each beat
"""
