"""Other forms of English words that no ending tells: "paid" of "pay" and "payment", "kept" of "keep".

`rag.answers.judging.wording` asks, which compares those itself that an ending tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

# Each line one word: its forms, with the nouns that are made of it. Written down from English at large, as far as people who run
# systems speak of it; what means something else as often in their documents is left out (left, found, set, bound, wound).
_FORMS: Sequence[Sequence[str]] = [
    line.split()
    for line in """\
pay pays paid paying payment payments
keep keeps kept keeping
send sends sent sending
build builds built building
buy buys bought buying
bring brings brought bringing
choose chooses chose chosen choosing choice
draw draws drew drawn drawing
drive drives drove driven driving
fall falls fell fallen falling
forget forgets forgot forgotten forgetting
freeze freezes froze frozen freezing
grow grows grew grown growing growth
hide hides hid hidden hiding
hold holds held holding
know knows knew known knowledge
lead leads led leading
lose loses lost losing loss
meet meets met meeting
overwrite overwrites overwrote overwritten overwriting
rebuild rebuilds rebuilt rebuilding
sell sells sold selling sale
spend spends spent spending
steal steals stole stolen stealing theft
teach teaches taught teaching
throw throws threw thrown throwing
win wins won winning
withdraw withdraws withdrew withdrawn withdrawal
write writes wrote written writing
renew renews renewed renewing renewal renewals
retain retains retained retaining retention
expire expires expired expiring expiry expiration
own owns owned owning owner owners ownership
deny denies denied denying denial
fail fails failed failing failure failures""".splitlines()
]
INFLECTIONS: Mapping[str, tuple[str, ...]] = {
    word: tuple(other for other in forms if other != word) for forms in _FORMS for word in forms
}
