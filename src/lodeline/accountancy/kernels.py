"""The loops of accountancy, compiled: what each error source adds to the covariances of a nation's differences.

A row is worked on where it stands; nothing is joined, and beside the result nothing is as large as the rows but their
order. Rows are put in an order that depends on their numbers alone, and whole milligrams are summed before anything is
a float, so equal ledgers give equal bits in whatever order their rows come. Two calls on different matrices touch
nothing in common and may run at once.

All kernels stand in this one file because numba's cache notices changes only of the file a kernel stands in.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from lodeline.compiled import njit

#: Enough for every symbol of `lodeline.material.element`.
ELEMENT_BITS = 5
_ELEMENTS = 1 << ELEMENT_BITS
#: 2⁶⁴ divided by the golden ratio: neighbouring numbers land far apart (Knuth, TAOCP vol. 3, 6.4).
_SPREAD = -7046029254386353131
#: Digits of a radix sort, for many rows and for few.
_DIGIT_BITS, _FEW_BITS, _FEW = 16, 8, 65_536


def _sorted_by(order: Any, keys: Any) -> Any:
    """The rows of `order` sorted by keys[row] ≥ 0, those of equal keys as they stand (radix sort, lowest digit first).

    Source: Knuth, TAOCP vol. 3, 5.2.5.
    """
    bits = _DIGIT_BITS if len(order) > _FEW else _FEW_BITS
    mask = (1 << bits) - 1
    # What was given is read and never written: callers sort it by other keys too.
    other, spare, largest, shift = np.empty_like(order), np.empty_like(order), 0, 0
    for row in order:
        largest = max(largest, keys[row])
    while largest >> shift:
        begin = np.zeros((1 << bits) + 1, np.int64)
        for row in order:
            begin[((np.int64(keys[row]) >> shift) & mask) + 1] += 1
        for place in range(1 << bits):
            begin[place + 1] += begin[place]
        for row in order:
            digit = (np.int64(keys[row]) >> shift) & mask
            other[begin[digit]] = row
            begin[digit] += 1
        order, other, spare = other, spare, other
        shift += bits
    return order


_sort: Any = njit(cache=True, nogil=True)(_sorted_by)


def sorted_by(order: npt.NDArray[np.int32], keys: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """The rows `order` sorted by whole numbers keys[row] ≥ 0; those of equal keys stay as they stand."""
    (fixed,) = read_only(keys)
    rows: npt.NDArray[np.int32] = _sort(order, fixed)
    return rows


def read_only(*arrays: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], ...]:
    """Views that cannot be written to, for kernels that only read them.

    A column may come as one or the other, as its frame happens to lie in memory, and numba compiles for each anew.
    """
    views = tuple(array.view() for array in arrays)
    for view in views:
        view.flags.writeable = False
    return views


def _found_from(keys: Any, wanted: Any, start: Any) -> Any:
    """The place of `wanted` in the rising `keys`, or where it would stand; quickest when it is not far from `start`."""
    low, high, step = start, start, 1
    if start < len(keys) and keys[start] < wanted:
        while high < len(keys) and keys[high] < wanted:
            low, high, step = high + 1, high + step, 2 * step
        high = min(high, len(keys))
    else:
        while low > 0 and keys[low - 1] >= wanted:
            high, low, step = low - 1, max(0, low - step), 2 * step
    while low < high:
        middle = (low + high) // 2
        if keys[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


_find: Any = njit(cache=True, nogil=True)(_found_from)


def _number_of(source: Any, table: Any, slots: Any, sources: Any, known: Any) -> Any:
    """The number of a source among the `known` of this matrix; it is `known` where it is new.

    `table` (a power of two, more than twice the known) holds numbers + 1 by hash, 0 where nothing stands, `sources` the
    sources by number and `slots` where in the table each stands.
    """
    slot = ((source * _SPREAD) >> 20) & (len(table) - 1)
    while table[slot]:
        if sources[table[slot] - 1] == source:
            return table[slot] - 1
        slot = (slot + 1) & (len(table) - 1)
    table[slot] = known + 1
    slots[known], sources[known] = slot, source
    return known


_number: Any = njit(cache=True, nogil=True)(_number_of)


def _with_room(  # noqa: PLR0917  (what is compiled takes its arrays one by one)
    table: Any, slots: Any, sources: Any, sums: Any, deltas: Any, known: Any
) -> Any:
    """The same with room for one more source than are known."""
    if known < len(sources):
        return table, slots, sources, sums, deltas
    size = 2 * known
    new_table, new_slots, new_sources = np.zeros(4 * size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    for number in range(known):
        _number(sources[number], new_table, new_slots, new_sources, number)
    new_sums, new_deltas = np.zeros((size, sums.shape[1]), np.int64), np.zeros((size, sums.shape[1]))
    for number in range(known):
        for place in range(sums.shape[1]):
            new_sums[number, place], new_deltas[number, place] = sums[number, place], deltas[number, place]
    return new_table, new_slots, new_sources, new_sums, new_deltas


_room: Any = njit(cache=True, nogil=True)(_with_room)


def _no_sources_of(size: int) -> Any:
    """Room for the first sources of matrices of a size: table, slots, sources, sums, deltas."""
    return (
        np.zeros(64, np.int64), np.empty(16, np.int64), np.empty(16, np.int64), np.zeros((16, size), np.int64),
        np.zeros((16, size)),
    )  # fmt: skip


_no_sources: Any = njit(cache=True, nogil=True)(_no_sources_of)


def _twice_of(places: Any, whose: Any, errors: Any) -> Any:
    """The same with room for as many again."""
    size = len(places)
    new_places, new_sources, new_errors = np.empty(2 * size, np.int64), np.empty(2 * size, np.int64), np.empty(2 * size)
    for item in range(size):
        new_places[item], new_sources[item], new_errors[item] = places[item], whose[item], errors[item]
    return new_places, new_sources, new_errors


_twice: Any = njit(cache=True, nogil=True)(_twice_of)


def _random_error(into: Any, places: Any, sources: Any, errors: Any, items: Any) -> None:
    """Adds the products of one act's errors, lower triangle: those of one source belong together."""
    for first in range(items):
        place = places[first]
        into[place, place] += errors[first] * errors[first]
        for second in range(first):
            if sources[second] == sources[first]:
                product, other = errors[first] * errors[second], places[second]
                if other == place:
                    into[place, place] += 2 * product
                elif other < place:
                    into[place, other] += product
                else:
                    into[other, place] += product


_add_random: Any = njit(cache=True, nogil=True)(_random_error)


def _in_order(places: Any, whose: Any, errors: Any, items: Any) -> None:
    """Moves the last of an act's errors, which are few, to where it stands by source, place and size."""
    place, source, error, at = places[items - 1], whose[items - 1], errors[items - 1], items - 1
    while at > 0 and (
        whose[at - 1] > source
        or (
            whose[at - 1] == source and (places[at - 1] > place or (places[at - 1] == place and errors[at - 1] > error))
        )
    ):
        places[at], whose[at], errors[at] = places[at - 1], whose[at - 1], errors[at - 1]
        at -= 1
    places[at], whose[at], errors[at] = place, source, error


_sort_last: Any = njit(cache=True, nogil=True)(_in_order)


def _systematic_error(into: Any, sources: Any, sums: Any, deltas: Any, known: Any) -> None:
    """Adds e eᵀ, lower triangle, of every source's e = Σ a·x · δ, and clears the sums."""
    size = len(into)
    places, errors = np.empty(size, np.int64), np.empty(size)
    for number in _sort(np.arange(known), sources):
        items = 0
        for place in range(size):
            if deltas[number, place] != 0:
                if sums[number, place] != 0:
                    places[items], errors[items] = place, sums[number, place] * deltas[number, place]
                    items += 1
                sums[number, place], deltas[number, place] = 0, 0.0
        for first in range(items):
            for second in range(first + 1):
                into[places[first], places[second]] += errors[first] * errors[second]


_add_systematic: Any = njit(cache=True, nogil=True)(_systematic_error)


def _both_triangles(into: Any) -> None:
    for place in range(len(into)):
        for other in range(place):
            into[other, place] = into[place, other]


_mirror: Any = njit(cache=True, nogil=True)(_both_triangles)


def _weighings(  # noqa: PLR0917  (what is compiled takes its arrays one by one)
    result: Any, begins: Any, order: Any, first: int, last: int, act: Any, place_of: Any, run: Any, signed: Any,
    weighed: Any, how: Any, scale: Any, estimate: Any, random: Any, systematic: Any, identity: Any, identities: int,
) -> None:  # fmt: skip
    """Adds what scales and ovens err to the lower triangles of the matrices `first` to `last` − 1.

    `begins` (matrices + 1,) are the places of each matrix's rows in `order`, which is sorted by matrix, act and run.
    By row: `act`, `run`, `signed` (a·x, mg), `weighed`, `how` (which named methods, and of which element), `scale` (who
    weighed). `place_of` (runs,); `estimate` (quantities, hows) numbers the estimate, −1 where there is none; by
    estimate: `random` and `systematic` (relative) and `identity`, the number of its method.
    """
    table, slots, sources, sums, deltas = _no_sources(result.shape[1])
    places, whose, errors = np.empty(64, np.int64), np.empty(64, np.int64), np.empty(64)
    for matrix in range(first, last):
        into, known, items = result[matrix], np.int64(0), np.int64(0)
        for index in range(begins[matrix], begins[matrix + 1]):
            row = order[index]
            if index > begins[matrix] and act[row] != act[order[index - 1]]:
                _add_random(into, places, whose, errors, items)
                items = np.int64(0)
            if not weighed[row] or signed[row] == 0:
                continue
            place = place_of[run[row]]
            for quantity in range(len(estimate)):
                found = estimate[quantity, how[row]]
                if found < 0:
                    continue
                source = (np.int64(scale[row]) * identities + identity[found]) * 2 + quantity
                if random[found] > 0:
                    if items == len(places):
                        places, whose, errors = _twice(places, whose, errors)
                    places[items], whose[items] = place, source
                    errors[items] = signed[row] * random[found]
                    items += 1
                    _sort_last(places, whose, errors, items)
                if systematic[found] > 0:
                    table, slots, sources, sums, deltas = _room(table, slots, sources, sums, deltas, known)
                    number = _number(source, table, slots, sources, known)
                    known = max(known, number + 1)
                    sums[number, place] += signed[row]
                    deltas[number, place] = max(deltas[number, place], systematic[found])
        _add_random(into, places, whose, errors, items)
        _add_systematic(into, sources, sums, deltas, known)
        for number in range(known):
            table[slots[number]] = 0


add_weighings: Any = njit(cache=True, nogil=True)(_weighings)


def _assays(  # noqa: PLR0917
    result: Any, begins: Any, order: Any, first: int, last: int, key: Any, place_of: Any, run: Any, signed: Any,
    known_key: Any, kind: Any, laboratory: Any, part_begin: Any, part_element: Any, part_fraction: Any,
    whole: Any, parts: Any, sampling: Any, random: Any, systematic: Any, identity: Any, identities: int,
) -> None:  # fmt: skip
    """Adds what assays and samples err to the lower triangles of the matrices `first` to `last` − 1, and mirrors them.

    `order` is sorted by matrix, key and run; `key` of a row is its lot at its site, and the element in the last bits.
    `known_key` rises: by assay, `kind`, `laboratory`, and from `part_begin` to that of the next the elements and
    fractions that a total was computed from. By kind numbers of estimates, −1 for none: `whole`, `sampling`, and
    `parts` (kinds, elements), which counts where `whole` is −2.
    """
    table, slots, sources, sums, deltas = _no_sources(result.shape[1])
    places, whose, errors = np.empty(64, np.int64), np.empty(64, np.int64), np.empty(64)
    at = np.int64(0)
    for matrix in range(first, last):
        into, known, items, index = result[matrix], np.int64(0), np.int64(0), begins[matrix]
        while index < begins[matrix + 1]:
            row, mass = order[index], np.int64(0)
            if index > begins[matrix] and key[row] >> ELEMENT_BITS != key[order[index - 1]] >> ELEMENT_BITS:
                _add_random(into, places, whose, errors, items)
                items = np.int64(0)
            # One assay serves every row of its lot, so its error multiplies their sum.
            while index < begins[matrix + 1] and key[order[index]] == key[row] and run[order[index]] == run[row]:
                mass += signed[order[index]]
                index += 1
            at = _find(known_key, key[row], at)
            if mass == 0 or at == len(known_key) or known_key[at] != key[row]:
                continue
            place, element, what = place_of[run[row]], key[row] & (_ELEMENTS - 1), kind[at]
            begin = part_begin[at] if whole[what] == -2 else 0
            count = part_begin[at + 1] - begin if whole[what] == -2 else 1
            for term in range(count + 1):
                # The last term is the sample, which errs alike for all elements.
                errs_for, share, quantity = element, mass, 0
                if term == count:
                    found, errs_for, quantity = sampling[what], 0, 1
                elif whole[what] == -2:
                    errs_for = part_element[begin + term]
                    found, share = parts[what, errs_for], np.int64(np.rint(mass * part_fraction[begin + term]))
                else:
                    found = whole[what]
                if found < 0 or share == 0:
                    continue
                method = np.int64(laboratory[at]) * identities + identity[found]
                source = (method * _ELEMENTS + errs_for) * 2 + quantity
                if random[found] > 0:
                    if items == len(places):
                        places, whose, errors = _twice(places, whose, errors)
                    places[items], whose[items], errors[items] = place, source, share * random[found]
                    items += 1
                if systematic[found] > 0:
                    table, slots, sources, sums, deltas = _room(table, slots, sources, sums, deltas, known)
                    number = _number(source, table, slots, sources, known)
                    known = max(known, number + 1)
                    sums[number, place] += share
                    deltas[number, place] = max(deltas[number, place], systematic[found])
        _add_random(into, places, whose, errors, items)
        _add_systematic(into, sources, sums, deltas, known)
        for number in range(known):
            table[slots[number]] = 0
        _mirror(into)


add_assays: Any = njit(cache=True, nogil=True)(_assays)


def _inside(location: Any, product: Any, scope_location: Any, scope_product: Any, begin: Any, end: Any) -> Any:  # noqa: PLR0917
    """Whether some scope from `begin` to `end` − 1 is of that location (0 for none) and speaks for the product."""
    for scope in range(begin, end):
        applies = scope_product[scope] == 0 or scope_product[scope] == product
        if scope_location[scope] == location and applies:
            return True
    return False


_is_inside: Any = njit(cache=True, nogil=True)(_inside)


def _open(  # noqa: PLR0917
    open_: Any, order: Any, key: Any, on: Any, counted: Any, mass: Any, came: Any, location: Any, area_of: Any,
    product_of: Any, first_day: Any, day: Any, scope_begin: Any, scope_location: Any, scope_product: Any, spent: float,
) -> None:  # fmt: skip
    """Marks the scope days on which some lot of the site was held or listed, and no scope spoke for it.

    `order` sorts the acts by `key` (a lot at its site, from 0) and day; by act: `counted` (a count, not a movement),
    `mass` (counted, or by which the book moved), `came` (what came in), `location` (0 unknown). By key: `area_of` and
    `product_of` (0 unknown). The scope days of an area stand from `first_day` to that of the next, each with the scopes
    from `scope_begin` to that of the next day. What is said of `physical` is done here lot by lot, day by day.
    """
    begin = 0
    while begin < len(order):
        lot, end = key[order[begin]], begin + 1
        while end < len(order) and key[order[end]] == lot:
            end += 1
        area, product = area_of[lot], product_of[lot]
        act, moved, in_all, most_counted, start = begin, 0, 0, 0, 0
        seen_from = seen_to = begin
        for place in range(first_day[area], first_day[area + 1]):
            if day[place] < on[order[begin]]:
                continue
            # What happened before this day, and where the lot was last seen then.
            while act < end and on[order[act]] < day[place]:
                row = order[act]
                if not counted[row]:
                    moved, in_all = moved + mass[row], in_all + came[row]
                elif location[row] and mass[row] > 0:
                    if seen_to == seen_from or on[order[seen_to - 1]] != on[row]:
                        seen_from = act
                    seen_to = act + 1
                act += 1
            found, listed, later = 0, False, act
            while later < end and on[order[later]] == day[place]:
                row = order[later]
                if counted[row]:
                    found, listed = found + mass[row], True
                else:
                    moved, in_all = moved + mass[row], in_all + came[row]
                later += 1
            most_counted = max(most_counted, found)
            scopes, scopes_end = scope_begin[place], scope_begin[place + 1]
            covered = _is_inside(0, product, scope_location, scope_product, scopes, scopes_end)
            if not covered and seen_to == seen_from:
                covered = listed
            elif not covered:
                covered = True
                for seen in range(seen_from, seen_to):
                    row = order[seen]
                    if counted[row] and location[row] and mass[row] > 0:
                        covered &= _is_inside(
                            location[row], product, scope_location, scope_product, scopes, scopes_end
                        )  # fmt: skip
            if covered:
                start = found - moved
            elif listed or moved + start > spent * max(in_all, most_counted):
                open_[place] = True
            # Where this day's count saw the lot is known from the next day on.
            while act < later:
                row = order[act]
                if counted[row] and location[row] and mass[row] > 0:
                    if seen_to == seen_from or on[order[seen_to - 1]] != on[row]:
                        seen_from = act
                    seen_to = act + 1
                act += 1
        begin = end


mark_open: Any = njit(cache=True, nogil=True)(_open)


def _passed(passed_on: Any, order: Any, run: Any, held: Any, signed: Any, counted: Any) -> None:  # noqa: PLR0917
    """Marks the rows of each lot in a run that was not `counted` there and left as it came, a milligram a row aside."""
    begin = 0
    while begin < len(order):
        end, total, moved, seen = begin, np.int64(0), False, False
        while end < len(order) and run[order[end]] == run[order[begin]] and held[order[end]] == held[order[begin]]:
            row = order[end]
            total, moved, seen = total + signed[row], moved or signed[row] < 0, seen or counted[row]
            end += 1
        if moved and not seen and abs(total) <= end - begin:
            for place in range(begin, end):
                passed_on[order[place]] = True
        begin = end


mark_passed_on: Any = njit(cache=True, nogil=True)(_passed)


def _scores(statistic: Any, information: Any, muf: Any, precision: Any) -> None:
    """Fills in wᵀC⁻¹m / √(wᵀC⁻¹w) and wᵀC⁻¹w of every window w of each run, (m, windows), first and last place rising.

    `muf` (m, n) and `precision` C⁻¹ (m, n, n): sums over a window come from tables of sums from the first place on.
    """
    periods = muf.shape[1]
    score, area = np.zeros(periods + 1), np.zeros((periods + 1, periods + 1))
    for run in range(len(muf)):
        for row in range(periods):
            pulled, across = 0.0, 0.0
            for column in range(periods):
                pulled += precision[run, row, column] * muf[run, column]
                across += precision[run, row, column]
                area[row + 1, column + 1] = area[row, column + 1] + across
            score[row + 1] = score[row] + pulled
        window = 0
        for first in range(periods):
            for after in range(first + 1, periods + 1):
                inside = area[after, after] - area[first, after] - area[after, first] + area[first, first]
                information[run, window] = inside
                statistic[run, window] = (score[after] - score[first]) / np.sqrt(inside)
                window += 1


window_scores: Any = njit(cache=True, nogil=True)(_scores)


def _all_together(evidence: Any, best: Any, statistic: Any, weight: Any, size: float) -> None:
    """Fills in log Σ exp(weight ± size · statistic) of each run's windows, and the largest of them, (2, m): losses,
    then gains."""
    for run in range(len(statistic)):
        for side in range(2):
            drift, leading, total = size - 2.0 * side * size, 0, 0.0
            highest = weight[0] + drift * statistic[run, 0]
            for window in range(1, len(weight)):
                term = weight[window] + drift * statistic[run, window]
                if term > highest:
                    highest, leading = term, window
            for window in range(len(weight)):
                total += np.exp(weight[window] + drift * statistic[run, window] - highest)
            evidence[side, run], best[side, run] = highest + np.log(total), leading


both_sides: Any = njit(cache=True, nogil=True)(_all_together)
