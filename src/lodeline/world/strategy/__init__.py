"""Customers of the synthetic industry, their works and stocks, and what two planted controls truly do to them.

A layer over the run of the industry, with random streams of its own: what the industry does and files does not depend
on it. Each customer has plants; what the industry truly sends (its own rows, before any filing lies) arrives there, and
they live from day to day by rules of their own (`life`): whole pallets, rest days, calls that vary, orders to other
suppliers in whole lots when stock runs low, spot purchases. No formula of a forecaster is used here.

Controls begin on the first day of month 9 where the world has 14 months or more, else on the day after its last month;
the industry then runs on unfiled for as long as is needed. What a forecaster may read are the filings of months before
that day and the six tables in `<out>/strategy/`, each row of which says that it is synthetic. Scenarios:
    dy-licence  a licence for each exporter, end user and class, for `magnet-ndfeb+heavy` and `magnet-smco`
    dy-general  the same, and from day 30 a general licence
    nd-ban      no NdFeB magnet to some countries
Each is a counterfactual of its own; `none` is the same days without a control.

The truth is `<out>.strategy.json` beside the dossier. Days are counted from `starts`, which is day 0:
    synthetic   true
    world       {seed, organisations, months, start}
    starts, horizon_days, base_from, base_to
    scenarios   {NAME: {goods: [class], countries: [code] (empty: all), general_from: day or null,
                  cases: [{exporter, end_user, class, working_days, allowed_day: day or null (refused)}]}}
    plants      [{plant, organisation, country, abroad: bool, product, stop_below_pct, transit_days,
                  classes: [{class, need_kg_per_day, stock_kg (true, morning of day 0), stock_days,
                             under_way_kg (of what the industry sent), filed_pct, stops: {NAME: day or null},
                             mass: {NAME: {started_kg, arrived_kg, spot_kg (part of arrived), used_kg, sold_kg (to
                             dealers), held_kg}}}],
                  stops: {NAME: {day, class} or null}}]
    counts      {NAME: {plants, abroad, stopping, stops}}: plants in all and abroad; plants that stop; stops of
                  plant x class
A stop is the first day on which a plant that works that day can use less of a class than `stop_below_pct` of the day's
need for want of the class; null: not within the horizon. started + arrived = used + sold + held, from the first day of
`base_from` to the last day of the horizon.
"""

from __future__ import annotations

from lodeline.world.strategy.writing import Works

__all__ = ["Works"]
